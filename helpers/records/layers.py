"""What an image is made of: layers, the files in each, and what becomes of them above.

Layers are numbered from 1, at the bottom. Paths are absolute, as a container sees them;
bytes of a name that are not UTF-8 are kept as surrogates (PEP 383).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Kind = Literal["file", "directory", "symlink", "hardlink", "other"]
How = Literal["replaced", "whiteout", "opaque", "covered"]
Action = Literal["added", "changed", "deleted"]
Altered = Literal["kind", "content", "mode", "owner"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One path in one layer.

    size: bytes, as `ls -l` shows them. mode: permission bits. target: of a symlink. digest:
    SHA-256 of a file's bytes, "" where there are none. inode: names of one layer with the
    same number are hard links to one file, stored once. "hardlink" stands only in what was
    read from an archive (target: the other name); a Layer has a file with that name's inode.
    """

    path: str
    kind: Kind
    size: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    target: str = ""
    digest: str = ""
    inode: int = 0


@dataclass(frozen=True)
class Layer:
    """One layer: what it brings, and what it takes away from the layers below.

    digest: of the unpacked layer (its diff id). created_by: the instruction that made it.
    whiteouts: paths it deletes. opaque: directories it empties before its own files.
    """

    number: int
    digest: str
    created_by: str
    entries: tuple[FileEntry, ...]
    whiteouts: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """Bytes of its files; a file with several names counts once."""
        return sum({entry.inode: entry.size for entry in self.entries}.values())


@dataclass(frozen=True)
class ImageStack:
    """An image as a stack of layers, the bottom first."""

    name: str
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        """Bytes of all layers, seen or hidden."""
        return sum(layer.size for layer in self.layers)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one entry of one layer.

    hidden_by: the first layer above that hides it; None: a container sees it. how: the
    layer brings the path itself (replaced), deletes it or a directory above it (whiteout),
    empties a directory above it (opaque), or puts something else in place of one (covered).
    """

    layer: int
    entry: FileEntry
    hidden_by: int | None = None
    how: How | None = None


@dataclass(frozen=True)
class Account:
    """The bytes of one layer. hides: bytes of lower layers that vanish with this one.

    twins: bytes it stores although a file it replaces held the same ones: only an owner, a
    permission or a time was changed.
    """

    layer: int
    stored: int
    hidden: int
    hides: int
    twins: int

    @property
    def visible(self) -> int:
        """Bytes a container sees."""
        return self.stored - self.hidden


@dataclass(frozen=True)
class Resolved:
    """A stack and the fate of everything in it, the bottom layer first."""

    stack: ImageStack
    fates: tuple[Fate, ...]
    accounts: tuple[Account, ...]

    @cached_property
    def visible(self) -> dict[str, Fate]:
        """What a container sees, by path."""
        return {fate.entry.path: fate for fate in self.fates if fate.hidden_by is None}

    @property
    def visible_bytes(self) -> int:
        """Bytes a container sees."""
        return sum(account.visible for account in self.accounts)

    @property
    def hidden_bytes(self) -> int:
        """Bytes that are stored and shipped, and that no container sees."""
        return sum(account.hidden for account in self.accounts)


@dataclass(frozen=True)
class Step:
    """What one layer did to one path. altered: of a changed file, what differs from before."""

    layer: int
    action: Action
    entry: FileEntry
    how: How | None = None
    altered: tuple[Altered, ...] = ()


@dataclass(frozen=True)
class Change:
    """One line of `docker diff`, with what it weighs.

    now: the path in the container (None: deleted). was: the path in the image (None: added,
    or the image is not known).
    """

    path: str
    action: Action
    now: FileEntry | None = None
    was: FileEntry | None = None

    @property
    def written(self) -> int:
        """Bytes in the container's own layer."""
        return self.now.size if self.now is not None else 0

    @property
    def covered(self) -> int:
        """Bytes of the image's file that lie beneath, unseen but not freed."""
        return self.was.size if self.was is not None else 0


@dataclass(frozen=True)
class ImageShare:
    """An image's bytes: in layers that another one has too, and in layers of its own."""

    name: str
    shared: int
    own: int

    @property
    def size(self) -> int:
        """All its bytes."""
        return self.shared + self.own


@dataclass(frozen=True)
class Sharing:
    """Several images, and what they take together. on_disk: each layer counted once."""

    images: tuple[ImageShare, ...]
    on_disk: int

    @property
    def added_up(self) -> int:
        """What the sizes of the images add up to."""
        return sum(image.size for image in self.images)
