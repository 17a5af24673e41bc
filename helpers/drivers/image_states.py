"""What the engine has of the book's base images."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from helpers.drivers.engine import engine_errors
from helpers.drivers.image_api import inspect
from helpers.drivers.image_recipes import catalogue, select
from helpers.records import labels
from helpers.records.images import DATE, MIRROR, SOURCE, ImageState, Origin, Recipe
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

ORIGINS: Final[tuple[Origin, ...]] = ("pulled", "made", "built")


def states(
    client: DockerClient,
    names: Iterable[str] | None = None,
    recipes: Sequence[Recipe] | None = None,
) -> tuple[ImageState, ...]:
    """Return what the engine has of the images `names` (default: all). Raises LabError."""
    recipes = catalogue() if recipes is None else recipes
    chosen = recipes if names is None else select(recipes, names)
    return tuple(state(client, recipe) for recipe in chosen)


def state(client: DockerClient, recipe: Recipe) -> ImageState:
    """Return what the engine has of one recipe. Raises EngineError."""
    with engine_errors():
        raw = inspect(client, recipe.reference)
    return ImageState(recipe, "missing") if raw is None else parse_state(recipe, raw)


def parse_state(recipe: Recipe, raw: dict[str, Any]) -> ImageState:
    """Turn what the engine says about an image into a record.

    An image under our name without our label was built by hand: it is the reader's choice,
    and used as it is. (Labels of its base shine through, so the recipe's name counts.)
    """
    marks = (raw.get("Config") or {}).get("Labels") or {}
    ours = marks.get(labels.RECIPE) == recipe.name
    fresh = not ours or marks.get(labels.RECIPE_DIGEST) == recipe.digest
    known = {str(origin): origin for origin in ORIGINS}
    return ImageState(
        recipe=recipe,
        presence="ready" if fresh else "stale",
        origin=known.get(str(marks.get(labels.ORIGIN)), "built") if ours else "by hand",
        digest=str(marks.get(labels.RECIPE_DIGEST, "")) if ours else "",
        id=str(raw["Id"]),
        size=int(raw.get("Size", 0)),
        date=str(marks.get(DATE, "") if ours else "") or str(raw.get("Created", "")),
        source=str(marks.get(SOURCE, "")) if ours else "",
        mirror=str(marks.get(MIRROR, "")) if ours else "",
    )


def table(client: DockerClient) -> str:
    """Return the list of base images as text: name, origin, size, presence, date, title."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in (_("image"), _("origin"), _("size"), _("state"), _("date"), _("what")):
        grid.add_column(heading, justify="right" if heading == _("size") else "left")
    for each in states(client):
        size = each.size / 1e6 if each.size is not None else each.recipe.megabytes
        about = "" if each.size is not None else "~"
        grid.add_row(
            each.reference,
            each.origin or "",
            f"{about}{size:.0f} MB",
            each.presence,
            each.date[:10],
            each.recipe.title,
        )
    text = io.StringIO()
    Console(file=text, width=110).print(grid)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())
