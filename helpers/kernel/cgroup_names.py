"""Where the kernel keeps, of a control group, what cgroup v2 calls `memory.max` or `cpu.stat`.

    names.paths(cgroup, "cpu.max")     v1: (".../cpu.cfs_quota_us", ".../cpu.cfs_period_us")

For those who show the file itself; what reads figures is cgroups.py.
"""

from __future__ import annotations

from typing import Final

from helpers.records.cgroups import Cgroup

# v2's name -> (controller of v1, its file); what is missing here is called the same in both
V1: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "cpu.max": (("cpu", "cpu.cfs_quota_us"), ("cpu", "cpu.cfs_period_us")),
    "cpu.weight": (("cpu", "cpu.shares"),),
    "cpu.stat": (("cpu", "cpu.stat"), ("cpuacct", "cpuacct.usage")),
    "memory.current": (("memory", "memory.usage_in_bytes"),),
    "memory.peak": (("memory", "memory.max_usage_in_bytes"),),
    "memory.low": (("memory", "memory.soft_limit_in_bytes"),),
    "memory.max": (("memory", "memory.limit_in_bytes"),),
    "memory.events": (("memory", "memory.oom_control"), ("memory", "memory.failcnt")),
    "io.stat": (("blkio", "blkio.throttle.io_service_bytes_recursive"),),
    "io.max": (
        ("blkio", "blkio.throttle.read_bps_device"),
        ("blkio", "blkio.throttle.write_bps_device"),
    ),
}
NOT_IN_V1: Final = ("memory.high",)
# Of the whole group whatever the version: the v2 tree has it for every cgroup in it.
ONLY_V2: Final = ("cpu.pressure", "memory.pressure", "io.pressure")


def paths(cgroup: Cgroup, name: str) -> tuple[str, ...]:
    """Return the files that hold what v2 calls `name`; none where this kernel has no such thing."""
    folders = dict(cgroup.folders)
    controller = {"io": "blkio"}.get(name.partition(".")[0], name.partition(".")[0])
    if name in ONLY_V2 or name.startswith("cgroup.") or controller not in folders:
        return (f"{folders['']}/{name}",) if "" in folders else ()
    if name in NOT_IN_V1:
        return ()
    found = V1.get(name, ((controller, name),))
    return tuple(f"{folders[part]}/{file}" for part, file in found if part in folders)
