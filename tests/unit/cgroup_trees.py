"""Fake machines for the readers of control groups: v2, v1 and hybrid, under a root folder."""

from __future__ import annotations

from pathlib import Path

ID = "5f2d" * 16
PSI = "some avg10=1.50 avg60=0.20 avg300=0.00 total=4242\n"
PSI += "full avg10=0.50 avg60=0.10 avg300=0.00 total=1111\n"

V2 = {
    "cgroup.procs": "77\n",
    "cpu.stat": "usage_usec 900\nuser_usec 600\nsystem_usec 300\nnice_usec 0\n"
    "core_sched.force_idle_usec 0\nnr_periods 40\nnr_throttled 10\nthrottled_usec 5000\n",
    "cpu.max": "50000 100000\n",
    "cpu.weight": "100\n",
    "memory.current": "8192\n",
    "memory.peak": "16384\n",
    "memory.high": "max\n",
    "memory.max": "1048576\n",
    "memory.stat": "anon 4096\nfile 2048\nkernel 512\nshmem 8\ninactive_file 1024\n"
    "active_file 1000\n",
    "memory.events": "low 0\nhigh 3\nmax 4\noom 2\noom_kill 1\noom_group_kill 0\n",
    "pids.current": "3\n",
    "pids.max": "100\n",
    "pids.events": "max 7\n",
    "cpu.pressure": PSI,
    "memory.pressure": PSI,
    "io.pressure": PSI,
    "io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n",
}
V1 = {
    "cpu": {
        "cpu.stat": "nr_periods 40\nnr_throttled 10\nthrottled_time 5000000\n",
        "cpu.cfs_quota_us": "50000\n",
        "cpu.cfs_period_us": "100000\n",
        "cpu.shares": "1024\n",
    },
    "cpuacct": {
        "cpuacct.usage": "900000\n",
        "cpuacct.usage_user": "600000\n",
        "cpuacct.usage_sys": "300000\n",
    },
    "memory": {
        "memory.usage_in_bytes": "8192\n",
        "memory.max_usage_in_bytes": "16384\n",
        "memory.limit_in_bytes": "1048576\n",
        "memory.failcnt": "3\n",
        "memory.memsw.failcnt": "1\n",
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
        "memory.stat": "cache 1\nrss 1\ntotal_cache 2048\ntotal_rss 4096\n"
        "total_inactive_file 1024\ntotal_active_file 1000\ntotal_shmem 8\n",
    },
    "pids": {"pids.current": "3\n", "pids.max": "100\n", "pids.events": "max 7\n"},
    "blkio": {
        "blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 8192\n"
        "8:0 Sync 12288\n8:0 Total 12288\nTotal 12288\n",
        "blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\nTotal 3\n",
    },
}


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def process(root: Path, pid: int, membership: str) -> None:
    write(root / "proc" / str(pid), {"cgroup": membership})


def mounts(root: Path, *lines: str) -> None:
    """Write pid 1's mountinfo. lines: "ROOT POINT TYPE OPTIONS"."""
    text = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    for number, line in enumerate(lines, 30):
        at, point, kind, options = line.split(" ")
        text += (
            f"{number} 21 0:{number} {at} {point} rw,nosuid shared:9 - {kind} {kind} {options}\n"
        )
    write(root / "proc" / "1", {"mountinfo": text})


def v2(root: Path, path: str = f"/docker/{ID}", pid: int = 77) -> Path:
    """Make a v2 machine with one container; return its folder."""
    mounts(root, "/ /sys/fs/cgroup cgroup2 rw,nsdelegate")
    folder = root / "sys/fs/cgroup" / path.lstrip("/")
    write(folder, V2)
    process(root, pid, f"0::{path}\n")
    return folder


def v1(root: Path, path: str = f"/docker/{ID}", pid: int = 77, unified: str = "") -> Path:
    """Make a v1 machine with one container; return the folder its controllers' trees are in.

    unified: the container's path in a v2 tree beside them, which makes it a hybrid machine.
    """
    base = root / "sys/fs/cgroup"
    names = {"cpu": "cpu,cpuacct", "memory": "memory", "pids": "pids", "blkio": "blkio"}
    lines = [f"/ /sys/fs/cgroup/{name} cgroup rw,{options}" for name, options in names.items()]
    member = "12:name=systemd:/init.scope\n"
    for name, options in names.items():
        tree = base / name / path.lstrip("/")
        for controller in options.split(","):
            write(tree, V1[controller])
        member += f"{len(member)}:{options}:{path}\n"
    lines.append("/ /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd")
    if unified:
        lines.append("/ /sys/fs/cgroup/unified cgroup2 rw")
        member += f"0::{unified}\n"
        tree = base / "unified" / unified.lstrip("/")
        shown = {k: v for k, v in V2.items() if k.endswith("pressure") or k == "cgroup.procs"}
        write(tree, {**shown, "cpu.stat": "usage_usec 900\nuser_usec 600\nsystem_usec 300\n"})
    mounts(root, *lines)
    process(root, pid, member)
    return base
