"""The book's base images: their recipes, what the engine has of them, and bundles of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from helpers.records.labels import PREFIX

TAG: Final = "1"
# What the labels in records/labels.py do not cover, for base images alone:
SOURCE: Final = f"{PREFIX}.source"  # what it was made from, with a digest where one is known
DATE: Final = f"{PREFIX}.date"  # when it was pulled, made or built (UTC, ISO 8601)
MIRROR: Final = f"{PREFIX}.apt-mirror"  # LABS_APT_MIRROR when it was built
BUILDING: Final = f"{PREFIX}.building"  # set on what a build has not finished; "" afterwards
# Names no reader needs: an unfinished image, and one replaced while something still used it.
BUILDING_NAME: Final = f"{PREFIX}/building"
REPLACED_NAME: Final = f"{PREFIX}/replaced"

Origin = Literal["pulled", "made", "built", "by hand"]
Presence = Literal["ready", "stale", "missing"]
Step = Literal["wait", "pull", "make", "build", "save", "check", "load", "ready", "failed"]

# (image, step, fraction done or None where nobody knows, one line about what happens now).
# After the first call for an image, "ready" or "failed" always comes as its last.
Progress = Callable[[str, Step, float | None, str], None]


def reference(name: str) -> str:
    """Return the tag of the base image `name`: "python" -> "caas-book/python:1"."""
    return f"{PREFIX}/{name}:{TAG}"


@dataclass(frozen=True)
class Recipe:
    """A folder that makes a base image.

    needs: base images it builds on; the first becomes ARG BASE. base: the default of
    ARG BASE, for a recipe without needs: an image of the world outside. make: which maker
    may provide that image where no registry answers ("debian", "busybox" or "").
    megabytes: about how large it gets. arguments: the build arguments it declares.
    digest: of what it is made of: its files, and its needs' digests.
    """

    name: str
    folder: Path
    title: str
    needs: tuple[str, ...]
    base: str
    make: str
    megabytes: float
    arguments: frozenset[str]
    digest: str

    @property
    def reference(self) -> str:
        """The tag its image gets."""
        return reference(self.name)


@dataclass(frozen=True)
class ImageState:
    """What the engine has of one recipe.

    presence: "stale" where the recipe has changed since. origin: None where it is missing.
    digest: of the recipe it was built from; empty where it is missing or built by hand.
    id, size (bytes), date (ISO 8601), source, mirror: empty or None where it is missing.
    """

    recipe: Recipe
    presence: Presence
    origin: Origin | None = None
    digest: str = ""
    id: str = ""
    size: int | None = None
    date: str = ""
    source: str = ""
    mirror: str = ""

    @property
    def name(self) -> str:
        """The short name: "python"."""
        return self.recipe.name

    @property
    def reference(self) -> str:
        """The tag: "caas-book/python:1"."""
        return self.recipe.reference


@dataclass(frozen=True)
class Found:
    """An image to build on. reference: a tag the engine knows; source: where it is from.

    ours: the tag was made for this build alone and goes away after it.
    """

    reference: str
    origin: Origin
    source: str
    ours: bool = False


@dataclass(frozen=True)
class BundledImage:
    """One image of a bundle: name, tag, recipe digest, and the engine's size in bytes."""

    name: str
    reference: str
    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself.

    architecture: the engine's word ("amd64"). files: SHA-256 of every other file in it.
    """

    architecture: str
    engine: str
    date: str
    images: tuple[BundledImage, ...]
    files: dict[str, str]
