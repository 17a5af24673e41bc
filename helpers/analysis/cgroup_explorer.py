"""Two samples of a control group to what the explorer shows of it: pure functions."""

from __future__ import annotations

from typing import Final

from helpers.analysis.cgroups import (
    PressureShares,
    Rate,
    cores_allowed,
    cpu_rates,
    io_rates,
    pressure_shares,
)
from helpers.records.cgroup_explorer import File, Part, Reading
from helpers.records.cgroups import (
    CgroupDetail,
    CgroupSample,
    MemoryEvents,
    MemoryStat,
    Pressure,
    sources,
)
from helpers.records.host import Unavailable
from helpers.text import _

MOST_LINES: Final = 10  # of a file; what is left out is marked
# In the order in which they stand beside the numbers; v1's names too.
PARTS: Final[dict[str, Part]] = {
    "cpu.max": "cpu",
    "cpu.cfs_quota_us": "cpu",
    "cpu.cfs_period_us": "cpu",
    "cpu.weight": "cpu",
    "cpu.shares": "cpu",
    "cpu.stat": "cpu",
    "cpuacct.usage": "cpu",
    "memory.max": "memory",
    "memory.limit_in_bytes": "memory",
    "memory.high": "memory",
    "memory.current": "memory",
    "memory.usage_in_bytes": "memory",
    "memory.events": "memory",
    "memory.oom_control": "memory",
    "memory.failcnt": "memory",
    "memory.stat": "memory",
    "pids.max": "pids",
    "pids.current": "pids",
    "pids.events": "pids",
    "cpu.pressure": "pressure",
    "memory.pressure": "pressure",
    "io.pressure": "pressure",
    "io.stat": "io",
    "blkio.throttle.io_service_bytes_recursive": "io",
}
_ORDER: Final = {name: place for place, name in enumerate(PARTS)}
# of long tables, the lines that numbers are made from
LINES: Final[dict[str, tuple[str, ...]]] = {
    "memory.stat": ("anon", "file", "inactive_file", "total_rss", "total_cache",
                    "total_inactive_file"),
    "cpu.stat": ("usage_usec", "nr_periods", "nr_throttled", "throttled_usec", "throttled_time"),
}  # fmt: skip


def reading(
    ident: str,
    name: str,
    samples: tuple[CgroupSample, CgroupSample],
    details: tuple[CgroupDetail, CgroupDetail],
) -> Reading:
    """Return what two samples, and the details read with them, tell about one group.

    The same sample twice has no rates.
    """
    (before, after), (was, now) = samples, details
    cpu, io = cpu_rates(before, after), io_rates(was, now)
    stat, events = now.memory_stat, now.memory_events
    seconds = after.at - before.at
    return Reading(
        ident=ident,
        name=name,
        path=after.cgroup.path,
        cores=cpu if isinstance(cpu, Unavailable) else cpu.cores,
        throttled=cpu if isinstance(cpu, Unavailable) else cpu.throttled,
        allowed=cores_allowed(now.cpu_max),
        weight=now.cpu_weight,
        memory=after.memory_current,
        anon=stat.anon if isinstance(stat, MemoryStat) else stat,
        inactive=stat.inactive_file if isinstance(stat, MemoryStat) else stat,
        high=now.memory_high,
        max=now.memory_max,
        pids=after.pids_current,
        most=now.pids_max,
        some_cpu=_some(before.cpu_pressure, after.cpu_pressure, seconds),
        some_memory=_some(before.memory_pressure, after.memory_pressure, seconds),
        some_io=_some(before.io_pressure, after.io_pressure, seconds),
        read=io if isinstance(io, Unavailable) else io.rbytes,
        written=io if isinstance(io, Unavailable) else io.wbytes,
        killed=events.oom_kill if isinstance(events, MemoryEvents) else events,
        refused=now.pids_refused,
        met=events.max if isinstance(events, MemoryEvents) else events,
        slowed=events.high if isinstance(events, MemoryEvents) else events,
        files=files_of(after, now),
    )


def _some(before: Pressure | Unavailable, after: Pressure | Unavailable, seconds: float) -> Rate:
    if seconds <= 0:
        return Unavailable(_("a rate needs two moments"))
    shares = pressure_shares(before, after, seconds)
    return shares.some if isinstance(shares, PressureShares) else shares


def files_of(sample: CgroupSample, detail: CgroupDetail) -> tuple[File, ...]:
    """Return the files that the numbers come from, cut to what matters in them."""
    found = []
    for source in (*sources(detail), *sources(sample)):
        name = source.path.rpartition("/")[2]
        if name in PARTS and not isinstance(source.text, Unavailable):
            found.append(File(PARTS[name], source.path, shortened(name, source.text)))
    return tuple(sorted(found, key=lambda file: _ORDER[file.path.rpartition("/")[2]]))


def shortened(name: str, text: str) -> str:
    """Return of a file's text the lines that matter; an ellipsis stands for the rest."""
    lines = text.splitlines()
    kept = [line for line in lines if name not in LINES or line.split(" ")[0] in LINES[name]]
    cut = kept[:MOST_LINES]
    return "\n".join([*cut, *(["…"] if len(cut) < len(lines) else [])])
