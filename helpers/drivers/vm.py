"""Virtual machines of the lab's own: QEMU processes, all below one folder in the run's scratch.

The command line is the lesson, so the notebook writes it; this module has what is no lesson:
a kernel to boot, whether the processor helps, the wires to the outside, and an end. A machine
is known by its folder, which stands in its command line (`wires`), so that what is left after a
crash is found, too (`tidy`).
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Literal

import psutil

from helpers.command import run
from helpers.drivers import background
from helpers.errors import LabError, TimedOut
from helpers.paths import ROOT
from helpers.records.docker import LabObject, Removal
from helpers.text import _
from helpers.waiting import wait_until

Accelerator = Literal["kvm", "tcg"]
FOLDER: Final = "vm"  # in a run's scratch folder
PROGRAM: Final = "qemu-system-x86_64"
READY: Final = "ready"  # what the machine's init writes on its console in the end
PATIENCE: Final = 120.0  # seconds for a machine to boot: an emulated one on a busy computer
TRIAL: Final = 10.0  # seconds for the trial boot with the processor's help
HARDWARE: Final = "-machine q35 -cpu max -m 128 -nodefaults -no-user-config -no-reboot"
INITRAMFS: Final = "initramfs"  # in a machine's place
_USER: Final = re.compile(r"^user\s+(\d+)m\s*([\d.]+)s", re.MULTILINE)
KERNELS: Final = ROOT / ".cache" / "kernel"
# Debian's and Ubuntu's names for "the kernel for virtual machines"
PACKAGES: Final = ("linux-image-cloud-amd64", "linux-image-virtual")

Say = Callable[[str], None]


# -- what to boot


def kernel(say: Say = print) -> Path:
    """Return a kernel for virtual machines, fetched the first time and never installed.

    Where apt cannot: this computer's own. Raises LabError.
    """
    with suppress(StopIteration):
        return next(iter(sorted(KERNELS.glob("vmlinuz-*"))))
    why = ""
    if shutil.which("apt-get"):
        say(_("Fetching a kernel for the virtual machine (27 MB) ..."))
        try:
            return _fetched()
        except LabError as error:
            why = error.what
    own = Path(f"/boot/vmlinuz-{os.uname().release}")
    if os.access(own, os.R_OK):
        return own
    raise LabError(
        _("There is no kernel for the virtual machine. {why}").format(why=why).strip(),
        remedy=_("`apt-get update`, then run the cell again; or make {own} readable.").format(
            own=own
        ),
    )


def _fetched() -> Path:
    KERNELS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KERNELS) as place:
        run(["apt-get", "-q", "download", _package()], cwd=place, timeout=600)
        script = 'dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards "./boot/vmlinuz*"'
        run(["sh", "-c", script], cwd=place)
        (found,) = Path(place, "boot").glob("vmlinuz-*")
        found.chmod(0o644)
        return found.rename(KERNELS / found.name)


def _package() -> str:
    """Return the package with the kernel itself, which others stand for. Raises LabError."""
    for name in PACKAGES:
        printed = run(["apt-cache", "depends", "--recurse", "--important", name], check=False)
        for line in printed.stdout.splitlines():
            words = line.split()
            if len(words) == 2 and words[0] == "Depends:" and words[1].startswith("linux-image-"):
                version = words[1].removeprefix("linux-image-")
                if version[:1].isdigit():
                    return words[1]
    raise LabError(_("apt knows no kernel for virtual machines."))


@functools.cache
def accelerator() -> Accelerator:
    """Tell what executes a machine's instructions: the processor (kvm), or a translator (tcg).

    By trial: /dev/kvm may be there and not work, as in many a machine that is virtual itself.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    bare = f"-accel kvm {HARDWARE} -display none -serial stdio"
    software = ["-kernel", str(kernel()), "-append", "console=ttyS0 panic=-1"]
    try:  # without a file system the kernel boots, finds nothing to start, and gives up
        tried = run([PROGRAM, *bare.split(), *software], check=False, timeout=TRIAL)
    except LabError:
        return "tcg"
    return "kvm" if "Linux version" in tried.stdout else "tcg"


# -- one machine


def start(place: Path, name: str, page: str) -> None:
    """Start a machine as the lab's cells do, which says `page`. Its initramfs lies in `place`.

    Raises LabError where there is no kernel, or QEMU cannot start.
    """
    hardware = f"-accel {accelerator()} {HARDWARE}"
    software = ["-kernel", str(kernel()), "-initrd", str(place / INITRAMFS)]
    append = ["-append", f"console=ttyS0 panic=-1 page={page}"]
    argv = [PROGRAM, *hardware.split(), *software, *append, *wires(place, name).split()]
    run(argv, stdin="")  # QEMU would make this process's own input non-blocking


def wires(place: Path, name: str) -> str:
    """Return the options that give a machine a console, a second line in, and a name outside."""
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.console").unlink(missing_ok=True)
    return (
        f"-name {name} -display none -serial file:{place}/{name}.console "
        f"-serial unix:{place}/{name}.socket,server=on,wait=off "
        f"-pidfile {place}/{name}.pid -daemonize"
    )


def console(place: Path, name: str) -> str:
    """Return what a machine has written on its console so far; "" where there is none."""
    try:
        return (place / f"{name}.console").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def process(place: Path, name: str) -> psutil.Process | None:
    """Return the process that plays the machine `name`; None where it does not run."""
    wire = f"unix:{place}/{name}.socket,"
    for each in _machines(place):
        with suppress(psutil.Error):
            if any(word.startswith(wire) for word in each.cmdline()):
                return each
    return None


def _machines(place: Path) -> list[psutil.Process]:
    found = []
    for each in psutil.process_iter(["name", "cmdline"]):
        name, words = each.info["name"] or "", each.info["cmdline"] or ()
        ours = name.startswith("qemu-system") and any(f"{place}/" in word for word in words)
        if ours and background.alive(each):
            found.append(each)
    return found


def await_ready(place: Path, name: str, seconds: float = PATIENCE) -> None:
    """Wait until a machine's init has written READY. Raises TimedOut, LabError if it ended."""

    def seen() -> bool:
        if READY in console(place, name).splitlines():
            return True
        if process(place, name) is None:
            raise LabError(
                _("The virtual machine `{name}` does not run.").format(name=name),
                remedy=_("{file} has its last words.").format(file=place / f"{name}.console"),
            )
        return False

    wait_until(seen, what=_("the machine `{name}`").format(name=name), seconds=seconds, every=0.02)


def ask(place: Path, name: str, command: str, seconds: float = 60.0) -> str:
    """Let a machine's shell run a command and return what it printed.

    Of one that dies meanwhile: what came until then. Raises TimedOut; LabError where it
    does not run.
    """
    mark = secrets.token_hex(4)
    begin, end = f"begin-{mark}", f"end-{mark}"
    wire = socket.socket(socket.AF_UNIX)
    with closing(wire):
        wire.settimeout(0.2)
        try:
            wire.connect(str(place / f"{name}.socket"))
        except OSError as error:
            raise LabError(
                _("The virtual machine `{name}` does not run.").format(name=name),
                remedy=_("Run the cell that starts it."),
            ) from error
        # before the mark may come what an earlier command, not waited for, said in the end
        wire.sendall(f"echo {begin}; ( {command} ) 2>&1; echo {end}\n".encode())
        said = _until(wire, end, time.monotonic() + seconds)
    if said is None:
        raise TimedOut(f"`{command}`", seconds)
    after = said.replace("\r\n", "\n").partition(begin)[2]
    return after.partition(end)[0].strip("\n")


def _until(wire: socket.socket, end: str, deadline: float) -> str | None:
    """Return what comes up to `end`, or until the other side has gone; None if it is late."""
    said = ""
    while end not in said:
        if time.monotonic() > deadline:
            return None
        try:
            data = wire.recv(1 << 16)
        except TimeoutError:
            continue
        except OSError:
            return said
        if not data:
            return said
        said += data.decode("utf-8", "replace")
    return said


def user_seconds(said: str) -> float:
    """Return the seconds of processor time in what `time` printed: `user 0m 0.95s`."""
    found = _USER.search(said)
    if found is None:
        raise LabError(_("`time` said nothing of user time: {said}").format(said=said))
    return int(found[1]) * 60 + float(found[2])


def stop(place: Path, name: str) -> None:
    """Pull the plug of a machine; nothing there is fine. Raises TimedOut."""
    found = process(place, name)
    if found is not None:
        background.end(found, seconds=5)


def tidy(folder: Path, run_id: str) -> Removal:
    """End all machines of a folder and remove it; nothing there is fine.

    run_id: the run they belonged to, for the report.
    """
    if not folder.is_dir():
        return Removal()
    removal = Removal()
    for each in _machines(folder):
        thing = LabObject("machine", str(each.pid), _name_of(each), "", run_id, "")
        try:
            background.end(each, seconds=5)
            removal += Removal((thing,))
        except (LabError, psutil.Error) as error:
            removal += Removal(failed=((thing, str(error)),))
    shutil.rmtree(folder, ignore_errors=True)
    return removal


def _name_of(machine: psutil.Process) -> str:
    with suppress(psutil.Error, ValueError, IndexError):
        words = machine.cmdline()
        return words[words.index("-name") + 1]
    return str(machine.pid)
