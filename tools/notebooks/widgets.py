"""Widgets as a notebook stores them: ids in order, and no state too large to keep."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from helpers.views import live

STATE: Final = "application/vnd.jupyter.widget-state+json"
# of a model's state: what varies between two runs, or is no fact about the system shown
VOLATILE: Final = (*("_css", "_esm", "answers", "error", "frames", "level", "recorded", "watched"),)
ESM_LIMIT: Final = 64 * 1024  # characters; our own anywidgets stay far below
_ID = re.compile(r"[0-9a-f]{32}")

# A cut widget says so on the page: a blank one would look like a fault of the reader's.
CUT_ESM: Final = (
    'export default { render({ el }) { el.textContent = "This widget needs a running kernel."; } };'
)


def models(notebook: Any) -> dict[str, Any]:
    """Return the notebook's widget models by id; empty where it has none."""
    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    return dict(state)


def renumber(notebook: Any) -> Any:
    """Return `notebook` with its widgets' random ids replaced by numbers.

    The order is that of the stored state: the order in which the kernel made the widgets,
    which a notebook's own format (sorted keys) then preserves.
    """
    numbers = {old: f"{number:032x}" for number, old in enumerate(models(notebook), 1)}
    if not numbers or list(numbers) == list(numbers.values()):
        return notebook
    text = _ID.sub(lambda found: numbers.get(found[0], found[0]), json.dumps(notebook))
    return type(notebook)(json.loads(text))


def cut_large_scripts(notebook: Any) -> list[str]:
    """Cut anywidget scripts over ESM_LIMIT in place; return the names of the widgets cut."""
    cut = []
    for model in models(notebook).values():
        state = model.get("state", {})
        if len(state.get("_esm") or "") > ESM_LIMIT:
            state["_esm"] = CUT_ESM
            cut.append(str(state.get("_anywidget_id") or model.get("model_name")))
    return cut


def mark_recorded(notebook: Any) -> None:
    """Have the stored widgets say what they are when nothing runs, in place."""
    date = str(notebook.metadata.get("provenance", {}).get("date", ""))
    for model in models(notebook).values():
        state = model.get("state", {})
        if state.get("level") == "live":
            state["level"], state["recorded"] = "recorded", date


def refresh(notebook: Any) -> list[str]:
    """Give the stored widgets today's front end in place; return the names of those changed."""
    changed = []
    for model in models(notebook).values():
        state = model.get("state", {})
        if "name" in state and state.get("_esm") != live.front_end(state["name"]):
            state["_esm"] = live.front_end(state["name"])
            changed.append(str(state["name"]))
    return changed
