"""Read control groups: v2, v1 and hybrid, all in the terms of v2.

    cgroup = find(files, pid)                 # cgroup_paths.py
    plan = Plan.of(cgroup)                    # which files tell what, decided once
    sample(files, [plan]), detail(files, [plan])

What the kernel counts differently is not made to look alike: v1's memory has no `high`, for
one, and is Unavailable there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from helpers.kernel.cgroup_files import (
    blkio,
    cpu_max,
    io_stat,
    keyed,
    known,
    limit,
    limit_v1,
    missing,
    number,
    pick,
    pressure,
    weight_of_shares,
)
from helpers.kernel.cgroup_paths import Garbled, find, hierarchies, identify
from helpers.kernel.files import Files, Sampled
from helpers.records.cgroups import (
    Cgroup,
    CgroupDetail,
    CgroupSample,
    CpuMax,
    CpuStat,
    Figure,
    IoDevice,
    Limit,
    MemoryEvents,
    MemoryStat,
)
from helpers.records.host import Unavailable
from helpers.text import _

__all__ = ["Garbled", "Plan", "detail", "find", "hierarchies", "identify", "sample"]

Contents = Sequence[Sampled]

_NOTHING: Final = FileNotFoundError(2, "No such file or directory")
_CPU: Final = (b"usage_usec", b"user_usec", b"system_usec")
_THROTTLE: Final = (b"nr_periods", b"nr_throttled", b"throttled_usec")
_THROTTLE_V1: Final = (b"nr_periods", b"nr_throttled", b"throttled_time")
_MEMORY: Final = (b"anon", b"file", b"inactive_file", b"active_file", b"shmem")
_MEMORY_V1: Final = (
    b"total_rss",
    b"total_cache",
    b"total_inactive_file",
    b"total_active_file",
    b"total_shmem",
)
_EVENTS: Final = (b"high", b"max", b"oom", b"oom_kill")

# (controller, file in v2, file in v1); a file "" is one that this version does not have
_QUICK: Final = (
    ("cpuacct", "cpu.stat", "cpuacct.usage"),
    ("cpuacct", "", "cpuacct.usage_user"),
    ("cpuacct", "", "cpuacct.usage_sys"),
    ("cpu", "", "cpu.stat"),
    ("memory", "memory.current", "memory.usage_in_bytes"),
    ("pids", "pids.current", "pids.current"),
    ("", "cpu.pressure", ""),
    ("", "memory.pressure", ""),
    ("", "io.pressure", ""),
)
_SLOW: Final = (
    ("cpu", "cpu.max", "cpu.cfs_quota_us"),
    ("cpu", "", "cpu.cfs_period_us"),
    ("cpu", "cpu.weight", "cpu.shares"),
    ("memory", "memory.peak", "memory.max_usage_in_bytes"),
    ("memory", "memory.high", ""),
    ("memory", "memory.max", "memory.limit_in_bytes"),
    ("memory", "memory.stat", "memory.stat"),
    ("memory", "memory.events", "memory.oom_control"),
    ("memory", "", "memory.failcnt"),
    ("pids", "pids.max", "pids.max"),
    ("blkio", "io.stat", "blkio.throttle.io_service_bytes_recursive"),
    ("blkio", "", "blkio.throttle.io_serviced_recursive"),
    ("memory", "", "memory.memsw.failcnt"),
    ("pids", "pids.events", "pids.events"),
)


@dataclass(frozen=True)
class Plan:
    """Which files tell about a cgroup. quick, slow: paths; slots: which of them is which figure.

    v1: the controllers that v1 rules here.
    """

    cgroup: Cgroup
    v1: frozenset[str]
    quick: tuple[str, ...]
    quick_slots: tuple[int, ...]
    slow: tuple[str, ...]
    slow_slots: tuple[int, ...]
    absent: Unavailable
    absent_pressure: Unavailable
    absent_v1: Unavailable

    @classmethod
    def of(cls, cgroup: Cgroup) -> Plan:
        """Decide where to look. Reads nothing."""
        folders = dict(cgroup.folders)
        v1 = {name for name in folders if name}
        if "" in folders:
            v1.discard("cpuacct")  # the v2 tree counts CPU time for every cgroup in it
        pressure_is_off = _("pressure is switched off in this kernel (boot it with psi=1)")
        no_pressure = _("cgroup v1 has no pressure files")
        return cls(
            cgroup,
            frozenset(v1),
            *_lay(_QUICK, folders, v1),
            *_lay(_SLOW, folders, v1),
            Unavailable(_("the kernel does not count it for this cgroup")),
            Unavailable(pressure_is_off if "" in folders else no_pressure),
            Unavailable(_("cgroup v1 does not have it")),
        )


def _lay(
    table: Sequence[tuple[str, str, str]], folders: dict[str, str], v1: set[str]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the paths for a table of files, and for each row the number of its path (or -1)."""
    paths: list[str] = []
    slots: list[int] = []
    for controller, new, old in table:
        of_v1 = controller in v1
        folder, name = folders.get(controller if of_v1 else ""), old if of_v1 else new
        slots.append(len(paths) if folder is not None and name else -1)
        if folder is not None and name:
            paths.append(f"{folder}/{name}")
    return tuple(paths), tuple(slots)


# -- moment to moment


def sample(
    files: Files, plans: Sequence[Plan], clock: float | None = None
) -> tuple[CgroupSample, ...]:
    """Read the quick figures of some cgroups, in one go. clock: the time to note, for tests.

    A cgroup that has gone has Unavailable figures.
    """
    contents = files.sample([path for plan in plans for path in plan.quick])
    at = time.monotonic() if clock is None else clock
    out: list[CgroupSample] = []
    start = 0
    for plan in plans:
        end = start + len(plan.quick)
        out.append(_sample(plan, at, contents[start:end]))
        start = end
    return tuple(out)


def _sample(plan: Plan, at: float, read: list[Sampled]) -> CgroupSample:
    slots, absent, off = plan.quick_slots, plan.absent, plan.absent_pressure
    found = [*read, _NOTHING]
    return CgroupSample(
        plan.cgroup,
        at,
        _cpu(plan, found),
        known(number, found[slots[4]], absent),
        known(number, found[slots[5]], absent),
        known(pressure, found[slots[6]], off),
        known(pressure, found[slots[7]], off),
        known(pressure, found[slots[8]], off),
        plan.quick,
        tuple(read),
    )


def _cpu(plan: Plan, found: Contents) -> CpuStat | Unavailable:
    slots, absent = plan.quick_slots, plan.absent
    stat = found[slots[0]]
    if not plan.v1:
        return _cpu_v2(stat, absent)
    if "cpuacct" in plan.v1:
        total, user, system = (_usec(known(number, found[slot], absent)) for slot in slots[:3])
    else:
        total, user, system = pick(_CPU, stat, absent)
    if "cpu" in plan.v1:
        periods, cut, nanoseconds = pick(_THROTTLE_V1, found[slots[3]], absent)
        return CpuStat(total, user, system, periods, cut, _usec(nanoseconds))
    periods, cut, waited = pick(_THROTTLE, stat, absent)
    return CpuStat(total, user, system, periods, cut, waited)


def _cpu_v2(stat: Sampled, absent: Unavailable) -> CpuStat | Unavailable:
    table = known(keyed, stat, absent)
    if isinstance(table, Unavailable):
        return table
    try:
        return CpuStat(
            table[b"usage_usec"],
            table[b"user_usec"],
            table[b"system_usec"],
            table[b"nr_periods"],
            table[b"nr_throttled"],
            table[b"throttled_usec"],
        )
    except KeyError:  # the controller is off here: no throttling to count
        return CpuStat(*pick(_CPU + _THROTTLE, stat, absent))


def _usec(nanoseconds: Figure) -> Figure:
    return nanoseconds if isinstance(nanoseconds, Unavailable) else nanoseconds // 1000


# -- now and then


def detail(
    files: Files, plans: Sequence[Plan], clock: float | None = None
) -> tuple[CgroupDetail, ...]:
    """Read limits, memory.stat, events and io of some cgroups, in one go."""
    contents = files.sample([path for plan in plans for path in plan.slow])
    at = time.monotonic() if clock is None else clock
    out: list[CgroupDetail] = []
    start = 0
    for plan in plans:
        end = start + len(plan.slow)
        out.append(_detail(plan, at, contents[start:end]))
        start = end
    return tuple(out)


def _detail(plan: Plan, at: float, read: list[Sampled]) -> CgroupDetail:
    padded = [*read, _NOTHING]
    found = [padded[slot] for slot in plan.slow_slots]
    absent = plan.absent
    memory_is_v1 = "memory" in plan.v1
    names = _MEMORY_V1 if memory_is_v1 else _MEMORY
    return CgroupDetail(
        cgroup=plan.cgroup,
        at=at,
        cpu_max=_cpu_max(plan, found),
        cpu_weight=known(weight_of_shares if "cpu" in plan.v1 else number, found[2], absent),
        memory_peak=known(number, found[3], absent),
        memory_high=plan.absent_v1 if memory_is_v1 else known(limit, found[4], absent),
        memory_max=known(limit_v1 if memory_is_v1 else limit, found[5], absent),
        memory_stat=_memory_stat(names, found[6], absent),
        memory_events=_memory_events(plan, found),
        pids_max=known(limit, found[9], absent),
        pids_refused=pick((b"max",), found[13], absent)[0],
        io=_io(plan, found),
        paths=plan.slow,
        contents=tuple(read),
    )


def _cpu_max(plan: Plan, found: Contents) -> CpuMax | Unavailable:
    if "cpu" not in plan.v1:
        return known(cpu_max, found[0], plan.absent)
    quota: Limit = known(limit_v1, found[0], plan.absent)
    period = known(number, found[1], plan.absent)
    if isinstance(quota, Unavailable):
        return quota
    return period if isinstance(period, Unavailable) else CpuMax(quota, period)


def _memory_stat(
    names: tuple[bytes, ...], content: Sampled, absent: Unavailable
) -> MemoryStat | Unavailable:
    if not isinstance(content, bytes):
        return missing(content, absent)
    return MemoryStat(*pick(names, content, absent))


def _memory_events(plan: Plan, found: Contents) -> MemoryEvents | Unavailable:
    content = found[7]
    if not isinstance(content, bytes):
        return missing(content, plan.absent)
    if "memory" not in plan.v1:
        return MemoryEvents(*pick(_EVENTS, content, plan.absent))
    (killed,) = pick((b"oom_kill",), content, plan.absent)
    failed = known(number, found[8], plan.absent)
    # Where memory and swap together have the same limit, it is theirs that is met.
    with_swap = known(number, found[12], plan.absent)
    if isinstance(failed, int) and isinstance(with_swap, int):
        failed += with_swap
    return MemoryEvents(plan.absent_v1, failed, plan.absent_v1, killed)


def _io(plan: Plan, found: Contents) -> tuple[IoDevice, ...] | Unavailable:
    size, operations = found[10], found[11]
    if "blkio" not in plan.v1:
        return known(io_stat, size, plan.absent)
    if isinstance(size, bytes) and isinstance(operations, bytes):
        return known(lambda text: blkio(text, operations), size, plan.absent)
    return missing(size if isinstance(size, OSError) else _NOTHING, plan.absent)
