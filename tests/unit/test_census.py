"""The census notices every notebook, cell and check that is not where it should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools.notebooks import census
from tools.notebooks.normalise import code_cells, stamp
from tools.notebooks.outline import CELL_LINES

LAB = "demo/010-first"
CELLS = [
    ("", 'from stub import lab\n\nhere = lab("demo/010-first")'),
    ("nbval-ignore-output", "print(1)"),
    ("check-cell", "assert True"),
    ("exercise", 'here.check("count")'),
    ("", "here.clean_up()"),
]
EXERCISE = """
LAB: Final = "demo/010-first"

@exercise(LAB, "count")
class Count: ...
"""


@pytest.fixture
def book(empty_book: Any) -> Any:
    """A book of one notebook that looks recorded, without a fault."""
    path = empty_book.add(LAB, CELLS)
    (empty_book.root / "helpers" / "checks" / "demo.py").write_text(EXERCISE)

    def look_recorded(stored: Any) -> None:
        for number, cell in enumerate(code_cells(stored), 1):
            cell.execution_count = number
        stamp(stored)

    empty_book.edit(LAB, look_recorded)
    census.add_to_manifest(empty_book, LAB, census.take(empty_book).notebooks[LAB].checks)
    assert path.is_file()
    return empty_book


def edit(book: Any, number: int, change: Callable[[Any], None]) -> None:
    """Change a code cell (from 0) and let it look recorded again."""

    def edit_one(stored: Any) -> None:
        change(code_cells(stored)[number])
        stamp(stored)

    book.edit(LAB, edit_one)


def faults(book: Any) -> str:
    return "\n".join(census.take(book).faults)


def test_a_sound_book_is_counted_and_has_no_fault(book: Any) -> None:
    """One notebook, five code cells, one exercise and one cell that asserts."""
    found = census.take(book)
    assert found.faults == ()
    assert (len(found.notebooks), found.cells, found.checks) == (1, 5, 2)


def test_an_empty_book_is_a_fault(empty_book: Any) -> None:
    """Nothing to count is the fault that passes most easily."""
    assert "the book has no notebook" in faults(empty_book)


def test_contents_and_disk_must_agree(book: Any) -> None:
    """Entries without a page, notebooks without an entry, entries named twice."""
    book.list("demo/099-gone", "intro")
    found = faults(book)
    assert "demo/099-gone: stands in _toc.yml, but there is no such page" in found
    assert f"{LAB}: is a notebook, but does not stand in _toc.yml" in found
    assert "intro: stands in _toc.yml 2 times" in found


def test_nested_contents_are_read(book: Any) -> None:
    """Parts, chapters and sections may nest; suffixes may stand there."""
    (book.root / "_toc.yml").write_text(
        "root: intro\nparts:\n- caption: A\n  chapters:\n  - file: intro2.md\n"
        "    sections:\n    - file: demo/010-first.ipynb\n    - url: https://example.org\n"
    )
    assert book.contents() == ["intro", "intro2", LAB]


def test_a_recording_is_of_the_system_that_was_asked_for(book: Any) -> None:
    """A lab that is to show cgroup v2 does not come from another machine."""

    def asks_for(need: str, cgroup: str) -> str:
        def change(stored: Any) -> None:
            stored.metadata.labs["recorded_on"] = [need]
            stored.metadata.provenance = {"cgroup": cgroup}

        book.edit(LAB, change)
        return faults(book)

    assert asks_for("cgroup2", "v2") == ""
    assert asks_for("cgroup2", "v1") == (
        f"{LAB}: is to be recorded with cgroup v2, and was with v1: `make record-vm`"
    )
    assert "nobody knows: 'luck'" in asks_for("luck", "v2")


def test_checkpoints_of_an_editor_are_no_notebooks(book: Any) -> None:
    """JupyterLab leaves copies beside the notebooks it saves."""
    copy = book.folder / "demo" / ".ipynb_checkpoints" / "010-first-checkpoint.ipynb"
    copy.parent.mkdir()
    copy.write_text("{}")
    assert faults(book) == ""


def test_a_removed_check_is_noticed(book: Any) -> None:
    """The list of checks remembers what a notebook no longer has."""
    edit(book, 2, lambda cell: cell.metadata.pop("tags"))
    edit(book, 3, lambda cell: cell.update(source="print()"))
    found = faults(book)
    assert "cells that assert facts: 0, but checks.yml lists 1: a check is gone" in found
    assert "checks of exercise 'count': 0, but checks.yml lists 1: a check is gone" in found
    assert "exercise 'count' is registered, but no cell checks it" in found


def test_recording_adds_checks_and_never_takes_one_off(book: Any) -> None:
    """A new check enters the list by itself; one that is gone stays on it."""
    census.add_to_manifest(book, LAB, census.Checks({"other": 2}, 0))
    assert census.read_manifest(book)[LAB] == census.Checks({"count": 1, "other": 2}, 1)
    assert "checks of exercise 'other': 0, but checks.yml lists 2" in faults(book)


def test_an_unlisted_check_is_noticed(book: Any) -> None:
    """A check that is not on the list could vanish unnoticed."""
    book.manifest.unlink()
    assert "cells that assert facts: 1, but checks.yml lists 0: `make record` adds" in faults(book)


def test_a_listed_notebook_that_is_gone_is_noticed(book: Any) -> None:
    """A notebook deleted together with its entry in the contents is still missed."""
    book.path(LAB).unlink()
    book.list()
    assert f"{LAB}: stands in checks.yml, but there is no such notebook" in faults(book)


def test_the_list_is_written_only_when_it_changes(book: Any) -> None:
    """Counting again touches no file."""
    before = book.manifest.stat().st_mtime_ns
    census.write_manifest(book, {LAB: census.take(book).notebooks[LAB].checks})
    assert book.manifest.stat().st_mtime_ns == before


def test_a_list_that_is_no_list_is_a_fault(book: Any) -> None:
    """A broken list is said to be broken, not taken for an empty one."""
    book.manifest.write_text("- just\n- words\n")
    assert "checks.yml cannot be read" in faults(book)


def test_an_exercise_nobody_registered_is_noticed(book: Any) -> None:
    """A cell that checks what does not exist would break under the reader's hands."""
    (book.root / "helpers" / "checks" / "demo.py").write_text("")
    assert "a cell checks 'count', but helpers/checks/ registers no such exercise" in faults(book)


@pytest.mark.parametrize(
    ("number", "change", "fault"),
    [
        (0, {"source": "here = 1"}, "its first code cell does not open the lab"),
        (0, {"source": 'here = lab("demo/020")'}, "its first code cell opens another lab"),
        (4, {"source": "print()"}, "its last code cell does not clean up"),
        (1, {"source": "\n".join(["x = 1"] * (CELL_LINES + 1))}, "has 16 lines, more than 15"),
        (1, {"source": " "}, "code cell 2: is empty"),
        (1, {"source": "# NBVAL_SKIP"}, "uses the comment NBVAL_SKIP"),
        (1, {"metadata": {"tags": ["nbval-skip"]}}, "is tagged nbval-skip, so no test runs it"),
        (3, {"metadata": {}}, "checks an exercise but is not tagged `exercise`"),
        (2, {"metadata": {}}, "its output is not compared, and no cell tagged"),
        (1, {"execution_count": None}, "code cell 2: has no recording"),
    ],
)
def test_faults_of_one_cell(book: Any, number: int, change: dict[str, Any], fault: str) -> None:
    """Each rule of the outline is kept by a fault that names the cell."""
    edit(book, number, lambda cell: cell.update(change))
    assert fault in faults(book)


def test_an_edited_source_is_stale_and_edited_outputs_are_not_the_recorders(book: Any) -> None:
    """Neither a changed command nor a changed answer passes for recorded."""
    book.edit(LAB, lambda stored: code_cells(stored)[1].update(source="print(2)"))
    assert "code cell 2: was edited after it was recorded" in faults(book)
    made_up = {"output_type": "stream", "name": "stdout", "text": "7\n"}
    book.edit(LAB, lambda stored: code_cells(stored)[2].update(outputs=[made_up]))
    assert "code cell 3: shows outputs that the recorder did not store" in faults(book)


def test_a_stored_error_is_a_fault_unless_it_is_the_lesson(book: Any) -> None:
    """An error on a page is either the lesson, and tagged so, or a broken recording."""
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
    edit(book, 2, lambda cell: cell.update(outputs=[error]))
    assert "code cell 3: stores an error: ValueError: no" in faults(book)
    edit(book, 2, lambda cell: cell.metadata.update(tags=["check-cell", "raises-exception"]))
    assert faults(book) == ""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda labs: labs.clear(), "has no `labs` metadata"),
        (lambda labs: labs.update(lab="demo/011"), "its metadata call it 'demo/011'"),
        (lambda labs: labs.pop("minutes"), "do not say how many minutes"),
        (lambda labs: labs.pop("topics"), "name no topics"),
        (lambda labs: labs.update(needs=["luck"]), "a need nobody knows: 'luck'"),
    ],
)
def test_faults_of_the_metadata(book: Any, change: Callable[[Any], None], fault: str) -> None:
    """What a notebook declares must be there and true."""
    book.edit(LAB, lambda stored: change(stored.metadata.labs))
    assert fault in faults(book)


def test_a_notebook_without_code_or_never_recorded_is_one_fault(book: Any) -> None:
    """One sentence each, not one for every cell."""

    def forget(stored: Any) -> None:
        for cell in code_cells(stored):
            cell.metadata.pop("recorded")

    book.edit(LAB, forget)
    assert faults(book).splitlines() == [f"{LAB}: was never recorded: `make record`"]
    book.edit(LAB, lambda stored: stored.update(cells=stored.cells[:1]))
    assert "has no code cell" in faults(book)


def test_a_file_that_is_no_notebook_is_a_fault(book: Any) -> None:
    """A damaged file is named, with the way to bring it back."""
    book.path(LAB).write_text("{")
    found = faults(book)
    assert "010-first.ipynb is not a notebook" in found
    assert "git restore" in found
