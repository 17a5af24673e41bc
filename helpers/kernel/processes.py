"""Processes from /proc: what they are called, whose children they are, what they may do.

A process names itself as it likes, so nothing is read from where a name may stand: of
/proc/PID/stat all that counts comes after the last parenthesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import Call, Files
from helpers.kernel.namespaces import process_ids, refused
from helpers.records.host import Unavailable
from helpers.records.processes import (
    CapabilitySets,
    Confinement,
    Ids,
    Label,
    Process,
    SeccompMode,
    Stat,
    Status,
)
from helpers.text import _

CMDLINE_LIMIT: Final = 4096  # bytes of one process's arguments

# linux/capability.h: the number of each is its place
_NAMES: Final = """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
    net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio
    sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time
    sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
    wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
"""
CAPABILITIES: Final = tuple(f"cap_{name}" for name in _NAMES.split())
_SECCOMP: Final[dict[str, SeccompMode]] = {"0": "disabled", "1": "strict", "2": "filter"}
_KERNEL_THREAD: Final = 0x00200000  # PF_KTHREAD


# -- text to records


def capability_names(mask: int) -> frozenset[str]:
    """Return the names in a set of capabilities; "cap_41" for one that has no name here."""
    return frozenset(
        CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"cap_{bit}"
        for bit in range(mask.bit_length())
        if mask >> bit & 1
    )


def parse_stat(text: bytes) -> Stat:
    """Parse /proc/PID/stat, whatever the process is called. Raises Garbled."""
    before, mark, after = text.rpartition(b")")
    number, bracket, comm = before.partition(b" (")
    fields = after.split()
    if not mark or not bracket or len(fields) < 20 or len(fields[0]) != 1:
        raise Garbled("/proc/PID/stat", text)
    try:
        pid, numbers = _number(number), [_number(each) for each in fields[1:20]]
    except ValueError:
        raise Garbled("/proc/PID/stat", text) from None
    return Stat(
        pid=pid,
        comm=comm.decode("utf-8", "surrogateescape"),
        state=fields[0].decode("latin-1"),
        ppid=numbers[0],
        pgrp=numbers[1],
        session=numbers[2],
        utime=numbers[10],
        stime=numbers[11],
        num_threads=numbers[16],
        starttime=numbers[18],
        kernel=bool(numbers[5] & _KERNEL_THREAD),
    )


def _number(text: bytes | str) -> int:
    """Return a number of the kernel's. Raises ValueError; int() would allow "1_0" and " 1"."""
    digits = text.decode("latin-1") if isinstance(text, bytes) else text
    plain = digits.removeprefix("-")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 20):
        raise ValueError(digits)
    return int(digits)


def parse_cmdline(text: bytes) -> tuple[str, ...]:
    """Parse /proc/PID/cmdline. One that a process wrote over itself is a single argument."""
    if not text:
        return ()
    arguments = text.removesuffix(b"\0").split(b"\0")
    return tuple(each.decode("utf-8", "surrogateescape") for each in arguments)


def parse_status(text: bytes) -> Status:
    """Parse /proc/PID/status. Raises Garbled."""
    whole = text.decode("utf-8", "surrogateescape")
    # The kernel writes newlines in a name as \n, so that each line is one field.
    fields = {
        name: value.strip(" \t")
        for name, mark, value in (line.partition(":") for line in whole.split("\n"))
        if mark
    }
    try:
        return _status(fields, whole)
    except (KeyError, ValueError):
        raise Garbled("/proc/PID/status", text) from None


def _status(fields: dict[str, str], raw: str) -> Status:
    pid = _number(fields["Pid"])
    return Status(
        pid=pid,
        ppid=_number(fields["PPid"]),
        uid=_ids(fields["Uid"]),
        gid=_ids(fields["Gid"]),
        groups=tuple(_number(each) for each in fields.get("Groups", "").split()),
        ns_pid=tuple(_number(each) for each in fields.get("NSpid", str(pid)).split()),
        capabilities=CapabilitySets(
            inheritable=_capabilities(fields, "CapInh"),
            permitted=_capabilities(fields, "CapPrm"),
            effective=_capabilities(fields, "CapEff"),
            bounding=_capabilities(fields, "CapBnd"),
            ambient=_capabilities(fields, "CapAmb"),
        ),
        seccomp=_SECCOMP.get(fields["Seccomp"], _absent()) if "Seccomp" in fields else _absent(),
        seccomp_filters=_optional(fields, "Seccomp_filters"),
        no_new_privs=_flag(_optional(fields, "NoNewPrivs")),
        raw=raw,
    )


def _absent() -> Unavailable:
    return Unavailable(_("This kernel does not tell."))


def _optional(fields: dict[str, str], name: str) -> int | Unavailable:
    return _number(fields[name]) if name in fields else _absent()


def _flag(number: int | Unavailable) -> bool | Unavailable:
    return number if isinstance(number, Unavailable) else bool(number)


def _ids(text: str) -> Ids:
    real, effective, saved, fs = (_number(each) for each in text.split())
    return Ids(real, effective, saved, fs)


def _capabilities(fields: dict[str, str], name: str) -> frozenset[str]:
    text = fields.get(name, "0")
    if not text or set(text) - set("0123456789abcdef") or len(text) > 16:
        raise ValueError(text)
    return capability_names(int(text, 16))


def parse_label(text: bytes, modules: Sequence[str] = ()) -> Label | Unavailable:
    """Parse /proc/PID/attr/current. modules: what /sys/kernel/security/lsm lists."""
    said = text.rstrip(b"\0\n").decode("utf-8", "surrogateescape")
    if not said:
        return Unavailable(_("No security module labels processes here."))
    name, mark, mode = said.rpartition(" (")
    if mark and mode.endswith(")"):
        return Label("apparmor", name, mode[:-1])
    known = [each for each in ("apparmor", "selinux", "smack") if each in modules]
    if said == "unconfined" and "apparmor" in known:
        return Label("apparmor", said)
    if said.count(":") >= 3 and (not known or "selinux" in known):
        return Label("selinux", said)
    return Label(known[0] if len(known) == 1 else "", said)


# -- files to records


def read_processes(files: Files, pids: Sequence[int] | None = None) -> tuple[Process, ...]:
    """Return all processes, or `pids`, in order; one that has gone is left out.

    Raises OSError where /proc cannot be read, Garbled.
    """
    wanted = process_ids(files) if pids is None else pids
    calls = []
    for pid in wanted:
        calls.append(Call("read", {"path": f"/proc/{pid}/stat"}))
        calls.append(Call("read", {"path": f"/proc/{pid}/cmdline", "limit": CMDLINE_LIMIT}))
    answers = files.many(calls)
    found = []
    for stat, cmdline in zip(answers[::2], answers[1::2], strict=True):
        if isinstance(stat, bytes):
            arguments = parse_cmdline(cmdline) if isinstance(cmdline, bytes) else ()
            found.append(Process(parse_stat(stat), arguments))
    return tuple(found)


def read_status(files: Files, pid: int) -> Status | Unavailable:
    """Return ids, capabilities and seccomp of a process. Raises Garbled."""
    try:
        return parse_status(files.read(f"/proc/{pid}/status"))
    except OSError as error:
        return refused(error)


def read_confinement(files: Files, pid: int) -> Confinement | Unavailable:
    """Return all that bounds a process beside namespaces and cgroups. Raises Garbled."""
    status = read_status(files, pid)
    if isinstance(status, Unavailable):
        return status
    return Confinement(status, read_label(files, pid))


def read_label(files: Files, pid: int) -> Label | Unavailable:
    """Return the label that a security module gives a process."""
    try:
        modules = files.read("/sys/kernel/security/lsm").decode("ascii", "replace").strip()
    except OSError:
        modules = ""  # securityfs is not mounted everywhere
    for path in ("attr/apparmor/current", "attr/current"):
        try:
            return parse_label(files.read(f"/proc/{pid}/{path}"), modules.split(","))
        except OSError as error:
            last = error
    if isinstance(last, PermissionError | FileNotFoundError | ProcessLookupError):
        return refused(last)
    return Unavailable(_("No security module labels processes here."))
