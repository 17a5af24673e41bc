"""The harness that runs the book fails where it should: played on a small book of our own.

Each test runs `python -m tools.notebooks test` as `make test` does, in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.notebooks.book import read
from tools.notebooks.normalise import code_cells, stamp

pytestmark = pytest.mark.slow
FIRST, SECOND = "demo/010-first", "demo/020-second"
PLOT = (
    "from IPython.display import display\n\n"
    'display({"application/vnd.plotly.v1+json": '
    '{"data": [{"type": "bar", "y": [1.5]}], "layout": {"title": {"text": "One bar"}}}}, raw=True)'
)


@dataclass(frozen=True)
class Ran:
    """One run of the harness. results: what it wrote for the closing table."""

    status: int
    text: str
    results: dict[str, Any]


def run(book: Any, *arguments: str, **environ: str) -> Ran:
    """Run the harness on `book`."""
    results = book.root / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "tools.notebooks", "test", "--root", str(book.root), *arguments],
        env={**os.environ, "LABS_RESULTS": str(results), **environ},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = json.loads(results.read_text()) if results.is_file() else {}
    return Ran(done.returncode, done.stdout + done.stderr, found)


def edit_cell(book: Any, name: str, number: int, change: Callable[[Any], None]) -> None:
    """Change the code cell `number` (from 0) of a stored notebook, and stamp it as recorded."""

    def edit(stored: Any) -> None:
        change(code_cells(stored)[number])
        stamp(stored)

    book.edit(name, edit)


def without(number: int) -> Callable[[Any], None]:
    """Return an edit that takes the code cell `number` (from 0) out of a notebook."""

    def edit(stored: Any) -> None:
        stored.cells.remove(code_cells(stored)[number])
        for count, cell in enumerate(code_cells(stored), 1):
            cell.execution_count = count

    return edit


def test_unchanged_book_passes_and_is_counted(recorded_book: Any) -> None:
    """Two notebooks, nine cells, two checks: all run, all pass, and the last line says so."""
    ran = run(recorded_book)
    assert ran.status == 0, ran.text
    assert "notebooks  2 notebooks, 9 code cells, 2 checks: all passed" in ran.text
    assert ran.results["passed"] == ran.results["cells"] == 9
    assert ran.results["faults"] == []


def test_two_workers_count_the_same(recorded_book: Any) -> None:
    """Under xdist every notebook stays on one worker, and the counts come together."""
    ran = run(recorded_book, "--", "-n2", "--dist=loadscope")
    assert ran.status == 0, ran.text
    assert (ran.results["notebooks"], ran.results["cells"], ran.results["checks"]) == (2, 9, 2)


def test_changed_output_fails(recorded_book: Any) -> None:
    """A stored output that the run does not give fails its cell."""
    edit_cell(recorded_book, FIRST, 1, lambda cell: cell.outputs[0].update(text="is 5\n"))
    ran = run(recorded_book)
    assert ran.status == 1
    assert "Cell outputs differ" in ran.text
    assert ran.results["failed"] == 1


def test_raising_cell_fails(recorded_book: Any) -> None:
    """A cell that raises fails, and the cells after it still run."""
    edit_cell(recorded_book, FIRST, 1, lambda cell: cell.update(source="1 / 0"))
    ran = run(recorded_book)
    assert ran.status == 1
    assert "ZeroDivisionError" in ran.text
    assert (ran.results["failed"], ran.results["cells"]) == (1, 9)


def test_missing_notebook_fails(recorded_book: Any) -> None:
    """A notebook of the table of contents that is not on disk fails the run."""
    recorded_book.path(SECOND).unlink()
    ran = run(recorded_book)
    assert ran.status == 1
    assert f"{SECOND}: stands in _toc.yml, but there is no such page" in ran.text
    assert "1 notebooks, 4 code cells" in ran.text


def test_notebook_outside_the_contents_fails(recorded_book: Any) -> None:
    """A notebook that no reader would find fails the run."""
    recorded_book.list(FIRST)
    ran = run(recorded_book)
    assert ran.status == 1
    assert f"{SECOND}: is a notebook, but does not stand in _toc.yml" in ran.text


@pytest.mark.parametrize(
    ("name", "number", "fault"),
    [
        (FIRST, 2, "checks of exercise 'count': 0, but checks.yml lists 1: a check is gone"),
        (SECOND, 2, "cells that assert facts: 0, but checks.yml lists 1: a check is gone"),
    ],
)
def test_removed_check_fails(recorded_book: Any, name: str, number: int, fault: str) -> None:
    """A check of an exercise, or a cell that asserts a fact, cannot vanish unnoticed."""
    recorded_book.edit(name, without(number))
    ran = run(recorded_book)
    assert ran.status == 1
    assert fault in ran.text
    assert "8 code cells, 1 checks" in ran.text


def test_cell_left_out_fails(recorded_book: Any) -> None:
    """Fewer cells run than exist: the run fails though every cell that ran passed."""
    ran = run(recorded_book, "--", f"--deselect=book/{SECOND}.ipynb::Cell 2")
    assert ran.status == 1
    assert f"{SECOND}: 5 code cells exist, only 4 ran" in ran.text
    assert f"{SECOND}: 1 checks exist, 1 did not run" in ran.text


def test_nothing_collected_fails(recorded_book: Any) -> None:
    """A run that matches no notebook fails, and does not say that all passed."""
    ran = run(recorded_book, "--", f"--ignore={recorded_book.folder / 'demo'}")
    assert ran.status != 0
    assert "nothing ran" in ran.text
    assert "all passed" not in ran.text


def test_tagged_to_be_skipped_fails(recorded_book: Any) -> None:
    """A cell that its author tagged to be skipped counts as not run."""
    edit_cell(recorded_book, FIRST, 1, lambda cell: cell.metadata.update(tags=["nbval-skip"]))
    ran = run(recorded_book)
    assert ran.status == 1
    assert f"{FIRST}: code cell 2 was skipped, and not for a missing need" in ran.text


def test_unrecorded_cell_fails(recorded_book: Any) -> None:
    """A cell without a recording fails, where nbval alone would let it pass uncompared."""

    def add(stored: Any) -> None:
        cell = code_cells(stored)[1]
        cell.outputs, cell.execution_count = [], None

    recorded_book.edit(FIRST, add)
    ran = run(recorded_book, str(recorded_book.path(FIRST)))
    assert ran.status == 1
    assert "Nothing is recorded for this cell" in ran.text


def test_hand_edited_output_of_an_ignored_cell_fails(recorded_book: Any) -> None:
    """Outputs that nobody compares may not be made up either."""
    recorded_book.edit(
        SECOND, lambda stored: code_cells(stored)[1].outputs[0].update(text="12345.6\n")
    )
    ran = run(recorded_book)
    assert ran.status == 1
    assert "shows outputs that the recorder did not store" in ran.text


def test_figure_gone_from_an_ignored_cell_fails(recorded_book: Any) -> None:
    """Values in an ignored cell are free; that there is a figure, and its title, is not."""
    recorded_book.edit(SECOND, lambda stored: code_cells(stored)[1].update(source=PLOT))
    recorded_book.edit(SECOND, lambda stored: code_cells(stored)[2].update(source="assert True"))
    recorded_book.record(SECOND)
    assert run(recorded_book).status == 0
    edit_cell(recorded_book, SECOND, 1, lambda cell: cell.update(source=PLOT.replace("bar", "box")))
    ran = run(recorded_book, str(recorded_book.path(SECOND)))
    assert ran.status == 1
    assert "Cell outputs differ" in ran.text


def test_missing_need_is_a_skip_with_its_reason(recorded_book: Any) -> None:
    """Cells that need what is not there are skipped and say why; `--require-live` forbids it."""

    def need(stored: Any) -> None:
        stored.metadata.labs["needs"] = ["docker"]
        code_cells(stored)[3].metadata["tags"] = ["runs-anywhere"]

    recorded_book.edit(SECOND, need)
    ran = run(recorded_book, LABS_ENGINE="none")
    assert ran.status == 0, ran.text
    assert f"{SECOND}: 2 cells not run: needs docker: LABS_ENGINE=none" in ran.text
    assert "7 code cells, 1 checks: all passed, 2 cells skipped" in ran.text
    strict = run(recorded_book, "--require-live", LABS_ENGINE="none")
    assert strict.status == 1
    assert f"{SECOND}: 2 cells did not run live" in strict.text


def test_kernel_that_dies_fails(recorded_book: Any) -> None:
    """A cell that takes its kernel with it fails, and so do all after it."""
    edit_cell(recorded_book, FIRST, 1, lambda cell: cell.update(source="import os\n\nos._exit(1)"))
    ran = run(recorded_book)
    assert ran.status == 1
    assert "The kernel died." in ran.text
    assert f"{FIRST}: 4 code cells exist, only" in ran.text


def test_updated_and_cleared_displays_are_as_recorded(empty_book: Any) -> None:
    """What a display shows in the end is compared, however it came there."""
    empty_book.add(
        "demo/010-first",
        [
            ("", 'from stub import lab\n\nhere = lab("demo/010-first")'),
            (
                "",
                "from IPython.display import clear_output, display\n\n"
                'shown = display("working", display_id=True)\n'
                'shown.update("done")',
            ),
            ("", 'print("one")\nclear_output(wait=True)\nprint("two")'),
            ("", 'print("one")\nclear_output()'),
            ("", 'print("10 %\\r50 %\\r100 %")'),
            ("", "!printf '10 %%\\r\\033[Kready\\n'"),
            ("", "here.clean_up()"),
        ],
    )
    empty_book.record("demo/010-first")
    shown = [cell.outputs for cell in code_cells(read(empty_book.path("demo/010-first")))]
    assert [outputs[0].data["text/plain"] for outputs in shown[1:2]] == ["'done'"]
    assert shown[3] == []
    assert [outputs[0].text for outputs in (shown[2], shown[4], shown[5])] == [
        "two\n",
        "100 %\n",
        "ready\n",
    ]
    ran = run(empty_book)
    assert ran.status == 0, ran.text
