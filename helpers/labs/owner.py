"""Whose a lab's object is: the process that made it, and whether that process still lives.

An owner is written `host/boot/pid/start` so that a later process on the same machine can
tell remains of a dead run from the work of a living one, even after pids are reused or
the machine was started anew. What another machine made on a shared engine is never
called dead.
"""

from __future__ import annotations

import os
import socket

import psutil


def current() -> str:
    """Return the owner string of this process."""
    return of(os.getpid())


def of(pid: int) -> str:
    """Return the owner string of the process `pid`. Raises psutil.NoSuchProcess."""
    start = int(psutil.Process(pid).create_time())
    return f"{_host()}/{_boot()}/{pid}/{start}"


def _host() -> str:
    return socket.gethostname().replace("/", "-")


def _boot() -> int:
    # The boot time that the kernel derives from its clock may shift by a second or two.
    return round(psutil.boot_time() / 60)


def is_dead(owner: str) -> bool:
    """Tell whether the owning process has surely gone. Unreadable owners count as dead."""
    host, boot, pid, start = (owner.split("/") + [""] * 4)[:4]
    if not (boot.isdigit() and pid.isdigit() and start.isdigit()):
        return True
    if host != _host():
        return False  # another machine's run: not ours to judge
    if abs(int(boot) - _boot()) > 1:
        return True
    try:
        return abs(int(psutil.Process(int(pid)).create_time()) - int(start)) > 1
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
