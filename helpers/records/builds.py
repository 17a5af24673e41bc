"""What a build did: its steps, what it was sent, what each instruction changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["plugin", "built in"]


@dataclass(frozen=True)
class Builder:
    """A `docker` program whose builds are BuildKit's. kind: where it has BuildKit from."""

    program: str
    kind: Kind
    version: str


@dataclass(frozen=True)
class BuildStep:
    """One instruction as BuildKit ran it. stage: empty where the Dockerfile has only one."""

    instruction: str
    cached: bool
    seconds: float
    stage: str = ""


@dataclass(frozen=True)
class BuildLog:
    """What one build said. context: bytes of the build's context that were sent."""

    steps: tuple[BuildStep, ...]
    context: int

    @property
    def reused(self) -> int:
        """How many steps came from the cache."""
        return sum(step.cached for step in self.steps)

    @property
    def seconds(self) -> float:
        """What all its steps took, added up."""
        return sum(step.seconds for step in self.steps)


@dataclass(frozen=True)
class Effect:
    """What one instruction changed. layers: how many more; size: their bytes.

    settings: what is different in the image's configuration, a sentence each.
    """

    instruction: str
    layers: int
    size: int
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Start:
    """How one image was started: its ENTRYPOINT, its CMD, what `docker run` was given.

    argv: what became process 1; None where there was nothing to start. said: what it printed.
    """

    entrypoint: str
    cmd: str
    given: tuple[str, ...]
    argv: tuple[str, ...] | None
    said: str


@dataclass(frozen=True)
class Difference:
    """Something in which two images are not the same, and the two values."""

    where: str
    one: str
    other: str


@dataclass(frozen=True)
class Place:
    """Where in an image a text was found: a layer (from 1) and a path in it, or its papers."""

    where: str
    layer: int | None = None


@dataclass(frozen=True)
class Stamped:
    """An entry of a layer with the one thing that `FileEntry` leaves out: when."""

    path: str
    time: int
    digest: str


@dataclass(frozen=True)
class Papers:
    """An image as its parts. config: its own JSON. layers: digest and entries of each."""

    config: Mapping[str, Any]
    layers: tuple[tuple[str, tuple[Stamped, ...]], ...]
