"""A lab as its notebook declares it, and the outputs stored in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Level = Literal["live", "simulated", "recorded"]


@dataclass(frozen=True)
class StoredCell:
    """One code cell of a notebook on disk.

    outputs: as nbformat 4 stores them. intact: whether they are still those the recorder
    wrote (a run of the reader's own replaces them when JupyterLab saves).
    """

    ident: str
    source: str
    tags: frozenset[str]
    outputs: tuple[dict[str, Any], ...]
    intact: bool

    @property
    def runs_anywhere(self) -> bool:
        """Whether the cell needs nothing but Python."""
        return "runs-anywhere" in self.tags


@dataclass(frozen=True)
class Provenance:
    """Where and when the stored outputs were made; empty strings where unknown."""

    date: str = ""
    engine: str = ""
    kernel: str = ""
    cgroup: str = ""


@dataclass(frozen=True)
class Lab:
    """One notebook: what it needs, which base images, how long it takes (minutes).

    widgets: the state of each stored widget by its model's id.
    """

    ident: str
    path: Path
    needs: tuple[str, ...]
    images: tuple[str, ...]
    minutes: int
    level: Level
    provenance: Provenance = field(default_factory=Provenance)
    cells: tuple[StoredCell, ...] = ()
    widgets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The short word in the names of its objects: `run` of `docker/010-run`."""
        return self.ident.split("/")[-1].split("-", 1)[-1].split("-")[0]
