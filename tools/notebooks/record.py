"""Make a recording, and keep the old one where the facts did not change.

The unit is the notebook. Its recording is either kept whole, byte for byte, or replaced
whole: an id that `docker run` printed appears again in `docker ps`, so outputs of two runs
do not mix, and one date and one list of versions are true of the whole page. It is
replaced when, in any cell,

- the source is not the one that was recorded, or the outputs are not the recorder's;
- what was compared (`sanitise.canonical`) differs;
- the cell is tagged `nbval-ignore-output` and its dress (titles, kinds of outputs) differs;

and, where a notebook has cells tagged `nbval-ignore-output`, when it was recorded on
another system: measured values belong to the versions they are shown with.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from helpers.errors import LabError
from tools.notebooks import census, outline, provenance, sanitise, widgets
from tools.notebooks.book import CELL_TIMEOUT, Book, dumps, lab_of, read, recorded_on, tags
from tools.notebooks.execute import execute, run_of
from tools.notebooks.normalise import code_cells, normalise, of_this_machine, stamp

DIFF_LINES: Final = 6  # of what changed in a cell: enough to see why


class Refused(LabError):
    """A recording would not show the real systems."""


class Elsewhere(Refused):
    """The lab's metadata say that it is recorded on another system than this one."""


@dataclass(frozen=True)
class Recorded:
    """What became of one notebook. changes: why its recording was replaced; empty: kept."""

    name: str
    cells: int
    changes: tuple[str, ...]
    written: bool


@dataclass(frozen=True)
class Surroundings:
    """What a recording depends on besides the notebook; tests put their own in."""

    unmet: Callable[[list[str]], provenance.Unmet] = provenance.unmet
    made_on: Callable[[list[str]], provenance.Provenance] = provenance.here
    words: Callable[[list[str]], dict[str, str]] = provenance.words


def record(
    path: Path,
    book: Book,
    *,
    fresh: bool = False,
    timeout: int = CELL_TIMEOUT,
    surroundings: Surroundings | None = None,
) -> Recorded:
    """Run the notebook at `path` and store its outputs, if they tell anything new.

    fresh: replace the recording in any case. timeout: seconds for one cell. Raises Refused
    where a need is not met (Elsewhere: one of the recording's alone), CellFailed where a cell
    fails; the file is as before then.
    """
    around = surroundings or Surroundings()
    name, before = book.name(path), path.read_text(encoding="utf-8")
    stored = read(path)
    needs = list(lab_of(stored).get("needs", []))
    _refuse_unless_live(name, around.unmet(needs))
    _refuse_unless_meant(name, around.unmet(recorded_on(stored)))
    words = around.words(needs) | of_this_machine(book.root)
    old = normalise(stored, words)
    new = normalise(execute(stored, path, book.root, run_of(name), timeout=timeout), words)
    new.metadata["provenance"] = around.made_on(needs)
    widgets.mark_recorded(new)
    changes = ["asked for"] if fresh else differences(old, new, run_of(name), words)
    kept = new if changes else old
    if changes:
        stamp(kept)
    text = dumps(kept)
    if text != before:
        write_whole(path, text)
    census.add_to_manifest(book, name, census.count(name, kept).checks)
    return Recorded(name, len(code_cells(kept)), tuple(changes), text != before)


def _refuse_unless_live(name: str, lacking: provenance.Unmet) -> None:
    if lacking:
        reasons = "; ".join(f"{need}: {why}" for need, why in lacking)
        raise Refused(
            f"{name} is not recorded here: it would not be live ({reasons}).",
            remedy="`labs doctor` says what is missing.",
        )


def _refuse_unless_meant(name: str, lacking: provenance.Unmet) -> None:
    if lacking:
        wanted = ", ".join(f"{need} ({why})" for need, why in lacking)
        raise Elsewhere(
            f"{name} is not recorded here: its metadata ask for {wanted}.",
            remedy=f"`make record-vm NOTEBOOKS=book/{name}.ipynb` records it where that is met.",
        )


def differences(old: Any, new: Any, run: str, words: Mapping[str, str]) -> list[str]:
    """Say what makes `new` another recording than `old`, a line each; nothing if nothing does.

    Both are normalised notebooks with the same sources. run: the run id of both.
    """
    clean = sanitise.load().knowing({**words, run: "RUN"})
    found = []
    for number, (before, after) in enumerate(zip(code_cells(old), code_cells(new), strict=True), 1):
        loose = outline.is_loose(after, number - 1)
        why = _stale(before) or _unlike(
            sanitise.canonical(before.outputs, clean, loose=loose, widgets=widgets.models(old)),
            sanitise.canonical(after.outputs, clean, loose=loose, widgets=widgets.models(new)),
        )
        if why:
            found.append(f"code cell {number}: {why}")
    measured = any(outline.IGNORED in tags(cell) for cell in code_cells(new))
    made, now = (each.metadata.get("provenance", {}) for each in (old, new))
    if not made:
        found.append("no provenance")
    elif measured and not provenance.same_system(made, now):
        found.append("measured values of another system")
    return found


def _stale(cell: Any) -> str:
    faults = [*outline.recording_faults(cell)]
    return faults[0] if faults else ""


def _unlike(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> str:
    if was == now:
        return ""
    lines = difflib.unified_diff(sanitise.lines(was), sanitise.lines(now), n=0, lineterm="")
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    return "\n      ".join(["another output", *(_short(line) for line in changed[:DIFF_LINES])])


def _short(text: str, width: int = 160) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def write_whole(path: Path, text: str) -> None:
    """Replace the file at `path` by `text`, wholly or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
