"""Namespaces: which ones a process is in, whose they are, and how ids are mapped.

A namespace is its inode number: two processes with the same number share it
(namespaces(7)). Numbers are unique on one machine, and are used again after a namespace ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, get_args

from helpers.records.host import Unavailable

Kind = Literal["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Namespace(NamedTuple):
    """One namespace, as the kernel writes it: `net:[4026531840]`."""

    kind: Kind
    inode: int

    def __str__(self) -> str:
        return f"{self.kind}:[{self.inode}]"


class ProcessNamespaces(NamedTuple):
    """The namespaces of one process.

    inodes: by kind; a kind is missing where the kernel has none of it, or the process is
    ending. for_children: pid and time namespaces that the process's next child will be in.
    unavailable: why nothing is known, where that is so.
    """

    pid: int
    inodes: Mapping[Kind, int]
    for_children: Mapping[Kind, int] = MappingProxyType({})
    unavailable: Unavailable | None = None


@dataclass(frozen=True)
class Ownership:
    """Whose a namespace is.

    user: inode of the user namespace that owns it: capabilities in that one count here.
    parent: of a pid or user namespace, the inode of the one around it. uid: of a user
    namespace, who made it (as the asking process sees the number).
    """

    namespace: Namespace
    user: int | Unavailable
    parent: int | Unavailable
    uid: int | Unavailable


@dataclass(frozen=True)
class IdRange:
    """One line of uid_map or gid_map: `count` ids from `inside` on are `outside` and following."""

    inside: int
    outside: int
    count: int


@dataclass(frozen=True)
class IdMaps:
    """How a process's user namespace maps ids. Empty: not mapped yet, every id is 65534."""

    uid: tuple[IdRange, ...]
    gid: tuple[IdRange, ...]
    setgroups: str | Unavailable


@dataclass(frozen=True)
class ClockOffsets:
    """timens_offsets: what a time namespace adds to two clocks, in nanoseconds."""

    monotonic: int
    boottime: int


@dataclass(frozen=True)
class Group:
    """A namespace and the processes in it, by number."""

    namespace: Namespace
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Shared:
    """One kind of namespace of two processes. shared: None where one of them is not known."""

    kind: Kind
    first: int | None
    second: int | None

    @property
    def shared(self) -> bool | None:
        """Tell whether both are in the same one."""
        if self.first is None or self.second is None:
            return None
        return self.first == self.second


@dataclass(frozen=True)
class Move:
    """A process that is in another namespace than it was. None: it was or is in none known."""

    pid: int
    kind: Kind
    was: int | None
    now: int | None
