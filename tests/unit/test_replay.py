"""Recorded cells are answered exactly, edited ones never."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from helpers.labs import catalog, replay
from helpers.labs.recording import RIBBON_MARK, outputs_digest, source_digest
from helpers.labs.session import Session
from helpers.records.host import Unavailable
from helpers.records.lab import Lab

STREAM = {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]}
LACKING = [("docker", Unavailable("no engine answers", "Start Docker."))]


def cell(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    recorded = {"source": source_digest(source), "outputs": outputs_digest(outputs)}
    return {
        "cell_type": "code",
        "source": source,
        "outputs": list(outputs),
        "metadata": {"tags": list(tags), "recorded": recorded},
    }


def make_lab(*cells: dict[str, Any]) -> Lab:
    notebook = {
        "metadata": {
            "labs": {"needs": ["docker"], "minutes": 5},
            "provenance": {"date": "2026-11-23", "engine": "Docker 28.5.2", "cgroup": "v1"},
        },
        "cells": list(cells),
    }
    return catalog.parse("docker/010-run", Path("x.ipynb"), json.loads(json.dumps(notebook)))


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    yield made
    made.history_manager.end_session() if made.history_manager else None


def said(shell: InteractiveShell, source: str) -> str:
    """Return all that a cell shows, as text."""
    with capture_output() as captured:
        shell.run_cell(source)
    shown = [output.data.get("text/plain", "") for output in captured.outputs]
    return captured.stdout + captured.stderr + "\n".join(shown)


def test_exact_cell_is_answered_under_a_ribbon(shell: InteractiveShell) -> None:
    """The book's own cell shows its stored output and says when it was recorded."""
    replay.install(shell, make_lab(cell("!docker ps", STREAM)), LACKING)
    shown = said(shell, "!docker ps\n")
    assert "one\ntwo\n" in shown
    assert "Recorded on 2026-11-23 with Docker 28.5.2" in shown


@pytest.mark.parametrize(
    "edited",
    ["!docker ps -a", "print(x + 1)", "here.check('a')", "%%bash\ndocker ps", "y = !docker ps"],
)
def test_edited_cell_is_refused_in_one_sentence(shell: InteractiveShell, edited: str) -> None:
    """A cell that is not the book's, and needs what is missing, is never answered."""
    lab = make_lab(cell("x = here.docker.info()", STREAM), cell("!docker ps", STREAM))
    replay.install(shell, lab, LACKING)
    shown = said(shell, edited)
    assert "This cell is not the book's" in shown
    assert "no engine answers" in shown
    assert "one" not in shown.replace("one sentence", "")
    assert "Traceback" not in shown


def test_cell_that_needs_nothing_runs(shell: InteractiveShell) -> None:
    """The reader's own arithmetic runs as ever."""
    replay.install(shell, make_lab(cell("!docker ps", STREAM)), LACKING)
    assert "42" in said(shell, "n = 6\nprint(n * 7)")


def test_tagged_cell_runs_anywhere(shell: InteractiveShell) -> None:
    """A cell tagged runs-anywhere is run, not replayed."""
    lab = make_lab(cell("print('fresh')", STREAM, tags=("runs-anywhere",)))
    replay.install(shell, lab, LACKING)
    assert said(shell, "print('fresh')") == "fresh\n"


def test_same_source_twice_is_answered_in_turn(shell: InteractiveShell) -> None:
    """A check before and after an exercise gives first the one, then the other answer."""
    before = {**STREAM, "text": "Not yet.\n"}
    after = {**STREAM, "text": "Met.\n"}
    lab = make_lab(cell("here.check('a')", before), cell("z = 1"), cell("here.check('a')", after))
    replay.install(shell, lab, LACKING)
    assert "Not yet." in said(shell, "here.check('a')")
    assert "Met." in said(shell, "here.check('a')")
    assert "Not yet." in said(shell, "here.check('a')")


def test_overwritten_recording_is_not_passed_off(shell: InteractiveShell) -> None:
    """An output that is not the recorder's is not shown as recorded."""
    tampered = cell("!docker ps", STREAM)
    tampered["outputs"] = [{**STREAM, "text": "made up\n"}]
    replay.install(shell, make_lab(tampered), LACKING)
    shown = said(shell, "!docker ps")
    assert "made up" not in shown
    assert "not the book's recording" in shown


def test_saved_replay_replays_again() -> None:
    """A notebook saved after a replay (ribbon, merged streams) still counts as recorded."""
    stored = cell("!docker ps", {**STREAM, "text": "one\n"}, {**STREAM, "text": "two\n"})
    ribbon = {"output_type": "display_data", "data": {"text/plain": "r"}, "metadata": RIBBON_MARK}
    stored["outputs"] = [ribbon, STREAM]
    (found,) = make_lab(stored).cells
    assert found.intact
    assert found.outputs == (STREAM,)


def test_uninstall_gives_the_kernel_back(shell: InteractiveShell) -> None:
    """After uninstalling, cells run."""
    replay.install(shell, make_lab(cell("print(1)", STREAM)), LACKING)
    replay.uninstall(shell)
    assert said(shell, "print(1)") == "1\n"


def test_kernel_that_asks_twice_gets_the_same_answer(shell: InteractiveShell) -> None:
    """A kernel may transform a cell twice before it runs it: that is one visit, not two."""
    before = {**STREAM, "text": "Not yet.\n"}
    after = {**STREAM, "text": "Met.\n"}
    lab = make_lab(cell("here.check('a')", before), cell("here.check('a')", after))
    replay.install(shell, lab, LACKING)
    shell.transform_cell("here.check('a')")
    assert "Not yet." in said(shell, "here.check('a')")


def test_imports_of_a_recorded_cell_are_made(shell: InteractiveShell) -> None:
    """What the book's cell imports is there for the reader's own cells; the rest did not run."""
    lab = make_lab(cell("import colorsys\n!docker ps\nmade = 1", STREAM))
    replay.install(shell, lab, LACKING)
    said(shell, "import colorsys\n!docker ps\nmade = 1")
    assert said(shell, "print(colorsys.__name__)") == "colorsys\n"
    assert "made" not in shell.user_ns


@pytest.mark.parametrize(
    ("edited", "needs"),
    [
        ("!cat {here.files}/Dockerfile", False),
        ("!cat {here.scratch}/shop/Dockerfile", True),
        ("%%writefile {folder}/Dockerfile\nFROM x", True),
        ("!{keyboard} '^C' wait", True),
        ("%%bash\nls book/docker", False),
        ("%%bash\ndocker ps", True),
        ("!ls /var/lib/docker", False),
        ("for n in range(3):\n    !docker run {n}", True),
        ("!echo a \\\n  b", False),
        ("here.hint('a')", False),
        ("print(here.port('web'))", False),
        ("here.check('a')", True),
        ("show(here)", True),
        ("print(container.name)", True),
        ("container = 1\nprint(container)", False),
        ("if", False),
    ],
)
def test_what_an_edited_cell_needs(edited: str, needs: bool) -> None:
    """Only what an engine, or a cell that was not run, would have to answer is refused."""
    assert replay.needs_engine(edited, {"folder", "keyboard", "container"}) is needs


def test_what_needs_no_engine_is_a_sessions_own() -> None:
    """What is let through without an engine exists in a session."""
    here = Session(make_lab(), "7f3a", LACKING[0][1], "")
    assert not [name for name in replay.ENGINE_FREE if not hasattr(here, name)]
