"""Widgets on a page without a kernel: the stored state, and a module that draws from it.

A widget becomes its still picture (words and a table, which is what remains without
JavaScript) and, once for each model, its state as JSON. `widgets/page.mjs` draws it when it
comes near the screen, with the very module that JupyterLab uses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from sphinx.application import Sphinx

from helpers.views import live

MIME: Final = "application/vnd.jupyter.widget-view+json"
STATE: Final = "application/vnd.jupyter.widget-state+json"
_MARK: Final = 'class="lab-widget"'
# what the page's module reads; the rest belongs to JupyterLab
_KEPT: Final = ("title", "state", "frames", "texts", "colours")


class Widgets:
    """The widgets of one notebook, turned into HTML one view after the other."""

    def __init__(self, metadata: Mapping[str, Any], page: str) -> None:
        stored = metadata.get("widgets", {}).get(STATE, {}).get("state", {})
        self._models: dict[str, dict[str, Any]] = {
            ident: model.get("state", {}) for ident, model in stored.items()
        }
        self._date = str(metadata.get("provenance", {}).get("date", ""))
        self._page = page
        self._shown: set[str] = set()

    def fault(self, data: Mapping[str, Any]) -> str:
        """Return why the output `data` cannot be shown as a widget, or nothing."""
        state = self._models.get(data[MIME]["model_id"])
        if state is None:
            return "a widget whose state was not recorded; record the notebook again"
        if "name" not in state or not (live.FOLDER / f"{state['name']}.mjs").is_file():
            return "a widget that is not of this book would be dead on the page; see helpers.views"
        if "text/html" not in data:
            return "a widget without an HTML equivalent would leave a blank without JavaScript"
        if state.get("_esm") != live.front_end(state["name"]):
            return (
                f"{state['name']}.mjs changed since this widget was stored; "
                "`python -m tools.notebooks widgets` puts it right"
            )
        return ""

    def html(self, data: Mapping[str, Any], still: str) -> str:
        """Return the view `data` as HTML. still: its HTML equivalent."""
        model = data[MIME]["model_id"]
        state = self._models[model]
        ident = f"{self._page}-{int(model, 16):x}"
        view = (
            f'<div {_MARK} data-widget="{escape(state["name"])}" data-model="{ident}">{still}</div>'
        )
        if model in self._shown:
            return view
        self._shown.add(model)
        kept = {key: state[key] for key in _KEPT if key in state}
        level = "simulated" if state.get("level") == "simulated" else "recorded"
        kept |= {"level": level, "recorded": self._date}
        stored = f'<script type="application/json" id="lab-widget-{ident}">{_json(kept)}</script>'
        return f"{view}\n{stored}"


def _json(value: object) -> str:
    # `<` is written as an escape so that no text of a widget can end the script element.
    return json.dumps(value, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def _load_where_used(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    if _MARK in context.get("body", ""):
        app.add_js_file("widgets/page.mjs", type="module")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", _load_where_used)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
