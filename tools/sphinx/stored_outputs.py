"""Make a notebook's stored outputs fit for a page without a kernel, or say why they are not.

myst-nb knows nothing of plotly and drops what it does not know. Sphinx hands over the text
of each source before it is parsed (`source-read`), so the outputs are put right there: no
entry point to install, no private function of myst-nb touched.

Every fault is a Sphinx warning, and the book is built with warnings as errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from sphinx.application import Sphinx
from sphinx.util import logging

from helpers.labs.recording import source_digest
from tools.sphinx import cell_lexer, plotly_figures, widgets

Notebook = dict[str, Any]
Output = dict[str, Any]

HTML: Final = "text/html"
# What a page shows of an output by itself; myst-nb drops every other form of it.
SHOWN: Final = frozenset(
    {HTML, "text/plain", "text/markdown", "text/latex"}
    | {"image/svg+xml", "image/png", "image/jpeg", "image/gif"}
)
# Whatever wrote the notebook: `!docker run` is an error to a Python lexer.
LANGUAGE: Final = {"name": "python", "pygments_lexer": cell_lexer.NAME}
MEANT_TO_FAIL: Final = "raises-exception"  # Jupyter's own tag for a cell whose error is the lesson

# "Live" is true where the outputs were recorded, not on a page: there, the line of
# provenance under the title says where they come from.
_LIVE = re.compile(r"class=['\"]lab-ribbon lab-ribbon-live")
_LOGGER = logging.getLogger(__name__)


def prepare(notebook: Notebook, complain: Callable[[str], None], page: str = "page") -> Notebook:
    """Return `notebook` with outputs a page can show; call `complain` with each fault.

    page: its name on the site, for ids that no other page has.
    """
    metadata = notebook.setdefault("metadata", {})
    shown = widgets.Widgets(metadata, page)
    metadata["language_info"] = LANGUAGE
    if "labs" in metadata and "provenance" not in metadata:
        complain("never recorded, so the page would have no outputs; run `make record`")
    for number, cell in _code_cells(notebook):
        if _is_stale(cell):
            complain(f"cell {number}: changed since its outputs were recorded; record it again")
        kept = [output for output in cell.get("outputs", []) if not _says_live(output)]
        for output in kept:
            fault = _fault(cell, output) or _dress(output, shown)
            if fault:
                complain(f"cell {number}: {fault}")
        cell["outputs"] = kept
    # What pages show of it stands in the outputs now; Sphinx would carry it through the build.
    metadata.pop("widgets", None)
    return notebook


def _code_cells(notebook: Notebook) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number, cell), numbered from 1 among all cells, as an editor shows them."""
    for number, cell in enumerate(notebook.get("cells", []), start=1):
        if cell.get("cell_type") == "code":
            yield number, cell


def _is_stale(cell: dict[str, Any]) -> bool:
    """Tell whether the source is no longer the one whose outputs the recorder stored."""
    recorded = cell.get("metadata", {}).get("recorded", {}).get("source")
    return recorded is not None and recorded != source_digest(_text(cell.get("source", "")))


def _fault(cell: dict[str, Any], output: Output) -> str:
    tags = cell.get("metadata", {}).get("tags", [])
    if output.get("output_type") == "error" and MEANT_TO_FAIL not in tags:
        return (
            f"the stored output is an error ({output.get('ename')}); record the notebook again, "
            f"or tag the cell `{MEANT_TO_FAIL}` if the error is the lesson"
        )
    return ""


def _dress(output: Output, shown: widgets.Widgets) -> str:
    """Turn the richest thing in `output` into HTML a page can show; return the fault, if any."""
    data = output.get("data", {})
    if widgets.MIME in data:
        fault = shown.fault(data)
        if fault:
            return fault
        data[HTML] = shown.html(data, _text(data[HTML]))
        del data[widgets.MIME]
    if plotly_figures.MIME in data:
        try:
            data[HTML] = plotly_figures.figure_html(data.pop(plotly_figures.MIME))
        except plotly_figures.NoTextEquivalent:
            return "a figure without a text equivalent; make it with views.theme.plot(alt=...)"
        except plotly_figures.NotDrawn as kinds:
            drawn = ", ".join(sorted(plotly_figures.TRACES))
            return f"a figure of a kind ({kinds}) the page cannot draw; it draws {drawn}"
    return _dropped(data)


def _dropped(data: dict[str, Any]) -> str:
    """Return the fault of an output of which the page would show nothing, or the words alone."""
    lost = set(data) - SHOWN
    if not lost or set(data) & SHOWN - {"text/plain"}:
        return ""
    return f"no form of this output can be shown on a page ({', '.join(sorted(lost))})"


def _says_live(output: Output) -> bool:
    return bool(_LIVE.search(_text(output.get("data", {}).get(HTML, ""))))


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _on_source_read(app: Sphinx, docname: str, source: list[str]) -> None:
    if str(app.env.doc2path(docname)).endswith(".ipynb"):
        notebook = prepare(
            json.loads(source[0]),
            lambda fault: _LOGGER.warning(fault, location=docname),
            docname.replace("/", "-"),
        )
        source[0] = json.dumps(notebook)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
