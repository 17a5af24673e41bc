"""Cells for the page get what they import, as the standard library alone can run it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from helpers.paths import BOOK
from tools import npm
from tools.sphinx import page_python, plain_python, run_here

# Imports our archive before anything of this environment could be found.
ALONE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from helpers.in_page import Cells
outputs = []
cells = Cells(lambda output: outputs.append(json.loads(output)))
for code in json.load(sys.stdin):
    cells.run(code)
strange = {name.split(".")[0] for name in sys.modules} - sys.stdlib_module_names
print(json.dumps([outputs, sorted(strange - {"__main__", "helpers"})]))
"""


def cells() -> dict[str, list[dict[str, Any]]]:
    """Return the book's cells that run in a page, by notebook."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(BOOK.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        here = [c for c in json.loads(path.read_text())["cells"] if run_here.runs_here(c)]
        if here:
            found[path.relative_to(BOOK).with_suffix("").as_posix()] = here
    return found


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def alone(archive: bytes, codes: list[str], folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Run cells with the standard library and `archive`; return outputs, foreign modules."""
    (folder / "book.zip").write_bytes(archive)
    line = [sys.executable, "-I", "-S", "-c", ALONE, str(folder / "book.zip")]
    done = subprocess.run(
        line, input=json.dumps(codes), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    outputs, strange = json.loads(done.stdout)
    return outputs, strange


def test_the_books_cells_need_the_standard_library_alone(tmp_path: Path) -> None:
    """In a bare Python with the archive they run, load nothing else, and print what is stored."""
    assert cells()
    for lab, here in cells().items():
        codes = [source(cell) for cell in here]
        names = frozenset().union(*(plain_python.imports(code) for code in codes))
        outputs, strange = alone(plain_python.archive(plain_python.closure(names)), codes, tmp_path)
        assert strange == [], lab
        stored = [output for cell in here for output in cell["outputs"]]
        assert _facts(outputs) == _facts(stored), lab


def _facts(outputs: list[dict[str, Any]]) -> tuple[str, list[Any]]:
    text = "".join("".join(o["text"]) for o in outputs if o["output_type"] == "stream")
    figures = [o["data"].get("application/vnd.plotly.v1+json") for o in outputs if "data" in o]
    return text, figures


def test_the_books_cells_are_fit_for_a_page() -> None:
    """They run anywhere, and neither imports nor sliders are at fault."""
    for lab, here in cells().items():
        for cell in here:
            assert "runs-anywhere" in cell["metadata"]["tags"], lab
            assert list(run_here.faults(source(cell))) == [], lab


def test_the_archive_has_what_is_needed_and_no_more() -> None:
    """The model, what it imports and the runner; the package's own opening is left out."""
    made = plain_python.archive(frozenset({"helpers.views.curves"}))
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        names = {Path(name).stem for name in packed.namelist()}
        assert packed.read("helpers/__init__.py").decode() == plain_python.ROOT_INIT
    assert names == {
        *("__init__", "curves", "plain", "palette", "queueing", "text", "in_page", "errors"),
    }


def test_the_archive_is_the_same_each_time() -> None:
    """Same modules, same bytes, same name; other modules, another name."""
    one = frozenset({"helpers.analysis.queueing"})
    first, name = plain_python.archive(one), plain_python.archive_name(one)
    plain_python.archive.cache_clear()
    assert (plain_python.archive(one), plain_python.archive_name(one)) == (first, name)
    assert plain_python.archive_name(frozenset({"helpers.views.palette"})) != name


def test_the_pages_python_has_the_whole_standard_library() -> None:
    """What starts with Python is compiled, so that browsers need not; nothing is missing."""
    with zipfile.ZipFile(npm.package("pyodide") / page_python.LIBRARY) as library:
        sources = set(library.namelist())
    with zipfile.ZipFile(page_python.files()[page_python.LIBRARY]) as library:
        names = library.namelist()
    compiled = {name for name in names if name.endswith(".pyc")}
    assert {name.removesuffix("c") if name in compiled else name for name in names} == sources
    assert len(names) == len(sources)
    assert {"typing.pyc", "enum.pyc", "dataclasses.pyc", "asyncio/events.pyc"} <= compiled


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("import numpy", "numpy, imported by the cell"),
        ("from helpers.views import theme", "plotly.graph_objects, imported by helpers.views"),
        ("from helpers import lab", "helpers, imported by the cell"),
        ("try:\n    import yaml\nexcept ImportError:\n    pass", "yaml"),
        ("if x:\n    from . import y", "., imported by"),
        ("x = 1\n!docker ps", "not plain Python (line 2)"),
        ("rate = 9  # run: 1..5 step 1", "no slider"),
        ("rate = 2.5  # run: 1..5 step 1", "no slider"),
        ("rate = 2  # run: 1-5", "no slider"),
        ("for n in range(3): n = 2  # run: 1..5 step 1", "no slider"),
    ],
)
def test_a_cell_that_cannot_run_in_a_page_is_named(code: str, named: str) -> None:
    """Each fault is a sentence that says what is wrong."""
    (fault,) = run_here.faults(code)
    assert named in fault


@pytest.mark.parametrize(
    "code",
    [
        "rate = 2.5  # run: 0.5..2.9 step 0.1",
        "n=3 # run: 1..5 step 2",
        "x = -1.5  # run: -2..0 step 0.25",
        "def f():\n    import numpy",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import plotly",
        "import json, statistics\nfrom helpers.errors import LabError",
    ],
)
def test_a_cell_that_can_is_not(code: str) -> None:
    """Sliders, the standard library, our plain modules, and what is imported later or never."""
    assert list(run_here.faults(code)) == []
