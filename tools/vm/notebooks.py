"""Labs in the machine: recorded on a current engine, and tested on Debian's own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from helpers.errors import LabError
from helpers.paths import ROOT
from tools.engines.current import Store
from tools.notebooks import census
from tools.notebooks.book import Book, lab_of, read, recorded_on
from tools.notebooks.record import write_whole
from tools.vm import engines
from tools.vm.furnish import furnish, say
from tools.vm.machine import get, inside, machine

BOOK: Final = Book(ROOT)
PYTHON: Final = ".venv/bin/python -m tools.notebooks"
RESULTS: Final = "/var/lib/containers-book/results.json"
TIMEOUT: Final = 1800  # seconds for one cell: it computes ten times slower
USUAL: Final = ("base", "busybox")  # images that every lab may use


def declared(book: Book = BOOK) -> list[Path]:
    """Return the labs that are to be recorded with cgroup v2."""
    return [path for path in book.notebooks() if "cgroup2" in recorded_on(read(path))]


def chosen(paths: Sequence[Path]) -> list[Path]:
    """Return the notebooks asked for: all that are declared, where none is named."""
    found = [path.resolve() for path in paths] or declared()
    if not found:
        raise LabError(
            "No lab says that it is recorded with cgroup v2.",
            remedy='Name one (NOTEBOOKS=...), or declare it: "recorded_on": ["cgroup2"].',
        )
    return found


def images_of(paths: Iterable[Path]) -> list[str]:
    """Return the images that labs use."""
    labs = [lab_of(read(path)) for path in paths]
    return sorted({*USUAL, *(name for lab in labs for name in lab.get("images", ()))})


def record(paths: Sequence[Path], store: Store) -> int:
    """Record labs there and bring the notebooks back; return the exit status.

    Raises LabError. A notebook that was edited here meanwhile stays as it is.
    """
    found = chosen(paths)
    machine("up")
    engines.use_current(store)
    furnish(images_of(found))
    sent = {path: path.read_text(encoding="utf-8") for path in found}
    status = 0
    for path in found:  # one by one, so that each is here as soon as it is done
        name = shlex.quote(str(path.relative_to(ROOT)))
        line = f"{PYTHON} record --timeout {TIMEOUT} {name} && echo recorded"
        said = inside(f"{engines.environment(store)} {line}", show=True, check=False)
        done = said.endswith("recorded\n") and bring_back(path, sent[path])
        status |= not done
    return status


def bring_back(path: Path, sent: str) -> bool:
    """Replace a notebook by its recording there; tell whether that was possible."""
    if path.read_text(encoding="utf-8") != sent:
        say(f"{BOOK.name(path)}: edited meanwhile, so its recording is not taken.")
        return False
    made = get(str(path))
    if made != sent:
        write_whole(path, made)
    census.add_to_manifest(BOOK, BOOK.name(path), census.count(BOOK.name(path), read(path)).checks)
    return True


def test(paths: Sequence[Path]) -> dict[str, Any]:
    """Run labs there, compare them with their recordings; return the counts. Raises LabError."""
    names = " ".join(shlex.quote(str(path.relative_to(ROOT))) for path in paths)
    machine("run", f"rm -f {RESULTS}")
    line = f"LABS_RESULTS={RESULTS} {PYTHON} test --require-live {names}"
    inside(f"{line} || true", show=True)
    found = get(RESULTS)
    if not found:
        raise LabError("The labs' tests in the machine left no result.")
    counted = json.loads(found)
    keys = ("notebooks", "cells", "checks", "failed")
    return {"names": [BOOK.name(path) for path in paths], **{key: counted[key] for key in keys}}
