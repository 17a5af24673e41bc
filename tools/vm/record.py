"""Record real control groups: run containers that meet their limits, and copy what the kernel
shows of them. Prints JSON: {"cases": {name: {"pid": ..., "files": {path: text}}}}.

Runs in the machine of `tools.vm`; by hand `python -m tools.vm.record` on any Linux machine.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.errors import MissingNeed
from helpers.host import cgroup_mode, look_for_engine
from helpers.kernel.cgroups import Plan, detail, find
from helpers.kernel.files import LocalFiles
from helpers.labs import owner
from helpers.records.cgroups import Cgroup, MemoryEvents
from helpers.records.host import Unavailable
from helpers.records.labels import RunLabels
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

LIMITS: Final[dict[str, Any]] = {
    "nano_cpus": 200_000_000,
    "mem_limit": "64m",
    "memswap_limit": "64m",
    "pids_limit": 20,
}
SCRIPTS: Final = {
    "idle": "sleep 600",
    "busy": "while :; do :; done",
    "killed": "tail -c 100000000 /dev/zero | tail; sleep 600",
    "writing": "dd if=/dev/zero of=/file bs=64k count=64 conv=fsync 2>&-; sleep 600",
}
WITHIN: Final = "cat /proc/self/cgroup; echo; grep cgroup2 /proc/self/mountinfo; sleep 600"


def start(client: DockerClient, script: str, **options: Any) -> Container:
    """Start a container of ours."""
    marks = RunLabels("tools/vm", "d001", owner.current()).as_dict()
    made = client.containers.create(
        images.reference("busybox"), ["sh", "-c", script], labels=marks, **options
    )
    made.start()
    made.reload()
    return made


def copy(files: LocalFiles, pid: int, cgroup: Cgroup) -> dict[str, Any]:
    """Copy what the kernel shows of a process's cgroup."""
    paths = [f"/proc/{pid}/cgroup"]
    for _controller, folder in cgroup.folders:
        paths += [f"{folder}/{name}" for name in sorted(files.names(folder))]
    found = {}
    for path in paths:
        try:
            found[path] = files.read(path, 1 << 16).decode()
        except OSError:
            continue  # folders, and files one can only write
    mounts = files.read("/proc/self/mountinfo").decode().splitlines(keepends=True)
    found["/proc/1/mountinfo"] = "".join(line for line in mounts if " - cgroup" in line)
    return {"pid": pid, "files": found}


def await_kill(files: LocalFiles, cgroup: Cgroup) -> None:
    """Wait until a process of the cgroup was killed for want of memory."""
    plan = Plan.of(cgroup)

    def killed() -> bool:
        events = detail(files, [plan])[0].memory_events
        return isinstance(events, MemoryEvents) and events.oom_kill == 1

    wait_until(killed, what="a process killed for want of memory", seconds=120)


def record(client: DockerClient) -> dict[str, Any]:
    """Return all cases. Raises LabError."""
    files = LocalFiles()
    cases: dict[str, Any] = {}
    for name, script in SCRIPTS.items():
        container = start(client, script, **LIMITS)
        try:
            pid = container.attrs["State"]["Pid"]
            cgroup = find(files, pid)
            assert isinstance(cgroup, Cgroup), cgroup
            if name == "killed":
                await_kill(files, cgroup)
            else:
                time.sleep(3)  # for it to do what it does
            cases[name] = copy(files, pid, cgroup)
        finally:
            container.remove(force=True)
    if cgroup_mode() == "v2":
        cases["within"] = within(client)
    files.close()
    return cases


def within(client: DockerClient) -> dict[str, Any]:
    """Return what a container with a cgroup namespace of its own sees of itself."""
    container = start(client, WITHIN, cgroupns="private")
    try:
        seen = wait_until(container.logs, lambda text: b" - cgroup2 " in text, what="its output")
    finally:
        container.remove(force=True)
    membership, _mark, mounts = seen.decode().partition("\n\n")
    return {
        "pid": 7,
        "files": {"/proc/7/cgroup": membership + "\n", "/proc/1/mountinfo": mounts},
    }


def main() -> int:
    """Print the cases as JSON."""
    engine = look_for_engine()
    if isinstance(engine, Unavailable):
        raise MissingNeed(engine.reason, remedy=engine.remedy)
    with closing(open_client(engine.endpoint)) as client:
        print(json.dumps({"cases": record(client)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
