"""What the site's builder makes of cells that run in the page, on a book of two pages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from helpers import command
from helpers.paths import BOOK
from helpers.views import curves
from tools.sphinx import page_python

pytestmark = pytest.mark.slow

CODE = "from helpers.views import curves\n\nn = 3  # run: 1..20 step 1\ncurves.throughput(n)"
EXTENSIONS = ("myst_nb", "stored_outputs", "plotly_figures", "run_here", "cell_lexer")


def build(folder: Path, page: str, code: str = CODE) -> command.Completed:
    """Build a Markdown page and a notebook with one tagged cell, warnings being errors."""
    source = folder / "source"
    (source / "docker").mkdir(parents=True)
    shutil.copytree(BOOK / "_static", source / "_static")
    (source / "index.md").write_text(f"# Front\n\n{page}\n\n```{{toctree}}\ndocker/lab\n```\n")
    cell = nbformat.v4.new_code_cell(code, id="curve", metadata={"tags": ["run-here"]})
    data = curves.throughput(3)._repr_mimebundle_()
    stream = nbformat.v4.new_output("stream", name="stdout", text="3 workers\n")
    cell.outputs = [stream, nbformat.v4.new_output("execute_result", data=data)]
    title = nbformat.v4.new_markdown_cell("# Lab")
    nbformat.write(nbformat.v4.new_notebook(cells=[title, cell]), source / "docker" / "lab.ipynb")
    names = [n if n == "myst_nb" else f"tools.sphinx.{n}" for n in EXTENSIONS]
    (source / "conf.py").write_text(
        f"extensions = {names!r}\nnb_execution_mode = 'off'\nhtml_theme = 'basic'\n"
        "html_static_path = ['_static']\nexclude_patterns = ['_static']\n"
    )
    line = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(source)]
    return command.run([*line, str(folder / "html")], timeout=120, check=False)


def test_a_cell_is_shown_on_a_markdown_page_too(tmp_path: Path) -> None:
    """Code, stored outputs and label stand there without a script, and the page can run it."""
    done = build(tmp_path, "```{run-here} docker/lab curve\n:fold:\n```")
    assert done.status == 0, done.stderr
    for page in ("index", "docker/lab"):
        html = (tmp_path / "html" / f"{page}.html").read_text(encoding="utf-8")
        _before, cell = html.split("tag_run-here", maxsplit=1)
        assert cell.index('class="cell_input') < cell.index("# run: 1..20 step 1")
        assert cell.index("cell_output") < cell.index("lab-ribbon-simulated")
        assert cell.index("3 workers") < cell.index('<figure class="lab-figure">')
        assert cell.count("run-here-settings") == 1
        assert "run-here/runhere.mjs" in html
        assert ("<details><summary>The code</summary>" in cell) == (page == "index")
    static = tmp_path / "html" / "_static"
    python = static / page_python.folder()
    assert {path.name for path in python.iterdir()} == set(page_python.FILES)
    assert [*(static / "run-here").glob("helpers-*.zip")]


def test_what_could_not_run_stops_the_build(tmp_path: Path) -> None:
    """A wrong import, slider or name is a warning that says which cell, and warnings are errors."""
    places = ("docker/lab other", "docker/none curve")
    page = "\n".join(f"```{{run-here}} {place}\n```\n" for place in places)
    done = build(tmp_path, page, "import numpy\nn = 9  # run: 1..5 step 1")
    assert done.status != 0
    for fault in (
        "cell 2: tagged `run-here`, but a page has",
        "cell 2: no slider",
        "no cell with the id 'other'",
        "docker/none has no cell",
    ):
        assert fault in done.stderr
