#!/usr/bin/env python3
"""A container from scratch:  container.py STEP,STEP,... COMMAND [ARGUMENT ...]

Run in a folder with `image`, which holds an image's files, and `upper`, `work` and `root`, empty.
Standard library only: it runs in the workshop, a container of its own.
"""

import os
import socket
import sys
from ctypes import CDLL, get_errno
from pathlib import Path

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWPID, NEWNET = (  # <linux/sched.h>
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x20000000, 0x40000000,
)  # fmt: skip
REC, PRIVATE, DETACH = 0x4000, 0x40000, 2  # <sys/mount.h>
LIBRARY = CDLL(None, use_errno=True)


def kernel(call, *arguments):
    """Call the kernel; an error becomes an exception."""
    if getattr(LIBRARY, call)(*arguments) == -1:
        raise OSError(get_errno(), f"{call}: {os.strerror(get_errno())}")


def limit():
    """How much may it use? No more than twenty processes."""
    groups = Path("/sys/fs/cgroup")
    group = groups / "scratch" if (groups / "cgroup.procs").exists() else groups / "pids/scratch"
    group.mkdir(exist_ok=True)
    (group / "pids.max").write_text("20")
    (group / "cgroup.procs").write_text("0")  # 0: whoever writes


def names():
    """What is it called?"""
    kernel("unshare", NEWUTS)
    socket.sethostname("scratch")


def processes():
    """Whom does it see? The next child is number 1; we wait, and end as it ended."""
    kernel("unshare", NEWPID)
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def files():
    """Which files does it see? An image's, and what it writes goes to a folder of its own."""
    kernel("unshare", NEWNS)
    kernel("mount", None, b"/", None, REC | PRIVATE, None)
    layers = b"lowerdir=image,upperdir=upper,workdir=work"
    kernel("mount", b"overlay", b"root", b"overlay", 0, layers)
    os.chdir("root")
    Path("old").mkdir(exist_ok=True)
    kernel("pivot_root", b".", b"old")
    os.chdir("/")
    kernel("mount", b"proc", b"/proc", b"proc", 0, None)
    kernel("umount2", b"/old", DETACH)
    Path("old").rmdir()


def apart():
    """Whom can it talk to? Nobody: no network but an empty one, no shared memory."""
    kernel("unshare", NEWNET | NEWIPC | NEWCGROUP)


wanted, command = sys.argv[1].split(","), sys.argv[2:]
for step in (limit, names, processes, files, apart):
    if step.__name__ in wanted:
        step()
os.execvp(command[0], command)
