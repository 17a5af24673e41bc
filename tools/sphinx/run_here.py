"""Run in this page: cells tagged `run-here` run in the published page itself, on a click.

A page with such cells gets a module (`_static/run-here/runhere.mjs`) that gives them a button
and sliders. On the first click it loads Python compiled to WebAssembly (npm's pyodide, copied
into the site, see page_python.py) and our own modules that the cells import (see
plain_python.py), from this site alone. Other pages get nothing, and neither does a site
without such cells.

A Markdown page shows a notebook's cell by its id, with the outputs stored there:

    ```{run-here} docker/080-dockercoins model-curve
    :fold:
    ```
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from helpers.text import _
from helpers.views import cards
from tools.sphinx import cell_lexer, page_python, plain_python, plotly_figures

TAG: Final = "run-here"
_SLIDER: Final = re.compile(
    r"^\w+[ \t]*=[ \t]*(?P<value>-?\d+(?:\.\d+)?)[ \t]*#[ \t]*run:[ \t]*"
    r"(?P<low>-?\d+(?:\.\d+)?)\.\.(?P<high>-?\d+(?:\.\d+)?)[ \t]+step[ \t]+(?P<step>\d+(?:\.\d+)?)"
    r"[ \t]*$"
)
_SLIDER_LIKE: Final = re.compile(r"#\s*run:")
_NAMES: Final = "run_here"  # among a page's metadata: the modules that its cells import
_STYLE: Final = Path(__file__).with_suffix(".css")
_LOGGER = logging.getLogger(__name__)


# -- cells


def faults(code: str) -> Iterator[str]:
    """Yield what keeps a cell from running in a page, a sentence each."""
    try:
        plain_python.closure(plain_python.imports(code))
    except SyntaxError as error:
        yield f"tagged `{TAG}`, but not plain Python (line {error.lineno})"
    except plain_python.NotPlain as module:
        yield f"tagged `{TAG}`, but a page has Python's standard library alone, not {module}"
    for line in code.splitlines():
        if _SLIDER_LIKE.search(line) and not _is_slider(line):
            yield f"no slider: `{line}`; write `name = 2  # run: 1..5 step 1`"


def _is_slider(line: str) -> bool:
    found = _SLIDER.match(line)
    if not found:
        return False
    value, low, high, step = (float(found[name]) for name in ("value", "low", "high", "step"))
    steps = (value - low) / step if step else 0.5
    return low <= value <= high and abs(steps - round(steps)) < 1e-9  # else the browser moves it


def _code(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def runs_here(cell: Mapping[str, Any]) -> bool:
    """Tell whether a notebook's cell is one that runs in the page."""
    tagged = TAG in cell.get("metadata", {}).get("tags", [])
    return tagged and cell.get("cell_type") == "code"


def label() -> dict[str, Any]:
    """Return the output that says, above the stored ones, that a model made them."""
    text = _("A model calculated this; nothing was measured.")
    data, metadata = cards.ribbon("simulated", text)._repr_mimebundle_()
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def _note(app: Sphinx, docname: str, code: str, where: str) -> None:
    """Remember what a page's cell imports; complain where it cannot run in a page."""
    found = list(faults(code))
    for fault in found:
        _LOGGER.warning(f"{where}: {fault}", location=docname)
    if not found:
        known = app.env.metadata[docname].get(_NAMES, "").split()
        names = {*known, *plain_python.closure(plain_python.imports(code))}
        app.env.metadata[docname][_NAMES] = " ".join(sorted(names))


def _on_source_read(app: Sphinx, docname: str, source: list[str]) -> None:
    if TAG not in source[0] or not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for number, cell in enumerate(notebook["cells"], start=1):
        if runs_here(cell):
            _note(app, docname, _code(cell), f"cell {number}")
            cell["outputs"].insert(0, label())
    source[0] = json.dumps(notebook)


# -- a notebook's cell on a Markdown page


class RunHere(SphinxDirective):
    """`{run-here} lab cell`: the cell of that id in that lab, as on the lab's own page.

    Option `fold`: the code is shown when asked for.
    """

    required_arguments = 2
    option_spec: ClassVar = {"fold": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the cell as the page's HTML builder expects cells."""
        lab, ident = self.arguments
        path = Path(self.env.srcdir) / f"{lab}.ipynb"
        self.env.note_dependency(str(path))
        cell = _cell_of(path, ident)
        if cell is None:
            raise self.error(f"{lab} has no cell with the id {ident!r} tagged `{TAG}`")
        _note(self.env.app, self.env.docname, _code(cell), f"cell {ident} of {lab}")
        shown = nodes.container(classes=["cell", f"tag_{TAG}"])
        code = nodes.literal_block(_code(cell), _code(cell), language=cell_lexer.NAME)
        shown += nodes.container("", *self._folded(code), classes=["cell_input"])
        stored = [_html(output) for output in [label(), *cell["outputs"]]]
        shown += nodes.container("", *stored, classes=["cell_output"])
        return [shown]

    def _folded(self, code: nodes.Node) -> list[nodes.Node]:
        if "fold" not in self.options:
            return [code]
        begin = f"<details><summary>{_('The code')}</summary>"
        return [
            nodes.raw("", begin, format="html"),
            code,
            nodes.raw("", "</details>", format="html"),
        ]


def _cell_of(path: Path, ident: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell.get("id") == ident and runs_here(cell):
            return dict(cell)
    return None


def _html(output: Mapping[str, Any]) -> nodes.Node:
    data = output.get("data", {})
    if plotly_figures.MIME in data:
        html = plotly_figures.figure_html(data[plotly_figures.MIME])
        return nodes.raw("", html, format="html")
    if "text/html" in data:
        return nodes.raw("", "".join(data["text/html"]), format="html")
    text = "".join(output.get("text") or data["text/plain"])
    return nodes.literal_block(text, text, language="text", classes=["output"])


# -- the page


def texts() -> dict[str, str]:
    """Return the sentences of the page's module."""
    return {
        "group": _("Run this cell in the page"),
        "run": _("Run in this page"),
        "stop": _("Stop"),
        "edit": _("Edit"),
        "reset": _("Reset"),
        "code": _("Code of this cell"),
        "hint": _("Loads Python into your browser, once: {mb} MB."),
        "press": _("Now press “Run in this page”."),
        "loading": _("Loading Python …"),
        "starting": _("Starting Python …"),
        "progress": _("Loading Python"),
        "bytes": _("{loaded} of {total} MB"),
        "running": _("Running …"),
        "done": _("Done in {seconds} s."),
        "failed": _("Ended with an error."),
        "stopped": _("Stopped. The next run starts Python anew."),
        "broken": _(
            "Python does not run here ({why}). Check the connection, then press the button again."
        ),
        "simulated": _("Simulated"),
        "just_now": _("A model calculated this in your browser just now; nothing was measured."),
        "error": _("This cell ended with an error."),
        "cut": _("… and more, which is not shown."),
        "words": _("In words"),
    }


def _modules(app: Sphinx) -> frozenset[str]:
    """Return our modules that the cells of all pages import; none where no page has a cell."""
    found: Iterable[str] = (page.get(_NAMES, "") for page in app.env.metadata.values())
    return frozenset(" ".join(found).split())


def _used(app: Sphinx) -> bool:
    return any(_NAMES in page for page in app.env.metadata.values())


def _settings(app: Sphinx) -> str:
    settings = {
        "pyodide": f"../{page_python.folder()}/",
        "archive": plain_python.archive_name(_modules(app)),
        "sizes": page_python.sizes(),
        "language": app.config.language,
        "texts": texts(),
        "titleSpace": plotly_figures.TITLE_SPACE,
    }
    return json.dumps(settings, sort_keys=True).replace("<", "\\u003c")


def _load_where_used(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    if _NAMES not in app.env.metadata.get(page, {}):
        return
    app.add_css_file("run-here/run-here.css")
    app.add_js_file("run-here/runhere.mjs", type="module")
    no_server = _("To run cells in the page, serve the folder: `make serve` does.")
    context["body"] += (
        f'<script type="application/json" id="run-here-settings">{_settings(app)}</script>\n'
        # Browsers load no module from a file; this script is the only one that can say so.
        f'<p class="run-here-note" id="run-here-file" hidden>{cards.inline(no_server)}</p>\n'
        '<script>if (location.protocol === "file:") {'
        'const said = document.getElementById("run-here-file"); said.hidden = false;'
        'document.querySelector(".tag_run-here .cell_input").after(said);}</script>\n'
    )


def _copy(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html" or not _used(app):
        return
    static = Path(app.outdir) / "_static"
    (static / page_python.folder()).mkdir(exist_ok=True)
    for name, file in page_python.files().items():
        shutil.copyfile(file, static / page_python.folder() / name)
    shutil.copyfile(_STYLE, static / "run-here" / "run-here.css")
    modules = _modules(app)
    made = static / "run-here" / plain_python.archive_name(modules)
    made.write_bytes(plain_python.archive(modules))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("run-here", RunHere)
    # After the stored outputs were made fit, which looks at what was recorded.
    app.connect("source-read", _on_source_read, priority=600)
    app.connect("html-page-context", _load_where_used)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
