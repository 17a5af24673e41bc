"""The machine itself: booted, spoken to, powered off, all through machine.sh."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

from helpers.drivers.image_makers import ARCHIVE, host_mirror, package_sources
from helpers.errors import CommandFailed
from helpers.paths import ROOT

SCRIPT: Final = Path(__file__).with_name("machine.sh")
BLOCK: Final = 1 << 20  # bytes
PATIENCE: Final = 10  # times as long as usual may things take: it is emulated
HOME: Final = ROOT / ".cache" / "vm"


def machine(*words: str, stdin: bytes | None = None, show: bool = False, check: bool = True) -> str:
    """Let machine.sh do something; return what it printed. Raises CommandFailed.

    show: also print it as it comes.
    """
    # Not through helpers.command: archives go in, and what it prints is shown meanwhile.
    argv = [str(SCRIPT), *words]
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "VM_HOME": str(HOME), "VM_SOURCES": sources()},
    ) as running:
        if stdin is not None:
            assert running.stdin is not None
            running.stdin.write(stdin)
            running.stdin.close()
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line.decode("utf-8", "replace"))
            if show:
                print(lines[-1], end="", flush=True)
    if check and running.returncode != 0:
        raise CommandFailed(argv, running.returncode, "".join(lines[-12:]))
    return "".join(lines)


def sources() -> str:
    """Return where the machine's packages come from: where this machine's own do."""
    return "\n".join(package_sources(host_mirror() or ARCHIVE))


def inside(command: str, *, show: bool = False, check: bool = True) -> str:
    """Run a command in the machine's copy of the repository, which lies where ours does."""
    entered = f"cd {shlex.quote(str(ROOT))} && export PYTHONUNBUFFERED=1 LABS_PATIENCE={PATIENCE}"
    return machine("run", f"{entered} && {command}", show=show, check=check)


def send(content: bytes, command: str) -> None:
    """Let a command there read `content` from its standard input. Raises CommandFailed.

    It travels on a disk of its own: through ssh the machine would decipher it for minutes.
    """
    disk = HOME / "cargo"
    size = disk.stat().st_size
    try:
        with disk.open("r+b") as file:
            file.write(content)
        line = f"dd if=/dev/vdb iflag=direct bs=1M count={len(content) // BLOCK + 1} status=none"
        machine("run", f"{line} | head -c {len(content)} | {{ {command}; }}")
    finally:
        os.truncate(disk, 0)
        os.truncate(disk, size)


def put(path: str, content: str) -> None:
    """Write a file there."""
    folder, file = shlex.quote(str(Path(path).parent)), shlex.quote(path)
    machine("run", f"mkdir -p {folder} && cat > {file}", stdin=content.encode())


def get(path: str) -> str:
    """Return the text of a file there; empty if there is none."""
    return machine("run", f"cat {shlex.quote(path)} 2>/dev/null || true")
