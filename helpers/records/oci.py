"""An image as the Open Container Initiative writes it: a folder of blobs that name each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Written = Literal["oci", "docker"]


@dataclass(frozen=True)
class Descriptor:
    """How one blob names another: what it is, its digest, its size in bytes."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True)
class Layout:
    """One image of an OCI layout. written: how the engine wrote it; "docker" was put in order.

    manifest: the descriptor of the manifest whose parts follow.
    """

    folder: Path
    written: Written
    manifest: Descriptor
    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]

    def blob(self, digest: str) -> Path:
        """Return the file that holds what `digest` names."""
        return self.folder / "blobs" / digest.replace(":", "/", 1)
