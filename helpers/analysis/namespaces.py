"""Who shares which namespace with whom, and who moved: pure functions of what was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from helpers.records.namespaces import (
    KINDS,
    Group,
    IdRange,
    Kind,
    Move,
    Namespace,
    ProcessNamespaces,
    Shared,
)


def groups(
    processes: Iterable[ProcessNamespaces], kinds: Sequence[Kind] = KINDS
) -> tuple[Group, ...]:
    """Return each namespace with its processes: by kind, those with the most processes first."""
    # Most processes share all their namespaces, and with that one mapping: that is looked at once.
    alike: dict[int, tuple[Mapping[Kind, int], list[int]]] = {}
    for each in processes:
        alike.setdefault(id(each.inodes), (each.inodes, []))[1].append(each.pid)
    members: defaultdict[Namespace, list[int]] = defaultdict(list)
    for inodes, pids in alike.values():
        for kind in kinds:
            if kind in inodes:
                members[Namespace(kind, inodes[kind])] += pids
    found = [Group(namespace, tuple(sorted(pids))) for namespace, pids in members.items()]
    return tuple(sorted(found, key=_order))


def _order(group: Group) -> tuple[int, int, int]:
    kind, inode = group.namespace
    return KINDS.index(kind), -len(group.pids), inode


def compare(first: ProcessNamespaces, second: ProcessNamespaces) -> tuple[Shared, ...]:
    """Say of every kind whether two processes share their namespace."""
    return tuple(Shared(kind, first.inodes.get(kind), second.inodes.get(kind)) for kind in KINDS)


def moves(
    before: Iterable[ProcessNamespaces], after: Iterable[ProcessNamespaces]
) -> tuple[Move, ...]:
    """Return what changed between two looks, for processes that were there both times.

    A number that belongs to another process by now cannot be told from one that moved.
    """
    was = {each.pid: each for each in before}
    found = []
    for each in after:
        old = was.get(each.pid)
        if old is None or old.unavailable or each.unavailable:
            continue
        for kind in KINDS:
            then, now = old.inodes.get(kind), each.inodes.get(kind)
            if then != now:
                found.append(Move(each.pid, kind, then, now))
    return tuple(found)


def outside(ranges: Iterable[IdRange], inside: int) -> int | None:
    """Return the id that `inside` is in the user namespace around; None: it is not mapped."""
    for each in ranges:
        if each.inside <= inside < each.inside + each.count:
            return each.outside + inside - each.inside
    return None


def inside(ranges: Iterable[IdRange], outside: int) -> int | None:
    """Return the id that one of the user namespace around has within; None: it has none."""
    for each in ranges:
        if each.outside <= outside < each.outside + each.count:
            return each.inside + outside - each.outside
    return None
