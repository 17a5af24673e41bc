"""Containers side by side: what each has of its own, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from helpers.records.host import Unavailable
from helpers.records.isolation import Isolation
from helpers.records.namespaces import KINDS, Kind
from helpers.text import _
from helpers.views.tables import Table

_ID_LENGTH: Final = 64  # hexadecimal digits of a container's id
_SHOWN: Final = 6


def table(seen: Mapping[str, Isolation]) -> Table:
    """Return the containers in `seen`, by name, as a table: one a column."""
    kinds = [kind for kind in KINDS if any(each.own[kind] for each in seen.values())]
    shared = [kind for kind in KINDS if kind not in kinds]
    rows = [
        [
            _("own {kind} namespace").format(kind=kind),
            *(_sign(it.own[kind]) for it in seen.values()),
        ]
        for kind in kinds
    ]
    rows += [[name, *map(say, seen.values())] for name, say in _ROWS.items()]
    return Table(_caption(seen, shared), ["", *(f"`{name}`" for name in seen)], rows)


def _caption(seen: Mapping[str, Isolation], shared: list[Kind]) -> str:
    most = max(len(each.capabilities) for each in seen.values())
    least = min(len(each.capabilities) for each in seen.values())
    return _(
        "The walls are much alike, the rights are not: {least} to {most} capabilities. "
        "Shared with the starter by all: {shared}"
    ).format(least=least, most=most, shared=", ".join(shared) or _("nothing"))


def _sign(own: bool | None) -> str:
    return {True: _("yes"), False: _("no"), None: "?"}[own]


def _seccomp(it: Isolation) -> str:
    return it.seccomp.reason if isinstance(it.seccomp, Unavailable) else it.seccomp


def _privileges(it: Isolation) -> str:
    if isinstance(it.no_new_privs, Unavailable):
        return it.no_new_privs.reason
    return _("no") if it.no_new_privs else _("yes")


def _most(it: Isolation) -> str:
    if isinstance(it.pids_max, Unavailable):
        return it.pids_max.reason
    return _("any number") if it.pids_max is None else str(it.pids_max)


def _group(it: Isolation) -> str:
    if isinstance(it.group, Unavailable):
        return it.group.reason
    return "`" + "/".join(map(_short, it.group.split("/")[-2:])) + "`"


def _short(part: str) -> str:
    """Return a part of a path, of a container's id its beginning alone."""
    for word in part.replace("-", ".").split("."):
        if len(word) == _ID_LENGTH:
            return part.replace(word, word[:_SHOWN] + "…")
    return part


_ROWS: Final = {
    _("capabilities of root"): lambda it: str(len(it.capabilities)),
    _("may gain more (setuid)"): _privileges,
    _("seccomp"): _seccomp,
    _("places in /proc and /sys covered"): lambda it: str(len(it.covered)),
    _("device files, of 6 usual ones"): lambda it: str(len(it.devices)),
    _("network"): lambda it: ", ".join(it.interfaces),
    _("processes allowed"): _most,
    _("end of its cgroup's path"): _group,
}
