"""Stored widgets on a page: drawn by the site's own module, or a fault that stops the book."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from helpers.views import live
from tools.notebooks import widgets as stored
from tools.notebooks.book import nodes
from tools.sphinx import stored_outputs
from tools.sphinx.widgets import MIME, STATE

HTML = "text/html"
NAME = "layers"
STILL = "<div class='lab-widget-still'><p>3 layers</p></div>"


def notebook(*views: dict[str, Any], **state: Any) -> Any:
    """Return a notebook with one widget's state and these views of it."""
    given = {"name": NAME, "_esm": live.front_end(NAME), "title": "T", "level": "live"}
    model = {"model_name": "AnyModel", "state": {**given, "frames": [], "texts": {}, **state}}
    outputs = [{"output_type": "display_data", "metadata": {}, "data": view} for view in views]
    return {
        "metadata": {
            "provenance": {"date": "2026-11-24"},
            "widgets": {STATE: {"state": {f"{7:032x}": model}}},
        },
        "cells": [
            {"cell_type": "code", "source": "w", "metadata": {}, "outputs": outputs},
        ],
    }


def view(model: int = 7) -> dict[str, Any]:
    """Return a view of the widget, with its HTML equivalent."""
    return {MIME: {"model_id": f"{model:032x}"}, HTML: STILL, "text/plain": "3 layers"}


def prepared(made: Any) -> tuple[list[str], list[str]]:
    """Return the HTML of each output, and the faults."""
    faults: list[str] = []
    cells = stored_outputs.prepare(made, faults.append, "docker-020")["cells"]
    return [output["data"].get(HTML, "") for output in cells[0]["outputs"]], faults


def test_two_views_share_one_state() -> None:
    """The state is written once; both views name it, and keep what stands without scripts."""
    (first, second), faults = prepared(notebook(view(), view(), state={"text": "</script>"}))
    assert faults == []
    ident = "docker-020-7"
    assert all(f'data-model="{ident}"' in html and STILL in html for html in (first, second))
    (text,) = re.findall(rf'id="lab-widget-{ident}">(.*?)</script>', first, re.DOTALL)
    state = json.loads(text)
    assert state["state"] == {"text": "</script>"}
    assert (state["level"], state["recorded"]) == ("recorded", "2026-11-24")
    assert "_esm" not in state
    assert "<script" not in second


def test_a_simulated_widget_stays_one() -> None:
    """What a model answered is not called recorded."""
    ((html,), _faults) = prepared(notebook(view(), level="simulated"))
    assert '"level":"simulated"' in html


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (lambda: notebook(view(8)), "state was not recorded"),
        (lambda: notebook(view(), name="nowhere"), "not of this book"),
        (lambda: notebook({**view(), HTML: ""} | {}), None),
        (lambda: notebook({MIME: view()[MIME]}), "would leave a blank"),
        (lambda: notebook(view(), _esm="old"), "changed since this widget was stored"),
    ],
)
def test_a_widget_that_would_be_dead_is_a_fault(made: Any, fault: str | None) -> None:
    """A missing state, a foreign widget, one without words, an old front end: each is named."""
    _shown, faults = prepared(made())
    assert [fault in each for each in faults] == [True] if fault else faults == []


def test_a_stored_widget_says_that_it_is_recorded() -> None:
    """Opened in JupyterLab before anything ran, a live label would be a lie."""
    made = nodes(notebook(view()))
    stored.mark_recorded(made)
    (model,) = stored.models(made).values()
    assert (model["state"]["level"], model["state"]["recorded"]) == ("recorded", "2026-11-24")


def test_a_stored_widget_gets_todays_front_end() -> None:
    """A changed module needs no new recording: it is no fact."""
    made = nodes(notebook(view(), _esm="old"))
    assert stored.refresh(made) == [NAME]
    assert stored.refresh(made) == []
    assert prepared(made)[1] == []
