"""Recordings change when facts change, and then wholly; otherwise not by a byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.notebooks import census
from tools.notebooks.__main__ import main
from tools.notebooks.book import read
from tools.notebooks.execute import CellFailed, run_of
from tools.notebooks.normalise import BOOK_STANDS_AT, code_cells
from tools.notebooks.record import Elsewhere, Refused, Surroundings, record, write_whole

pytestmark = pytest.mark.slow
LAB = "demo/010-rich"
OPEN = ("", 'from stub import lab\n\nhere = lab("demo/010-rich")')
CLOSE = ("", "here.clean_up()")
FIGURE = (
    "import plotly.graph_objects as go\n"
    "from helpers.views import theme\n\n"
    'theme.plot(go.Figure(go.Bar(y=[{value}])), title="{title}", alt="A bar.")'
)
# Everything that differs from one run to the next, in the forms labs have it.
VARIED = [
    OPEN,
    ("", "import datetime, os, secrets, uuid\n\nprint(secrets.token_hex(32), uuid.uuid4())"),
    ("", 'print(datetime.datetime.now().isoformat(), "pid", os.getpid() + 1000, here.name("web"))'),
    ("", "print(object())\nobject()"),
    (
        "",
        "import sys, time\n\n"
        'print("a", file=sys.stderr)\nprint("b")\nprint(f"{time.time():.3f} s")',
    ),
    ("", "for n in range(9):\n    print(n, end='\\r', flush=True)\nprint('done')"),
    (
        "",
        "!head -c6 /dev/urandom | od -An -tx1 | tr -d ' '",
    ),
    ("", "import os\n\nprint(os.getcwd())"),
    ("", FIGURE.format(value=3, title="Three")),
    ("nbval-ignore-output", FIGURE.format(value="time.time()", title="Now")),
    ("check-cell", "assert time.time() > 0"),
    ("", "import ipywidgets\n\nipywidgets.HBox([ipywidgets.IntSlider(3), ipywidgets.Label('x')])"),
    (
        "",
        "from jupyterquiz import display_quiz\n\n"
        'answers = [{"answer": "4", "correct": True}, {"answer": "5", "correct": False}]\n'
        'display_quiz([{"question": "2+2?", "type": "multiple_choice", "answers": answers}])',
    ),
    CLOSE,
]


def outputs(book: Any, number: int) -> list[Any]:
    """Return the stored outputs of the code cell `number` (from 0)."""
    return list(code_cells(read(book.path(LAB)))[number].outputs)


def test_recording_twice_changes_no_byte(empty_book: Any) -> None:
    """Ids, times, widgets, quizzes and measured plots: the second recording is the first."""
    path = empty_book.add(LAB, VARIED)
    first = empty_book.record(LAB)
    before, checks = path.read_bytes(), empty_book.manifest.read_bytes()
    second = empty_book.record(LAB)
    assert first.written
    assert (second.changes, second.written) == ((), False)
    assert path.read_bytes() == before
    assert empty_book.manifest.read_bytes() == checks
    assert census.take(empty_book).faults == ()
    text = before.decode()
    assert str(empty_book.root) not in text
    assert f"{BOOK_STANDS_AT}/book/demo" in text
    assert f"rich-{run_of(LAB)}-web" in text
    assert "IntSliderModel" in text


def test_a_changed_fact_renews_the_whole_recording(empty_book: Any) -> None:
    """One fact changed: every output and the provenance are of the new run."""
    cells = [
        OPEN,
        ("", "import secrets\n\nprint(secrets.token_hex(32))"),
        ("", "from pathlib import Path\n\nprint(Path('fact.txt').read_text())"),
        CLOSE,
    ]
    path = empty_book.add(LAB, cells)
    fact = path.parent / "fact.txt"
    fact.write_text("three layers")
    empty_book.record(LAB)
    old_id = outputs(empty_book, 1)
    fact.write_text("four layers")
    around = Surroundings(lambda _needs: (), lambda _needs: {"date": "2027-01-01"})
    done = record(path, empty_book, surroundings=around)
    assert done.changes == ("code cell 3: another output\n      -three layers\n      +four layers",)
    assert outputs(empty_book, 1) != old_id
    assert read(path).metadata.provenance == {"date": "2027-01-01"}
    assert census.take(empty_book).faults == ()


@pytest.mark.parametrize("measured", [True, False])
def test_another_system_renews_measured_values_only(empty_book: Any, measured: bool) -> None:
    """A newer engine that says the same keeps a recording, unless values were measured on it."""
    tags = "nbval-ignore-output" if measured else ""
    empty_book.add(LAB, [OPEN, (tags, "print(1.5)"), ("check-cell", "assert True"), CLOSE])
    empty_book.record(LAB)
    newer = {"date": "2027-01-01", "engine": "Docker 29.0.0"}
    around = Surroundings(lambda _needs: (), lambda _needs: newer)
    done = record(empty_book.path(LAB), empty_book, surroundings=around)
    assert done.changes == (("measured values of another system",) if measured else ())
    assert (read(empty_book.path(LAB)).metadata.provenance == newer) == measured


def test_another_day_changes_nothing(empty_book: Any) -> None:
    """The date alone is no reason to record anew."""
    empty_book.add(LAB, [OPEN, ("nbval-ignore-output", "print(1.5)"), ("check-cell", "1"), CLOSE])
    empty_book.record(LAB)
    same = {**read(empty_book.path(LAB)).metadata.provenance, "date": "2030-01-01"}
    around = Surroundings(lambda _needs: (), lambda _needs: same)
    assert not record(empty_book.path(LAB), empty_book, surroundings=around).written


def test_fresh_renews_in_any_case(empty_book: Any) -> None:
    """`--fresh` takes the new run though no fact changed."""
    empty_book.add(LAB, [OPEN, ("", "import time\n\nprint(f'{time.time():.6f} s')"), CLOSE])
    empty_book.record(LAB)
    before = outputs(empty_book, 1)
    assert empty_book.record(LAB, fresh=True).written
    assert outputs(empty_book, 1) != before


def test_prose_and_order_may_change_without_a_new_recording(empty_book: Any) -> None:
    """An author edits text, or an editor its own metadata: the outputs stay as they are."""
    empty_book.add(LAB, [OPEN, ("", "import time\n\nprint(f'{time.time():.6f} s')"), CLOSE])
    empty_book.record(LAB)
    before = outputs(empty_book, 1)

    def edit(stored: Any) -> None:
        stored.cells[0].source = "# Better words"
        stored.cells[1].metadata["execution"] = {"iopub.status.busy": "2026-11-23T07:16:01Z"}

    empty_book.edit(LAB, edit)
    done = empty_book.record(LAB)
    assert (done.changes, done.written) == ((), True)
    assert outputs(empty_book, 1) == before
    text = empty_book.path(LAB).read_text()
    assert "Better words" in text
    assert "iopub" not in text


def test_a_failing_cell_leaves_the_file_and_is_named(empty_book: Any) -> None:
    """The error names the cell, its source and why; the old recording stays."""
    path = empty_book.add(LAB, [OPEN, ("", "1 + 1"), CLOSE])
    empty_book.record(LAB)
    empty_book.edit(LAB, lambda stored: code_cells(stored)[1].update(source="1 / 0"))
    before = path.read_bytes()
    with pytest.raises(CellFailed, match=r"Code cell 2 failed: ZeroDivisionError") as caught:
        empty_book.record(LAB)
    assert "1 / 0" in str(caught.value)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.glob(".*")] == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os\n\nos._exit(3)", "the kernel died"),
        ("import time\n\ntime.sleep(600)", "more than 3 s"),
    ],
)
def test_a_dead_or_endless_cell_is_named(empty_book: Any, source: str, why: str) -> None:
    """A cell that kills its kernel or never ends is reported as any other."""
    empty_book.add(LAB, [OPEN, ("", source), CLOSE])
    with pytest.raises(CellFailed, match=f"Code cell 2 failed: .*{why}"):
        empty_book.record(LAB, timeout=3)


def test_without_its_needs_nothing_is_recorded(empty_book: Any) -> None:
    """A recording shows the real systems or is not made; not even a kernel is started."""
    path = empty_book.add(LAB, [OPEN, CLOSE], needs=("docker",))
    before = path.read_bytes()
    around = Surroundings(lambda _needs: (("docker", "no engine answers"),), lambda _needs: {})
    with pytest.raises(Refused, match="docker: no engine answers"):
        record(path, empty_book, surroundings=around)
    assert path.read_bytes() == before


def test_a_lab_for_another_system_is_left_as_it_is(
    empty_book: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its metadata ask for what is not here: refused where it was named, passed over else."""
    path = empty_book.add(LAB, [OPEN, CLOSE])
    empty_book.edit(LAB, lambda stored: stored.metadata.labs.update({"recorded_on": ["luck"]}))
    before = path.read_bytes()
    with pytest.raises(Elsewhere, match="ask for luck"):
        record(path, empty_book)
    assert main(["record", "--root", str(empty_book.root)]) == 0
    assert f"{LAB}: left as it is." in capsys.readouterr().out
    assert main(["record", "--root", str(empty_book.root), str(path)]) == 1
    assert f"{LAB}: not recorded" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_a_file_is_replaced_wholly_or_not_at_all(empty_book: Any) -> None:
    """An interrupted write leaves the old file and nothing else."""
    path = empty_book.folder / "x.ipynb"
    path.write_text("old")
    path.chmod(0o640)
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half \ud800")
    assert path.read_text() == "old"
    write_whole(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    assert sorted(each.name for each in path.parent.iterdir()) == ["intro.md", "x.ipynb"]


def test_run_ids_are_fixed_and_are_neither_words_nor_numbers() -> None:
    """The same lab is always recorded under the same four hex digits."""
    runs = {lab: run_of(lab) for lab in (f"docker/{n:03}-x" for n in range(200))}
    assert runs == {lab: run_of(lab) for lab in runs}
    assert all(len(run) == 4 and not run.isdigit() and not run.isalpha() for run in runs.values())


def test_widget_state_is_stored_in_order(empty_book: Any) -> None:
    """A widget's model ids are numbers, the same whoever records."""
    empty_book.add(LAB, [OPEN, ("", "import ipywidgets\n\nipywidgets.IntSlider(3)"), CLOSE])
    empty_book.record(LAB)
    state = json.loads(empty_book.path(LAB).read_text())["metadata"]["widgets"]
    ids = [*state["application/vnd.jupyter.widget-state+json"]["state"]]
    assert ids == [f"{number:032x}" for number in range(1, len(ids) + 1)]
