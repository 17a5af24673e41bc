"""What the file access layer tells about files: names as stat(2) has them."""

from __future__ import annotations

from typing import Literal, NamedTuple

EventKind = Literal["created", "deleted", "gone", "lost"]


class FileStat(NamedTuple):
    """One file's inode. size in bytes, blocks of 512 bytes, times in nanoseconds."""

    st_mode: int
    st_ino: int
    st_dev: int
    st_nlink: int
    st_uid: int
    st_gid: int
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int
    st_rdev: int
    st_blocks: int


class Entry(NamedTuple):
    """One name found by a walk.

    path: below the folder that was walked. xattrs: those asked for that are there. errno: of
    a folder that could not be entered, else 0.
    """

    path: str
    stat: FileStat
    xattrs: dict[str, bytes]
    errno: int


class FolderEvent(NamedTuple):
    """A change in a watched folder.

    kind: "created", "deleted"; "gone" when the folder itself went; "lost" when changes came
    faster than they were read, so that the folder must be looked at anew.
    """

    kind: EventKind
    name: str
