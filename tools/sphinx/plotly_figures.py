"""Plotly figures on a page without a kernel: one shared plotly.js, and the figure in words.

A figure becomes an HTML `<figure>`: its title (which wraps on a phone, as plotly's own does
not), a place for the drawing, its text equivalent, and its data. `figures.mjs` draws it when
it comes near the screen; where there is no JavaScript, title and text equivalent remain.

plotly.js is npm's basic bundle, a quarter of the whole and of the same version as the one in
the Python package that made the data (a test compares). It draws lines, bars and pies; a
figure of another kind stops the build. Only pages with figures load it.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any, Final

from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset_file

from tools import npm

MIME: Final = "application/vnd.plotly.v1+json"
PACKAGE: Final = "plotly.js-basic-dist-min"
LIBRARY: Final = "plotly-basic.min.js"  # as it is called in the package and on the site
TRACES: Final = frozenset({"bar", "pie", "scatter"})  # what the basic bundle draws

_MARK = 'class="lab-figure"'
_HEIGHT = 360  # px, where the figure names none
TITLE_SPACE: Final = 32  # px that plotly keeps for the title, which we write in HTML
_WAITING = "This figure is drawn by a script of this site. What it shows is said below."


class NoTextEquivalent(ValueError):
    """A figure says nothing to those who cannot see it (`layout.meta.alt` is missing)."""


class NotDrawn(ValueError):
    """A figure has traces of kinds that the site's plotly.js does not draw; their names."""


def figure_html(spec: dict[str, Any]) -> str:
    """Return plotly JSON as a `<figure>`. Raises NoTextEquivalent, NotDrawn."""
    strange = {trace.get("type", "scatter") for trace in spec.get("data", [])} - TRACES
    if strange:
        raise NotDrawn(", ".join(sorted(strange)))
    layout = spec.get("layout", {})
    alt = (layout.get("meta") or {}).get("alt", "").strip()
    if not alt:
        raise NoTextEquivalent
    # A figure with buttons or sliders is not one picture to a screen reader, but a group.
    role = "group" if layout.get("updatemenus") or layout.get("sliders") else "img"
    return (
        f"<figure {_MARK}>\n"
        f'<figcaption class="lab-figure-title">{escape(_title(layout))}</figcaption>\n'
        f'<div class="lab-figure-plot" role="{role}" aria-label="{escape(alt)}"'
        f' style="min-height:{_drawn_height(layout)}px">'
        f'<p class="lab-figure-waiting">{_WAITING}</p></div>\n'
        f'<details class="lab-figure-words" open><summary>In words</summary>'
        f"<p>{escape(alt)}</p></details>\n"
        f'<script type="application/json">{_json(_without_title(spec))}</script>\n'
        "</figure>"
    )


def _title(layout: dict[str, Any]) -> str:
    title = layout.get("title") or ""
    text = title.get("text") or "" if isinstance(title, dict) else title
    return re.sub(r"<[^>]+>", " ", text).strip()


def _setting(layout: dict[str, Any], *path: str) -> Any:
    """Return a layout setting of the figure, else of its template, else None."""
    for place in (layout, (layout.get("template") or {}).get("layout") or {}):
        value: Any = place
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _drawn_height(layout: dict[str, Any]) -> int:
    return int(_setting(layout, "height") or _HEIGHT) - (TITLE_SPACE if _title(layout) else 0)


def _without_title(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the figure without its title and the space plotly would keep for it."""
    layout = spec.get("layout", {})
    if not _title(layout):
        return spec
    top = int(_setting(layout, "margin", "t") or 0)
    slim = {
        **{key: value for key, value in layout.items() if key != "title"},
        "height": _drawn_height(layout),
        "margin": {**(layout.get("margin") or {}), "t": max(top - TITLE_SPACE, 8)},
    }
    return {**spec, "layout": slim}


def _json(value: object) -> str:
    # `<` is written as an escape so that no text in a figure can end the script element.
    return json.dumps(value, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def _load_where_used(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    if _MARK in context.get("body", ""):
        app.add_js_file("figures.mjs", type="module")


def _copy_library(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        copy_asset_file(npm.package(PACKAGE) / LIBRARY, Path(app.outdir) / "_static")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", _load_where_used)
    app.connect("build-finished", _copy_library)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
