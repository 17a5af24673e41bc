"""Who of those that were looked at shares what: pure functions of looks."""

from __future__ import annotations

from helpers.records.namespace_watch import Look, Resident
from helpers.records.namespaces import KINDS, Kind


def first_of(look: Look, home: str) -> Resident | None:
    """Return the first process of a container, or None where there is none."""
    found = [each for each in look.residents if each.home == home]
    return min(found, key=lambda each: each.pid, default=None)


def shared(look: Look, one: str, other: str) -> tuple[Kind, ...]:
    """Return the kinds of which the first processes of two containers are in the same namespace.

    Empty where one of the two is not there.
    """
    first, second = first_of(look, one), first_of(look, other)
    if first is None or second is None:
        return ()
    return tuple(
        kind
        for kind in KINDS
        if kind in first.inodes and first.inodes[kind] == second.inodes.get(kind)
    )


def with_host(look: Look, home: str) -> tuple[Kind, ...]:
    """Return the kinds of which the first process of a container is in the host's namespace."""
    found = first_of(look, home)
    if found is None:
        return ()
    return tuple(kind for kind in KINDS if kind in look.host and
                 look.host[kind] == found.inodes.get(kind))  # fmt: skip
