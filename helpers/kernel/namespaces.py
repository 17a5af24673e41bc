"""Which namespaces processes are in, from /proc/PID/ns; and whose those are.

for each in read_namespaces(files): each.pid, each.inodes["net"]
owner(files, 4711, "net").user
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import Call, Files, LocalFiles
from helpers.records.host import Unavailable
from helpers.records.namespaces import (
    KINDS,
    ClockOffsets,
    IdMaps,
    IdRange,
    Kind,
    Namespace,
    Ownership,
    ProcessNamespaces,
)
from helpers.text import _

_LINK: Final = re.compile(r"([a-z]+):\[([0-9]{1,20})\]", re.ASCII)
_KINDS: Final = {str(kind): kind for kind in KINDS}
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
# ioctl_ns(2)
_USERNS, _PARENT, _OWNER_UID = 0xB701, 0xB702, 0xB704
_OF_CHILDREN: Final[dict[str, Kind]] = {"pid_for_children": "pid", "time_for_children": "time"}


# -- text to records


def parse_link(text: str) -> Namespace:
    """Parse where a link of /proc/PID/ns leads: `net:[4026531840]`. Raises Garbled."""
    found = _LINK.fullmatch(text)
    if found is None or found[1] not in _KINDS:
        raise Garbled("/proc/PID/ns", text)
    return Namespace(_KINDS[found[1]], int(found[2]))


def parse_links(pid: int, links: Mapping[str, str]) -> ProcessNamespaces:
    """Return the namespaces that the links of /proc/PID/ns name. Raises Garbled.

    Kinds that came to the kernel after this was written are left out.
    """
    inodes: dict[Kind, int] = {}
    for_children: dict[Kind, int] = {}
    for name, target in links.items():
        kind = _KINDS.get(name)
        if kind is not None:
            seen = parse_link(target)
            if seen.kind != kind:
                raise Garbled("/proc/PID/ns", target)
            inodes[kind] = seen.inode
        elif name in _OF_CHILDREN:
            for_children[_OF_CHILDREN[name]] = parse_link(target).inode
    return ProcessNamespaces(pid, inodes, for_children)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20


def parse_id_map(text: bytes) -> tuple[IdRange, ...]:
    """Parse uid_map or gid_map. Raises Garbled."""
    found = []
    for line in text.split(b"\n"):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not all(_digits(each.decode("latin-1")) for each in fields):
            raise Garbled("/proc/PID/uid_map", text)
        found.append(IdRange(*map(int, fields)))
    return tuple(found)


def parse_clock_offsets(text: bytes) -> ClockOffsets:
    """Parse timens_offsets. Raises Garbled."""
    found: dict[bytes, int] = {}
    for line in text.split(b"\n"):
        fields = line.split()
        if not fields:
            continue
        numbers = [each.decode("latin-1") for each in fields[1:]]
        if len(numbers) != 2 or not all(_NUMBER.fullmatch(each) for each in numbers):
            raise Garbled("/proc/PID/timens_offsets", text)
        found[fields[0]] = int(numbers[0]) * 10**9 + int(numbers[1])
    if not {b"monotonic", b"boottime"} <= set(found):
        raise Garbled("/proc/PID/timens_offsets", text)
    return ClockOffsets(found[b"monotonic"], found[b"boottime"])


# -- files to records


def process_ids(files: Files) -> tuple[int, ...]:
    """Return the numbers of all processes, in order. Raises OSError."""
    return tuple(sorted([int(name) for name in files.names("/proc") if _digits(name)]))


def read_namespaces(
    files: Files, pids: Sequence[int] | None = None, *, for_children: bool = False
) -> tuple[ProcessNamespaces, ...]:
    """Return the namespaces of all processes, or of `pids`; one that has gone is left out.

    for_children: look also where the next child of each will be. Raises OSError where /proc
    cannot be read, Garbled.
    """
    wanted = process_ids(files) if pids is None else pids
    names = (*KINDS, *_OF_CHILDREN) if for_children else KINDS
    # Nearly all processes share all their namespaces: what reads the same is parsed once.
    known: dict[tuple[str | None, ...], ProcessNamespaces] = {}
    found = []
    last, same = None, None
    for pid, row in zip(wanted, files.namespaces(wanted, names), strict=True):
        if same is not None and row is last:
            found.append(ProcessNamespaces(pid, same.inodes, same.for_children))
            continue
        if isinstance(row, OSError):
            if not isinstance(row, FileNotFoundError | ProcessLookupError):
                found.append(ProcessNamespaces(pid, {}, {}, refused(row)))
            continue
        links = tuple(row)
        last, same = row, known.get(links)
        if same is None:
            there = {name: link for name, link in zip(names, links, strict=True) if link}
            same = known[links] = parse_links(pid, there)
        found.append(ProcessNamespaces(pid, same.inodes, same.for_children))
    return tuple(found)


def refused(error: Any) -> Unavailable:
    """Return an error of the kernel's as a reason."""
    if isinstance(error, PermissionError):
        return Unavailable(
            _("The kernel shows this only to who may do all that the process may do."),
            _("Run JupyterLab as root, or let the lab use its probe container."),
        )
    return Unavailable(str(getattr(error, "strerror", None) or error))


def read_id_maps(files: Files, pid: int) -> IdMaps | Unavailable:
    """Return how a process's user namespace maps ids. Raises Garbled."""
    names = ("uid_map", "gid_map", "setgroups")
    calls = [Call("read", {"path": f"/proc/{pid}/{name}"}) for name in names]
    uid, gid, setgroups = files.many(calls)
    if not isinstance(uid, bytes) or not isinstance(gid, bytes):
        return refused(uid if not isinstance(uid, bytes) else gid)
    said = (
        setgroups.decode("ascii", "replace").strip()
        if isinstance(setgroups, bytes)
        else refused(setgroups)
    )
    return IdMaps(parse_id_map(uid), parse_id_map(gid), said)


def read_clock_offsets(files: Files, pid: int) -> ClockOffsets | Unavailable:
    """Return what a process's time namespace adds to its clocks. Raises Garbled."""
    try:
        return parse_clock_offsets(files.read(f"/proc/{pid}/timens_offsets"))
    except OSError as error:
        return refused(error)


# -- whose a namespace is


def owner(files: Files, pid: int, kind: Kind) -> Ownership | Unavailable:
    """Return whose the namespace of one kind is that a process is in.

    The kernel answers that by an ioctl alone, so only where `files` are this machine's own.
    """
    if not (isinstance(files, LocalFiles) and files.viewer == "self"):
        return Unavailable(_("Only a process on the machine itself can ask whose a namespace is."))
    try:
        fd = os.open(f"/proc/{int(pid)}/ns/{_KINDS[kind]}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return refused(error)
    try:
        of_tree = kind in ("pid", "user")
        none = Unavailable(_("Only pid and user namespaces have a parent."))
        maker = Unavailable(_("Only of a user namespace is it known who made it."))
        return Ownership(
            Namespace(kind, os.fstat(fd).st_ino),
            _related(fd, _USERNS),
            _related(fd, _PARENT) if of_tree else none,
            _maker(fd) if kind == "user" else maker,
        )
    finally:
        os.close(fd)


def owners(files: Files, pid: int, kinds: Iterable[Kind] = KINDS) -> tuple[Ownership, ...]:
    """Return whose the namespaces of a process are; those that cannot be told are left out."""
    found = (owner(files, pid, kind) for kind in kinds)
    return tuple(each for each in found if isinstance(each, Ownership))


def _related(fd: int, request: int) -> int | Unavailable:
    try:
        found = fcntl.ioctl(fd, request)
    except PermissionError:
        return Unavailable(_("It lies outside of what this process may see."))
    except OSError as error:
        return refused(error)
    try:
        return os.fstat(found).st_ino
    finally:
        os.close(found)


def _maker(fd: int) -> int | Unavailable:
    answer = bytearray(4)
    try:
        fcntl.ioctl(fd, _OWNER_UID, answer)
    except OSError as error:
        return refused(error)
    return int.from_bytes(answer, "little")
