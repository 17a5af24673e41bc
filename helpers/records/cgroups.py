"""Control groups in the terms of cgroup v2, whatever the machine has.

Times are microseconds, sizes bytes. None is unlimited; Unavailable says why a figure is not
there. Field names are the kernel's (Documentation/admin-guide/cgroup-v2.rst).

What a sampler makes five hundred times a second is a named tuple, which costs a third of a
frozen dataclass; all else is a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from helpers.records.host import Unavailable

Version = Literal["v2", "v1", "hybrid"]
Engine = Literal["docker", "podman", "containerd", "cri-o", "lxc", "nspawn", "unknown"]
Driver = Literal["cgroupfs", "systemd"]

Figure = int | Unavailable
Limit = int | None | Unavailable


@dataclass(frozen=True)
class Mount:
    """One mounted cgroup hierarchy. root: what of the hierarchy is mounted at point.

    controllers: of v1; empty for v2 and for a hierarchy that is only a name (systemd's).
    """

    version: Literal["v1", "v2"]
    root: str
    point: str
    controllers: tuple[str, ...]


@dataclass(frozen=True)
class Membership:
    """One line of /proc/PID/cgroup. The v2 line has hierarchy 0 and no controllers."""

    hierarchy: int
    controllers: tuple[str, ...]
    path: str


@dataclass(frozen=True)
class Owner:
    """Whose a cgroup is, read from its path.

    container_id: as the engine gave it; a name for LXC and nspawn. pod_uid: of Kubernetes,
    with dashes. depth: how many components of the path are the container's own cgroup.
    """

    engine: Engine
    driver: Driver
    container_id: str
    pod_uid: str
    rootless: bool
    depth: int


@dataclass(frozen=True)
class Cgroup:
    """Where a cgroup is. path: the kernel's name for it, folders: (controller, folder).

    The folder of the v2 tree stands under "". In hybrid mode both kinds are there.
    """

    version: Version
    path: str
    folders: tuple[tuple[str, str], ...]

    def folder(self, controller: str) -> str | None:
        """Return the folder in which `controller` has its files, None where it is not on."""
        known = dict(self.folders)
        return known.get(controller, known.get("") if controller else None)


@dataclass(frozen=True)
class Source:
    """A file as it was read. text: its content, or why there is none."""

    path: str
    text: str | Unavailable


class CpuStat(NamedTuple):
    """cpu.stat. Periods are counted only where a quota is set; so is throttling."""

    usage_usec: Figure
    user_usec: Figure
    system_usec: Figure
    nr_periods: Figure
    nr_throttled: Figure
    throttled_usec: Figure


@dataclass(frozen=True)
class CpuMax:
    """cpu.max: microseconds of CPU time in each period. quota_usec None: no limit."""

    quota_usec: int | None
    period_usec: int


class PressureLine(NamedTuple):
    """Share of time (percent) over the last 10, 60, 300 s in which tasks waited; total in µs."""

    avg10: float
    avg60: float
    avg300: float
    total: int


class Pressure(NamedTuple):
    """One *.pressure file. some: at least one task waited; full: all did."""

    some: PressureLine
    full: PressureLine | Unavailable


@dataclass(frozen=True)
class MemoryStat:
    """From memory.stat. file includes shmem; inactive_file is what reclaim takes first."""

    anon: Figure
    file: Figure
    inactive_file: Figure
    active_file: Figure
    shmem: Figure


@dataclass(frozen=True)
class MemoryEvents:
    """memory.events: how often usage was pushed below high, met max, ran out, and who was killed.

    v1 counts `max` in memory.failcnt and memory.memsw.failcnt (swap included), `oom_kill` in
    memory.oom_control, and no others.
    """

    high: Figure
    max: Figure
    oom: Figure
    oom_kill: Figure


@dataclass(frozen=True)
class IoDevice:
    """One device of io.stat. device: major:minor."""

    device: str
    rbytes: int
    wbytes: int
    rios: int
    wios: int


class CgroupSample(NamedTuple):
    """What changes from moment to moment. at: seconds on a monotonic clock.

    paths, contents: what was read, or the error; `sources` makes Source records of them.
    """

    cgroup: Cgroup
    at: float
    cpu: CpuStat | Unavailable
    memory_current: Figure
    pids_current: Figure
    cpu_pressure: Pressure | Unavailable
    memory_pressure: Pressure | Unavailable
    io_pressure: Pressure | Unavailable
    paths: tuple[str, ...]
    contents: tuple[bytes | OSError, ...]


@dataclass(frozen=True)
class CgroupDetail:
    """Limits, and what is worth reading once a second. at: seconds on a monotonic clock.

    pids_refused: of pids.events, how often pids.max has refused a new process.
    """

    cgroup: Cgroup
    at: float
    cpu_max: CpuMax | Unavailable
    cpu_weight: Figure
    memory_peak: Figure
    memory_high: Limit
    memory_max: Limit
    memory_stat: MemoryStat | Unavailable
    memory_events: MemoryEvents | Unavailable
    pids_max: Limit
    pids_refused: Figure
    io: tuple[IoDevice, ...] | Unavailable
    paths: tuple[str, ...]
    contents: tuple[bytes | OSError, ...]


def sources(record: CgroupSample | CgroupDetail) -> Iterator[Source]:
    """Yield each file a record was made from, with its text."""
    for path, content in zip(record.paths, record.contents, strict=True):
        if isinstance(content, bytes):
            yield Source(path, content.decode("utf-8", "replace"))
        else:
            yield Source(path, Unavailable(content.strerror or str(content)))
