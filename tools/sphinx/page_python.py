"""Python for the reader's browser: npm's pyodide, its standard library compiled where it starts.

npm's library holds sources alone, and a browser would compile 150 of them on each first click.
Compiled once, here, Python starts in less than half the time, for 0.5 MB more to load.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from tools import npm

LIBRARY: Final = "python_stdlib.zip"
FILES: Final = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    LIBRARY,
    "pyodide-lock.json",
)
_COMPILER: Final = npm.HERE / "compile_stdlib.mjs"
_ALSO: Final = ("dataclasses", "gettext", "shlex", "statistics")  # what cells and models import
_TIMEOUT: Final = 300  # seconds; it takes six


@cache
def folder() -> str:
    """Return the name of the files' folder: another one for other files, as browsers keep them."""
    package = npm.package("pyodide") / "package.json"
    version = json.loads(package.read_text(encoding="utf-8"))["version"]
    recipe = version.encode() + _COMPILER.read_bytes() + " ".join(_ALSO).encode()
    return f"pyodide-{version}-{hashlib.sha256(recipe).hexdigest()[:8]}"


@cache
def files() -> dict[str, Path]:
    """Return the files by name; compiles the library the first time. Raises npm.Stop."""
    return {name: npm.package("pyodide") / name for name in FILES} | {LIBRARY: _library()}


def _library() -> Path:
    made = npm.ROOT / ".tools" / folder() / LIBRARY
    if made.is_file():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    part = made.with_name(f"{LIBRARY}.{os.getpid()}")  # builds may run side by side
    line = npm.node(str(_COMPILER), str(part), *_ALSO)
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    if done.returncode:
        part.unlink(missing_ok=True)
        raise npm.Stop(
            f"Python for the pages could not be prepared. {done.stderr.strip()[-500:]}\n"
            "Run `python -m tools.npm install`, then the same command again."
        )
    return part.replace(made)


@cache
def sizes() -> dict[str, dict[str, int]]:
    """Return for each file its bytes, `raw` and `packed` by gzip (zip files are packed)."""
    found = {}
    for name, path in files().items():
        data = path.read_bytes()
        packed = data if path.suffix == ".zip" else gzip.compress(data, 6, mtime=0)
        found[name] = {"raw": len(data), "packed": len(packed)}
    return found
