"""Faults of one notebook that one sees without running it.

Every lab has the same outline, so that a reader who knows one knows all: metadata that say
what it needs, `lab("...")` first, `clean_up()` last, short cells between. And what is
stored must be a recording: made by the recorder, from exactly this source, without errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from helpers.labs.catalog import NEEDS
from helpers.labs.recording import outputs_digest, source_digest
from tools.notebooks.book import lab_of, recorded_on, tags
from tools.notebooks.normalise import code_cells

CELL_LINES: Final = 15
IGNORED: Final = "nbval-ignore-output"
CHECK_CELL: Final = "check-cell"
EXERCISE: Final = "exercise"
RAISES: Final = ("raises-exception", "nbval-raises-exception")
_OPENING = re.compile(r"\blab\(\s*[\"']([^\"']+)[\"']\s*\)")
_SKIPPED = ("nbval-skip", "skip-execution")
_MARKERS = re.compile(r"^\s*#+\s*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)\s*$", re.MULTILINE)
# What a lab may ask of its recording, and what the recording's provenance says then.
_MADE_ON: Final = {"cgroup2": ("cgroup", "v2")}
_NEEDS: Final = (*NEEDS, "swarm", "kubernetes", "aws")


def is_loose(cell: Any, number: int) -> bool:
    """Tell whether only the dress of a cell's outputs counts. number: from 0."""
    return number == 0 or IGNORED in tags(cell)


def faults(name: str, notebook: Any) -> list[str]:
    """Return what is wrong with the notebook called `name` (`docker/010-run`), a line each."""
    cells = code_cells(notebook)
    if not cells:
        return ["has no code cell; a page without code is a Markdown file"]
    found = [*_metadata(name, lab_of(notebook)), *_outline(name, cells)]
    if not any("recorded" in cell.metadata for cell in cells):
        return [*found, "was never recorded: `make record`"]
    found += _made_elsewhere(notebook)
    for number, cell in enumerate(cells, 1):
        found += [f"code cell {number}: {fault}" for fault in _cell(cell)]
    return [*found, *_unasserted(cells)]


def _metadata(name: str, lab: dict[str, Any]) -> Iterator[str]:
    if not lab:
        yield "has no `labs` metadata (lab, needs, images, minutes, level, topics)"
        return
    if lab.get("lab") != name:
        yield f"its metadata call it {lab.get('lab')!r}, its place is {name!r}"
    if not isinstance(lab.get("minutes"), int):
        yield "its metadata do not say how many minutes it takes"
    if not isinstance(lab.get("topics"), list):  # empty: more than the course asks for
        yield "its metadata name no topics"
    for need in lab.get("needs", []):
        if need not in _NEEDS:
            yield f"its metadata declare a need nobody knows: {need!r}"
    for need in lab.get("recorded_on", []):
        if need not in _MADE_ON:
            yield f"its metadata ask to be recorded on what nobody knows: {need!r}"


def _made_elsewhere(notebook: Any) -> Iterator[str]:
    made = notebook.metadata.get("provenance", {})
    for need in recorded_on(notebook):
        key, value = _MADE_ON.get(need, ("", ""))
        if key and made.get(key) != value:
            yield (
                f"is to be recorded with {key} {value}, and was with {made.get(key)}: "
                "`make record-vm`"
            )


def _outline(name: str, cells: list[Any]) -> Iterator[str]:
    opening = _OPENING.search(cells[0].source)
    if opening is None:
        yield f'its first code cell does not open the lab: here = lab("{name}")'
    elif opening[1] != name:
        yield f"its first code cell opens another lab: {opening[1]!r}"
    if ".clean_up()" not in cells[-1].source:
        yield "its last code cell does not clean up: here.clean_up()"


def _cell(cell: Any) -> Iterator[str]:
    lines = len(cell.source.splitlines())
    if not cell.source.strip():
        yield "is empty"
        return
    if lines > CELL_LINES:
        yield f"has {lines} lines, more than {CELL_LINES}"
    for tag in set(tags(cell)) & set(_SKIPPED):
        yield f"is tagged {tag}, so no test runs it"
    for marker in _MARKERS.findall(cell.source):
        yield f"uses the comment {marker}; readers see it: use a tag"
    if ".check(" in cell.source and "here." in cell.source and EXERCISE not in tags(cell):
        yield "checks an exercise but is not tagged `exercise`"
    yield from recording_faults(cell)


def recording_faults(cell: Any) -> Iterator[str]:
    """Say why what is stored under a code cell is no recording of it."""
    recorded = cell.metadata.get("recorded", {})
    if cell.execution_count is None or not recorded:
        yield "has no recording: `make record`"
    elif recorded.get("source") != source_digest(cell.source):
        yield "was edited after it was recorded: `make record`"
    elif recorded.get("outputs") != outputs_digest(cell.outputs):
        yield "shows outputs that the recorder did not store: `make record`"
    for output in cell.outputs:
        if output.output_type == "error" and not set(tags(cell)) & set(RAISES):
            yield f"stores an error: {output.ename}: {output.evalue}"


def _unasserted(cells: list[Any]) -> Iterator[str]:
    """A cell whose output nobody compares needs one after it that asserts the fact.

    The check of an exercise is its own assertion: whether it was met always counts.
    """
    open_since = 0
    for number, cell in enumerate(cells, 1):
        if CHECK_CELL in tags(cell):
            open_since = 0
        elif is_loose(cell, number - 1) and number > 1 and EXERCISE not in tags(cell):
            open_since = open_since or number
    if open_since:
        yield (
            f"code cell {open_since}: its output is not compared, and no cell tagged "
            f"`{CHECK_CELL}` after it asserts what it shows"
        )
