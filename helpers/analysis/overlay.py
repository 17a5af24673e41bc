"""What was read of overlay layers, in the terms of the layer explorer: pure functions."""

from __future__ import annotations

import stat
from collections.abc import Iterable

from helpers.records.files import FileStat
from helpers.records.host import Unavailable
from helpers.records.layers import Change, FileEntry, Kind, Layer
from helpers.records.overlay import Difference, UpperLayer


def kind(mode: int) -> Kind:
    """Return what an inode of this mode is."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def file_entry(path: str, seen: FileStat) -> FileEntry:
    """Return an inode as an entry of a layer. Directories count no bytes, as in an archive."""
    what = kind(seen.st_mode)
    return FileEntry(
        path=path,
        kind=what,
        size=seen.st_size if what == "file" else 0,
        mode=stat.S_IMODE(seen.st_mode),
        uid=seen.st_uid,
        gid=seen.st_gid,
        inode=seen.st_ino,
    )


def changes(differences: Iterable[Difference]) -> tuple[Change, ...]:
    """Return differences as lines of `docker diff`, in the order of paths."""
    return tuple(
        Change(
            each.path,
            each.action,
            None if each.now is None else file_entry(each.path, each.now),
            None if each.was is None else file_entry(each.path, each.was),
        )
        for each in sorted(differences, key=_path)
    )


def _path(difference: Difference) -> str:
    return difference.path


def layer(upper: UpperLayer, *, number: int = 1, digest: str = "", created_by: str = "") -> Layer:
    """Return a layer's folder as a layer of an image: marks are no files of it.

    Where opaque folders cannot be told, there are none in the result.
    """
    return Layer(
        number=number,
        digest=digest,
        created_by=created_by,
        entries=tuple(
            file_entry(f"/{each.path}", each.stat)
            for each in upper.entries
            if each.path not in upper.whiteouts
        ),
        whiteouts=frozenset(f"/{path}" for path in upper.whiteouts),
        opaque=frozenset()
        if isinstance(upper.opaque, Unavailable)
        else frozenset(f"/{path}" for path in upper.opaque),
    )


def copied_up(differences: Iterable[Difference]) -> int:
    """Return the bytes of files that the layer has again because they were changed.

    The layer stores each whole, however little of it was written; a file with several names
    counts once.
    """
    sizes = {
        (each.now.st_dev, each.now.st_ino): each.now.st_size
        for each in differences
        if each.now is not None and each.was is not None and stat.S_ISREG(each.now.st_mode)
    }
    return sum(sizes.values())
