"""An engine of our own making, and three recipes for it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers.drivers import images
from helpers.records import labels
from helpers.records.images import BUILDING, REPLACED_NAME, Found, Recipe

Lines = list[dict[str, Any] | BaseException]
BUILT: Lines = [{"stream": "Step 1/2 : FROM x\n"}, {"stream": "Step 2/2 : RUN true\n"}]


class Engine:
    """An engine in little: it keeps images by name, and its builds say what it was told to.

    `api` is itself: both the client and its low-level half. An exception among the lines of
    a build is raised where the line would come: that is how Ctrl-C feels.
    """

    base_url = "http://engine"
    api_version = "1.41"
    ident = "this engine"

    def __init__(self, lines: Lines | None = None, *, in_use: bool = False) -> None:
        self.api = self
        self.named: dict[str, dict[str, Any]] = {}
        self.steps: dict[str, dict[str, Any]] = {}  # unnamed
        self.built: list[tuple[str, dict[str, str]]] = []  # (recipe, build arguments)
        self.lines = BUILT if lines is None else lines
        self.in_use = in_use
        self.closed = 0

    def info(self) -> dict[str, str]:
        return {"ID": self.ident}

    def inspect_image(self, name: str) -> dict[str, Any]:
        from docker.errors import ImageNotFound

        for tag, image in self.named.items():
            if name in (tag, image["Id"]):
                return image
        raise ImageNotFound(name)

    def tag(self, image: str, repository: str, tag: str) -> None:
        self.named[f"{repository}:{tag}"] = self.inspect_image(image)

    def remove_image(self, name: str) -> None:
        from docker.errors import APIError

        if self.in_use and name.startswith(REPLACED_NAME):
            response: Any = SimpleNamespace(status_code=409)
            raise APIError("a container uses it", response=response)
        if self.named.pop(name, None) is None:
            self.steps.pop(name)

    def images(self, name: str = "", filters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        if name:
            return [{"RepoTags": [tag]} for tag in self.named if tag.startswith(f"{name}:")]
        wanted = (filters or {})["label"].split("=")
        return [
            step
            for step in self.steps.values()
            if wanted[0] in step["Labels"]
            and step["Labels"][wanted[0]] in (wanted[1:] or step["Labels"].values())
        ]

    def containers(self, **_options: object) -> list[dict[str, Any]]:
        return []

    def post(self, _url: str, *, params: dict[str, str], data: io.BytesIO, **_o: object) -> Any:
        with tarfile.open(fileobj=data) as tar:
            file = tar.extractfile("Dockerfile")
            assert file is not None
            marks = _labels_of(file.read().decode())
        arguments = json.loads(params["buildargs"])

        def lines() -> Iterator[bytes]:
            step = {"Id": "sha256:step", "Labels": {BUILDING: params["t"].rpartition(":")[2]}}
            self.steps["sha256:step"] = step
            for line in self.lines:
                if isinstance(line, BaseException):
                    raise line
                yield json.dumps(line).encode()
            self.steps.clear()
            self.built.append((marks[labels.RECIPE], arguments))
            ident = f"sha256:{len(self.built):064d}"
            self.named[params["t"]] = {"Id": ident, "Size": 5_000_000, "Config": {"Labels": marks}}

        return SimpleNamespace(
            raise_for_status=lambda: None, iter_lines=lines, close=self._count_closed
        )

    def _count_closed(self) -> None:
        self.closed += 1

    @property
    def recipes_built(self) -> list[str]:
        return [name for name, _arguments in self.built]


def _labels_of(dockerfile: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in dockerfile.splitlines():
        if line.startswith("LABEL "):
            for pair in line.removeprefix("LABEL ").split('" '):
                name, _equals, value = pair.partition("=")
                found[name] = value.strip('"')
    return found


class Shown:
    """Notes what progress was told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def __call__(self, image: str, step: str, _done: float | None, _line: str) -> None:
        if (image, step) not in self.steps:
            self.steps.append((image, step))


def write_recipes(folder: Path) -> tuple[Recipe, ...]:
    """Write three recipes: base, mid on base, top on mid."""
    needs = {"base": "make: debian", "mid": "needs: [base]", "top": "needs: [mid]"}
    for name, settings in needs.items():
        made = folder / name
        made.mkdir(parents=True)
        extra = "ARG LABS_APT_MIRROR=\n" if name == "base" else ""
        (made / "Dockerfile").write_text(f"ARG BASE=x\nFROM ${{BASE}}\n{extra}RUN true\n")
        (made / "recipe.yml").write_text(settings)
    return images.catalogue(folder)


def outside(_client: object, _recipe: Recipe, _progress: object) -> Found:
    """Stand for the ladder."""
    return Found("debian:x", "pulled", "debian:x@sha256:1")


def ensure(engine: Engine, recipes: tuple[Recipe, ...], *names: str, **more: Any) -> Any:
    """Call `images.ensure` on the engine in little."""
    client: Any = engine
    return images.ensure(client, names, recipes=recipes, source=outside, **more)


def edit(recipes: tuple[Recipe, ...], name: str) -> tuple[Recipe, ...]:
    """Change one recipe and return the catalogue read anew."""
    folder = next(recipe.folder for recipe in recipes if recipe.name == name)
    (folder / "new-file").write_text("new")
    return images.catalogue(folder.parent)
