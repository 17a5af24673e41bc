"""Processes and what they may do, with the kernel's names (proc_pid_status(5)).

Names and arguments are what the process chose to be called: bytes that are no UTF-8 are
surrogate escapes, and control characters are as they came. `printable` in
helpers/analysis/processes.py makes them fit to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.records.host import Unavailable

SeccompMode = Literal["disabled", "strict", "filter"]


@dataclass(frozen=True, slots=True)
class Stat:
    """From /proc/PID/stat.

    comm: as the file has it, with newline and backslash escaped by the kernel. state: one
    letter. utime, stime, starttime: clock ticks (the last since boot). kernel: a kernel thread.
    """

    pid: int
    comm: str
    state: str
    ppid: int
    pgrp: int
    session: int
    utime: int
    stime: int
    num_threads: int
    starttime: int
    kernel: bool


@dataclass(frozen=True, slots=True)
class Process:
    """One process. cmdline: empty for kernel threads, zombies, and who hides it."""

    stat: Stat
    cmdline: tuple[str, ...]

    @property
    def pid(self) -> int:
        """Its number, as the host sees it."""
        return self.stat.pid

    @property
    def ppid(self) -> int:
        """Its parent's number; 0: none."""
        return self.stat.ppid

    @property
    def comm(self) -> str:
        """Its short name."""
        return self.stat.comm


@dataclass(frozen=True)
class Branch:
    """A process and its children, by number."""

    process: Process
    children: tuple[Branch, ...]


@dataclass(frozen=True)
class CapabilitySets:
    """The five sets of a process (capabilities(7)), as names: "cap_net_admin"."""

    inheritable: frozenset[str]
    permitted: frozenset[str]
    effective: frozenset[str]
    bounding: frozenset[str]
    ambient: frozenset[str]


@dataclass(frozen=True)
class Ids:
    """The four ids of one kind: real, effective, saved set, file system."""

    real: int
    effective: int
    saved: int
    fs: int


@dataclass(frozen=True)
class Status:
    """From /proc/PID/status. ns_pid: its number in each pid namespace, the outermost first.

    seccomp_filters: how many filters are stacked.
    """

    pid: int
    ppid: int
    uid: Ids
    gid: Ids
    groups: tuple[int, ...]
    ns_pid: tuple[int, ...]
    capabilities: CapabilitySets
    seccomp: SeccompMode | Unavailable
    seccomp_filters: int | Unavailable
    no_new_privs: bool | Unavailable
    raw: str


@dataclass(frozen=True)
class Label:
    """What a Linux security module says of a process: profile and mode.

    module: "apparmor", "selinux", "smack", or "" where it cannot be told.
    """

    module: str
    label: str
    mode: str = ""


@dataclass(frozen=True)
class Confinement:
    """All that bounds a process beside its namespaces and cgroups."""

    status: Status
    label: Label | Unavailable
