"""A cell that runs in the page says what a notebook would have stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import in_page


def said(*codes: str) -> list[dict[str, Any]]:
    """Return what cells of one page say, one run after the other."""
    outputs: list[dict[str, Any]] = []
    cells = in_page.Cells(lambda output: outputs.append(json.loads(output)))
    for code in codes:
        cells.run(code)
    return outputs


def test_lines_are_said_as_they_are_printed() -> None:
    """Each whole line is an output at once, the unfinished one at the end, stderr apart."""
    code = """import sys
print('a', 'b')
print('c', end='')
print('x', file=sys.stderr)
print('d')
print('end', end='')"""
    assert [(output["name"], output["text"]) for output in said(code)] == [
        ("stdout", "a b\n"),
        ("stderr", "x\n"),
        ("stdout", "cd\n"),
        ("stdout", "end"),
    ]


def test_the_last_expression_is_shown_and_none_is_not() -> None:
    """As in a notebook: a value at the end is shown, None and assignments are not."""
    shown = said("x = 2\nx + 1", "x = 3", "None", "'end'")
    assert [output["data"]["text/plain"] for output in shown] == ["3", "'end'"]
    assert said("x = 2") == said("None") == []


def test_cells_share_their_names() -> None:
    """What one cell assigns, the next one knows; another page does not."""
    assert said("x = 20", "x * 2.1")[0]["data"]["text/plain"] == "42.0"
    assert said("x")[0]["ename"] == "NameError"


def test_a_figure_is_shown_by_its_mime_type() -> None:
    """What a value says of itself for Jupyter reaches the page, display() included."""
    (figure,) = said("from helpers.views import curves\ncurves.throughput(3)")
    assert figure["data"]["application/vnd.plotly.v1+json"]["layout"]["title"]["text"]
    assert figure["data"]["text/plain"].startswith("10.0 hashes/s")
    assert [o["data"]["text/plain"] for o in said("display(1, 'two')")] == ["1", "'two'"]


def test_a_lab_error_is_its_sentence() -> None:
    """A reader gets what happened and what to do, no traceback."""
    code = "from helpers.errors import LabError\nraise LabError('It broke.', remedy='Mend it.')"
    (error,) = said(code)
    assert error["output_type"] == "error"
    assert error["traceback"] == ["It broke.", "→ Mend it."]


def test_another_error_is_the_end_of_its_traceback() -> None:
    """The reader's own line is quoted, our frames are not, and there are few lines."""
    (error,) = said("def f(n):\n    return f(n - 1) if n else 1 / 0\n\nf(50)")
    assert error["traceback"][-1] == "ZeroDivisionError: division by zero"
    assert len(error["traceback"]) <= in_page.ERROR_LINES
    (short,) = said("one = 1\none / 0")
    text = "\n".join(short["traceback"])
    assert 'File "<cell 1>", line 2' in text
    assert "one / 0" in text
    assert "in_page" not in text


@pytest.mark.parametrize("code", ["exit()", "raise KeyboardInterrupt", "x = = 1", "import docker_"])
def test_no_cell_ends_the_pages_python(code: str) -> None:
    """After whatever a cell does, the next one runs."""
    outputs = said(code, "print('alive')")
    assert outputs[0]["output_type"] == "error"
    assert outputs[-1]["text"] == "alive\n"


def test_it_says_whether_a_cell_ended_well() -> None:
    """The page marks a cell as run only when it was."""
    cells = in_page.Cells(lambda _output: None)
    assert cells.run("x = 1")
    assert not cells.run("x.y")
