"""Try what root can do, one act after the other; print each with what the kernel said.

A line: act, the capability it needs, yes or the error. Nothing is changed but this container.
"""

import errno
import fcntl
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

folder = Path(tempfile.mkdtemp())
mine, hers, ours = folder / "mine", Path("/hers"), Path("/ours")
mine.touch()
libc = None


def call(name, *args):
    """Call a function of the C library; raise what it failed with."""
    import ctypes

    global libc
    libc = libc or ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args) != 0:
        raise OSError(ctypes.get_errno(), name)


def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


def low_port():
    with socket.socket() as server:
        server.bind(("", 80))


def keep_the_bit():
    """Without the right the kernel says nothing, and leaves the bit out."""
    ours.chmod(0o2755)
    if not ours.stat().st_mode & stat.S_ISGID:
        raise PermissionError(errno.EPERM, "left out")


def end_hers():
    """her-python belongs to her and is setuid, so this is a process of hers."""
    code = "import os, time; os.setresuid(1000, 1000, 1000); print(flush=True); time.sleep(9)"
    with subprocess.Popen(["/her-python", "-IS", "-c", code], stdout=subprocess.PIPE) as hers:
        hers.stdout.readline()
        try:
            os.kill(hers.pid, signal.SIGKILL)
        except PermissionError:
            subprocess.run(
                ["/her-python", "-IS", "-c", f"import os; os.kill({hers.pid}, 9)"], check=True
            )
            raise


def file_right():
    """A capability for a file, cap_net_raw, as `setcap` stores it (capabilities(7))."""
    os.setxattr(mine, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))


def mount():
    call("mount", b"none", bytes(folder), b"tmpfs", 0, None)


def loopback_mtu():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8922, struct.pack("16si12x", b"lo", 9000))  # SIOCSIFMTU


ACTS = [
    ("give a file away", "CHOWN", lambda: os.chown(mine, 1000, 1000)),
    ("read another's file", "DAC_OVERRIDE", hers.read_bytes),
    ("change its mode", "FOWNER", lambda: hers.chmod(0o600)),
    ("set a group's setgid bit", "FSETID", keep_the_bit),
    ("end another's process", "KILL", end_hers),
    ("become another user", "SETUID", lambda: os.setuid(1000)),
    ("join another group", "SETGID", lambda: os.setgroups([1000])),
    ("give up a capability for good", "SETPCAP", lambda: call("prctl", 24, 25, 0, 0, 0)),
    ("give a program a capability", "SETFCAP", file_right),
    ("open a port below 1024", "NET_BIND_SERVICE", low_port),
    ("make packets by hand", "NET_RAW", raw),
    ("make a device file", "MKNOD",
     lambda: os.mknod(folder / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))),
    ("take another folder for /", "SYS_CHROOT", lambda: os.chroot("/")),
    ("set up a network interface", "NET_ADMIN", loopback_mtu),
    ("mount a file system", "SYS_ADMIN", mount),
    ("set the clock", "SYS_TIME", lambda: time.clock_settime(time.CLOCK_REALTIME, time.time())),
    ("go before all others", "SYS_NICE", lambda: os.nice(-5)),
]  # fmt: skip


def attempt(act):
    """Do it in a child, so that no act changes the next one's chances."""
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


only = sys.argv[1:]
for name, needs, act in ACTS:
    if not only or needs in only:
        code = attempt(act)
        print(name, needs, os.strerror(code) if code else "yes", sep="\t")
