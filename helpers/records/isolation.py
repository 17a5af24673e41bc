"""What keeps one process apart from the rest of the machine, all of it in one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from helpers.records.host import Unavailable
from helpers.records.namespaces import Kind
from helpers.records.processes import SeccompMode


@dataclass(frozen=True)
class Isolation:
    """One process, compared with another that was not put apart (its starter).

    own: for each kind of namespace whether it is another than the starter's; None: cannot be told.
    user: its user id outside. capabilities: the effective ones. group: the folder of its control
    group, where processes are counted; pids_max: what that allows, None: any number.
    covered: places in /proc and /sys on which something is mounted to hide or protect them.
    devices: those of the usual device files it has. interfaces: of its network.
    """

    pid: int
    own: Mapping[Kind, bool | None]
    user: int
    capabilities: frozenset[str]
    seccomp: SeccompMode | Unavailable
    no_new_privs: bool | Unavailable
    group: str | Unavailable
    pids_max: int | Unavailable | None
    covered: tuple[str, ...]
    devices: tuple[str, ...]
    interfaces: tuple[str, ...]
