"""All that keeps a process apart, read from the kernel's files; and who runs in a container.

pid = running(files, container.id, ("sleep", "600"))
isolation(files, pid, beside=parent(files, pid)).capabilities
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from typing import Final

from helpers.errors import LabError
from helpers.kernel.cgroup_paths import find
from helpers.kernel.files import Files
from helpers.kernel.mounts import read_mounts
from helpers.kernel.namespaces import read_namespaces, refused
from helpers.kernel.processes import read_processes, read_status
from helpers.records.host import Unavailable
from helpers.records.isolation import Isolation
from helpers.records.namespaces import KINDS, Kind, ProcessNamespaces
from helpers.text import _

DEVICES: Final = ("full", "null", "random", "tty", "urandom", "zero")


def running(files: Files, container_id: str, argv: Sequence[str]) -> int:
    """Return the process of a container that runs `argv`, also in a container within it.

    Raises LabError where there is none, Garbled.
    """
    for process in reversed(read_processes(files)):
        if process.cmdline == tuple(argv) and _belongs(files, process.pid, container_id):
            return process.pid
    raise LabError(
        _("`{command}` does not run in that container.").format(command=" ".join(argv)),
        remedy=_("Run the cells above that start it; then try again."),
    )


def _belongs(files: Files, pid: int, container_id: str) -> bool:
    try:
        return container_id.encode() in files.read(f"/proc/{pid}/cgroup")
    except OSError:  # it has gone
        return False


def parent(files: Files, pid: int) -> int:
    """Return the parent of a process. Raises LabError when it has gone, Garbled."""
    for process in read_processes(files, [pid]):
        return process.ppid
    raise LabError(_("The process {pid} has gone.").format(pid=pid))


def isolation(files: Files, pid: int, beside: int) -> Isolation:
    """Return what keeps process `pid` apart. beside: its starter, or another not put apart.

    Raises LabError when one of the two has gone, OSError, Garbled.
    """
    status = read_status(files, pid)
    pair = read_namespaces(files, [pid, beside])
    if isinstance(status, Unavailable) or len(pair) < 2:
        raise LabError(_("The process {pid} has gone.").format(pid=pid))
    group, most = _limit(files, pid)
    points = [each.point for each in read_mounts(files, pid)]
    return Isolation(
        pid=pid,
        own={kind: _own(pair[0], pair[1], kind) for kind in KINDS},
        user=status.uid.effective,
        capabilities=status.capabilities.effective,
        seccomp=status.seccomp,
        no_new_privs=status.no_new_privs,
        group=group,
        pids_max=most,
        covered=tuple(each for each in points if _covers(each)),
        devices=_devices(files, pid),
        interfaces=parse_interfaces(files.read(f"/proc/{pid}/net/dev")),
    )


def _own(one: ProcessNamespaces, other: ProcessNamespaces, kind: Kind) -> bool | None:
    numbers = one.inodes.get(kind), other.inodes.get(kind)
    return None if None in numbers else numbers[0] != numbers[1]


def _covers(point: str) -> bool:
    return point.startswith(("/proc/", "/sys/")) and not point.startswith("/sys/fs/cgroup")


def _limit(files: Files, pid: int) -> tuple[str | Unavailable, int | Unavailable | None]:
    group = find(files, pid, whole=False)
    folder = group if isinstance(group, Unavailable) else group.folder("pids")
    if folder is None or isinstance(folder, Unavailable):
        why = folder or Unavailable(_("No control group counts processes here."))
        return why, why
    try:
        text = files.read(f"{folder}/pids.max").strip()
    except OSError as error:
        return folder, refused(error)
    return folder, None if text == b"max" else int(text)


def _devices(files: Files, pid: int) -> tuple[str, ...]:
    try:
        found = files.inside(pid).stats("/dev", DEVICES)
    except OSError:
        return ()
    pairs = zip(DEVICES, found, strict=True)
    return tuple(name for name, each in pairs if each is not None and stat.S_ISCHR(each.st_mode))


def parse_interfaces(text: bytes) -> tuple[str, ...]:
    """Return the interfaces that /proc/PID/net/dev lists."""
    lines = text.decode("utf-8", "replace").splitlines()
    return tuple(sorted(line.partition(":")[0].strip() for line in lines if ":" in line))
