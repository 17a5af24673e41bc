"""Where a container's control group is: from /proc/PID/cgroup and mountinfo, no engine asked.

The same for every driver: cgroupfs, systemd slices, rootless user slices, Podman's libpod,
Kubernetes' kubepods. Also from within a cgroup namespace, where paths begin with `/..`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from helpers.errors import LabError
from helpers.kernel.files import Files
from helpers.records.cgroups import Cgroup, Driver, Engine, Membership, Mount, Owner, Version
from helpers.records.host import Unavailable
from helpers.text import _

MOST_SEARCHED: Final = 2000  # folders looked at for a process that only its number identifies

_ID: Final = re.compile(r"(?:(?P<prefix>[a-z][a-z-]*)-)?(?P<id>[0-9a-f]{64})(?:\.scope)?")
_LXC: Final = re.compile(r"lxc\.payload\.(?P<id>.+)")
_NSPAWN: Final = re.compile(r"machine-(?P<id>.+)\.scope|systemd-nspawn@(?P<unit>.+)\.service")
_POD: Final = re.compile(r"(?:[a-z]+-)*pod(?P<uid>[0-9a-f][0-9a-f_-]{31,35})")
_ENGINES: Final[dict[str, Engine]] = {
    "docker": "docker",
    "libpod": "podman",
    "crio": "cri-o",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
}
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class Garbled(LabError):
    """A kernel file holds other text than it should."""

    def __init__(self, what: str, text: bytes | str) -> None:
        shown = ascii(text[:60])
        super().__init__(
            _("{what} reads otherwise than expected: {text}").format(what=what, text=shown),
            remedy=_("Please report it with the output of `labs doctor`."),
        )


# -- text to records


def parse_membership(text: bytes) -> tuple[Membership, ...]:
    """Parse /proc/PID/cgroup. Raises Garbled."""
    found = []
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        number, _mark, rest = line.partition(":")
        names, mark, path = rest.partition(":")
        if not (number.isascii() and number.isdigit() and len(number) < 10) or not mark:
            raise Garbled("/proc/PID/cgroup", text)
        path = path.removesuffix(" (deleted)")
        found.append(Membership(int(number), tuple(filter(None, names.split(","))), path))
    return tuple(found)


def parse_mounts(text: bytes) -> tuple[Mount, ...]:
    """Parse the cgroup mounts of a mountinfo file. Lines of other file systems are passed over."""
    found = []
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        before, mark, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if not mark or len(fields) < 6 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        root, point = unescape(fields[3]), unescape(fields[4])
        if kind[0] == "cgroup2":
            found.append(Mount("v2", root, point, ()))
        else:
            options = kind[2].split(",") if len(kind) > 2 else []
            found.append(Mount("v1", root, point, tuple(o for o in options if o in V1)))
    return tuple(found)


V1: Final = frozenset(
    ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "devices", "freezer", "hugetlb"]
)


def unescape(text: str) -> str:
    """Undo the octal escapes (`\\040` for a blank) of mountinfo."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)


def identify(path: str) -> Owner | None:
    """Tell whose cgroup a path names; None where it is no container's.

    A container in a container is the inner one's.
    """
    parts = [part for part in path.split("/") if part]
    for depth in range(len(parts), 0, -1):
        part, parent = parts[depth - 1], parts[depth - 2] if depth > 1 else ""
        named = _named(part, parent)
        if named is not None:
            pods = [_POD.fullmatch(each.removesuffix(".slice")) for each in parts[: depth - 1]]
            uid = next((pod["uid"].replace("_", "-") for pod in reversed(pods) if pod), "")
            driver: Driver = "systemd" if part.endswith((".scope", ".service")) else "cgroupfs"
            rootless = "user.slice" in parts[: depth - 1]
            return Owner(named[0], driver, named[1], uid, rootless, depth)
    return None


def _named(part: str, parent: str) -> tuple[Engine, str] | None:
    """Return engine and container that one component of a path names."""
    if found := _ID.fullmatch(part):
        prefix = found["prefix"] or ""
        if prefix.endswith("conmon"):
            return None  # Podman's supervisor has a scope of its own
        guess = _ENGINES.get(prefix or parent.removesuffix("_parent"))
        if guess is None and not prefix and _POD.fullmatch(parent):
            guess = "containerd"
        return guess or "unknown", found["id"]
    if found := _LXC.fullmatch(part):
        return "lxc", found["id"]
    if parent == "lxc":
        return "lxc", part
    if found := _NSPAWN.fullmatch(part):
        return "nspawn", found["id"] or found["unit"]
    return None


assert set(_ENGINES.values()) <= set(get_args(Engine))


# -- paths within namespaces


def _split(path: str) -> tuple[int, list[str]]:
    """Return how many levels a path leads up, and the names after that."""
    parts = [part for part in path.split("/") if part and part != "."]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    return ups, parts[ups:]


def below(root: str, path: str) -> str | int | None:
    """Return where `path` lies below a mount whose root is `root`: "" or "/a/b".

    Both count from the same cgroup namespace. None: the mount does not show it. A number: it
    lies that many levels down, by names that the namespace hides.
    """
    ups_root, names_root = _split(root)
    ups, names = _split(path)
    if ".." in names or ".." in names_root or ups > ups_root:
        return None
    if ups < ups_root:
        return None if names_root else ups_root - ups
    if names[: len(names_root)] != names_root:
        return None
    return "".join(f"/{name}" for name in names[len(names_root) :])


# -- looking


def find(files: Files, pid: int, *, whole: bool = True) -> Cgroup | Unavailable:
    """Return the cgroup of process `pid`.

    whole: that of the container it belongs to, where its engine or an init in it has put the
    process deeper (Podman's `container`, systemd's `init.scope`). Raises OSError when the
    process is gone, Garbled.
    """
    member = parse_membership(files.read(f"/proc/{pid}/cgroup"))
    mounts = hierarchies(files)
    if not mounts:
        return Unavailable(_("no cgroup hierarchy is mounted"))
    main = _main_path(member)
    owner = identify(main) if whole else None
    folders: dict[str, str] = {}
    for line in member:
        path = _cut(line.path, owner)
        if path is None:
            continue  # the engine left the process elsewhere in this hierarchy
        folder = _folder(files, [mount for mount in mounts if _shows(mount, line)], path, pid)
        if folder is not None:
            folders |= dict.fromkeys(line.controllers or [""], folder)
    if not folders:
        return Unavailable(_("this process's cgroup lies outside of what is mounted here"))
    return Cgroup(_version(folders), _cut(main, owner) or "/", tuple(sorted(folders.items())))


def _shows(mount: Mount, line: Membership) -> bool:
    if line.hierarchy == 0:
        return mount.version == "v2"
    return mount.version == "v1" and set(mount.controllers) == set(line.controllers)


def hierarchies(files: Files) -> tuple[Mount, ...]:
    """Return the cgroup hierarchies mounted where the agent looks. Raises OSError."""
    return parse_mounts(files.read(f"/proc/{files.viewer}/mountinfo", 1 << 22))


def _main_path(member: tuple[Membership, ...]) -> str:
    """Return the path that names the cgroup best: memory's, else v2's, else the longest."""
    by_controller = {name: line.path for line in member for name in line.controllers}
    v2 = [line.path for line in member if line.hierarchy == 0]
    if "memory" in by_controller:
        return by_controller["memory"]
    paths = v2 or sorted((line.path for line in member), key=len, reverse=True)
    return paths[0] if paths else "/"


def _cut(path: str, owner: Owner | None) -> str | None:
    """Return a path as far as it is the owner's own; None where it is not."""
    if owner is None:
        return path or "/"
    here = identify(path)
    if here is None or here.container_id != owner.container_id:
        return None
    return "/" + "/".join([part for part in path.split("/") if part][: here.depth])


def _version(folders: dict[str, str]) -> Version:
    if set(folders) == {""}:
        return "v2"
    return "hybrid" if "" in folders else "v1"


def _folder(files: Files, mounts: list[Mount], path: str, pid: int) -> str | None:
    for mount in mounts:
        place = below(mount.root, path)
        if isinstance(place, str):
            folder = mount.point.rstrip("/") + place
            try:
                files.stat(folder or "/")
            except OSError:
                continue
            return folder
        if isinstance(place, int):
            names = "".join(f"/{name}" for name in _split(path)[1])
            for candidate in _levels_down(files, mount.point, place):
                if _holds(files, candidate + names, pid):
                    return candidate + names
    return None


def _levels_down(files: Files, folder: str, levels: int) -> Iterator[str]:
    """Yield folders that lie a number of levels below `folder`."""
    waiting, looked = [(folder, levels)], 0
    while waiting and looked < MOST_SEARCHED:
        here, left = waiting.pop()
        looked += 1
        if left == 0:
            yield here
            continue
        try:
            names = files.names(here)
        except OSError:
            continue
        waiting += [(f"{here}/{name}", left - 1) for name in names if not _is_file(name)]


def _is_file(name: str) -> bool:
    return name.split(".")[0] in V1 | {"cgroup", "io", "rdma", "misc", "irq", "dmem"} or name in (
        "tasks",
        "notify_on_release",
        "release_agent",
    )


def _holds(files: Files, folder: str, pid: int) -> bool:
    try:
        return str(pid).encode() in files.read(f"{folder}/cgroup.procs").split()
    except OSError:
        return False
