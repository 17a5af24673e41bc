"""What the tests of base images share: recipes under names that nobody else has."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.records.host import Engine
from helpers.records.images import BUILDING, BUILDING_NAME, Recipe

OWN = ["base", "busybox", "python", "redis", "nginx", "registry"]


@contextmanager
def ready_client() -> Iterator[Any]:
    """Lend a client of the reader's engine, with the book's images ready."""
    found = look_for_engine()
    assert isinstance(found, Engine), found
    with closing(open_client(found.endpoint)) as made:
        images.ensure(made, OWN, images.show_progress())
        yield made


class Shelf:
    """Recipes of a test: `low` on BusyBox, `high` on `low`, under names nobody else has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.low, self.high = (f"t{secrets.token_hex(3)}-{which}" for which in ("low", "high"))
        self.write(self.low, "ARG BASE=caas-book/busybox:1\nFROM ${BASE}\nRUN echo 1 > /low\n")
        self.write(
            self.high,
            "ARG BASE=x\nFROM ${BASE}\nRUN echo 2 > /high\nCMD cat /low /high\n",
            f"needs: [{self.low}]",
        )

    def write(self, name: str, dockerfile: str, settings: str = "") -> None:
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / name / "Dockerfile").write_text(dockerfile)
        (self.folder / name / "recipe.yml").write_text(settings or "{}")

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return images.catalogue(self.folder)

    def recipe(self, name: str) -> Recipe:
        return next(recipe for recipe in self.recipes if recipe.name == name)


@contextmanager
def shelf_in(folder: Path, client: Any) -> Iterator[Shelf]:
    """Lend recipes, and remove afterwards what was built from them."""
    made = Shelf(folder)
    try:
        yield made
    finally:
        for recipe in reversed(made.recipes):
            remove(client, recipe.reference)
        images.sweep(client)


def remove(client: Any, name: str) -> None:
    """Remove an image if it is there."""
    from docker.errors import ImageNotFound

    with suppress(ImageNotFound):
        client.api.remove_image(name)


def remains(client: Any, mark_of: int) -> list[str]:
    """Return what builds of the process `mark_of` have left: containers, steps, names."""
    api = client.api
    marked = {"label": BUILDING}
    found = [
        *api.containers(all=True, filters=marked),
        *api.images(filters={**marked, "dangling": True}),
    ]
    values = [str(raw["Labels"][BUILDING]) for raw in found]
    values += [t for raw in api.images(name=BUILDING_NAME) for t in raw["RepoTags"] or []]
    return [value for value in values if f"-{mark_of}-" in value]
