"""Overlay mounts: which folders a container's root file system is made of, and what is on top.

Options have the kernel's names (Documentation/filesystems/overlayfs.rst). Lower layers stand
in its order: the topmost first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from helpers.records.files import Entry, FileStat
from helpers.records.host import Unavailable
from helpers.records.layers import Action


@dataclass(frozen=True)
class OverlayMount:
    """One overlay mount, as a line of mountinfo tells it.

    point: where it is mounted; root: what of it, "/" unless bind-mounted. lowerdir, upperdir,
    workdir: as they were given to mount(2), so perhaps symbolic links, or relative to a folder
    that is not known. datadir: data-only layers. options: the others. line: the raw line.
    """

    point: str
    root: str
    lowerdir: tuple[str, ...]
    upperdir: str | None
    workdir: str | None
    datadir: tuple[str, ...]
    options: tuple[str, ...]
    line: str

    @property
    def userxattr(self) -> bool:
        """Tell whether marks are attributes called user.overlay.*, not trusted.overlay.*."""
        return "userxattr" in self.options


@dataclass(frozen=True)
class LayerFolder:
    """The folder of one layer. given: as mountinfo has it; path: where its files really are."""

    given: str
    path: str | Unavailable


@dataclass(frozen=True)
class OverlayStack:
    """A mount with its folders found. lower: the topmost first, data-only layers last."""

    mount: OverlayMount
    lower: tuple[LayerFolder, ...]
    upper: LayerFolder | None


@dataclass(frozen=True)
class UpperLayer:
    """What lies in the folder of one layer. Paths are below it: "etc/hosts".

    entries: all of it, marks included. whiteouts: what it deletes from below. opaque: folders
    that hide what is below; Unavailable where the marks cannot be read. redirects: folders
    that were renamed, with the path they have below. metacopy: files of which the layer holds
    owner, permissions and times alone.
    """

    folder: str
    entries: tuple[Entry, ...]
    whiteouts: frozenset[str]
    opaque: frozenset[str] | Unavailable
    redirects: dict[str, str]
    metacopy: frozenset[str]


class Difference(NamedTuple):
    """One path that a layer adds, changes or deletes.

    path: absolute, as the container sees it. now: what is in the layer (None: deleted). was:
    what it covers in the layers below (None: added).
    """

    path: str
    action: Action
    now: FileStat | None
    was: FileStat | None
