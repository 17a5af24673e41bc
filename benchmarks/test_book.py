"""How long the book takes to build, cold, against the stock Jupyter Book in the same run.

A book of 45 notebooks is made of the labs there are, outputs and all: what the whole course
will be. The stock build has Jupyter Book's defaults and the same pages; it drops the figures.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import paths
from tools.performance import judge

NOTEBOOKS = 45
ROUNDS = 3
STOCK = {"title": "Stock", "only_build_toc_files": True, "execute": {"execute_notebooks": "off"}}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real pages and 45 notebooks under new names."""
    folder = tmp_path_factory.mktemp("book")
    shutil.copytree(paths.BOOK, folder / "book")
    (folder / "labs").symlink_to(paths.ROOT / "labs")
    toc = yaml.safe_load((paths.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = toc["parts"][0]["chapters"]
    real = [Path(each["file"]) for chapter in chapters for each in chapter.get("sections", [])]
    places = {Path(each["file"]).parent: each for each in chapters}
    for number, lab in zip(range(NOTEBOOKS - len(real)), cycle(real), strict=False):
        chapter = places[lab.parent]  # its own: a lab's links lead to its neighbours
        name = f"{lab.parent}/{500 + number}-{lab.name}"
        shutil.copy(paths.BOOK / f"{lab}.ipynb", folder / "book" / f"{name}.ipynb")
        chapter.setdefault("sections", []).append({"file": name})
    assert sum(1 for _ in (folder / "book").rglob("*.ipynb")) == NOTEBOOKS
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    shutil.copy(paths.ROOT / "_config.yml", folder)
    (folder / "stock.yml").write_text(yaml.safe_dump(STOCK))
    return folder


def _seconds(line: list[str], book: Path, output: Path) -> float:
    """Build into an empty folder; return the seconds it took."""
    shutil.rmtree(output, ignore_errors=True)
    began = time.perf_counter()
    done = subprocess.run(line, cwd=book, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    assert done.returncode == 0, done.stderr[-2000:]
    return took


def _ours(book: Path) -> float:
    """Build as `make book` does."""
    call = f"from tools import book; book.main(Path({str(book / 'ours')!r}), Path({str(book)!r}))"
    program = f"import sys; from pathlib import Path; sys.path.append({str(paths.ROOT)!r}); {call}"
    return _seconds([sys.executable, "-c", program], book, book / "ours")


def _stock(book: Path) -> float:
    """Build as Jupyter Book does by itself."""
    program = str(Path(sys.executable).with_name("jupyter-book"))
    where = ["--config", "stock.yml", "--toc", str(book / "_toc.yml")]
    output = book / "stock"
    line = [program, "build", "book", *where, "--path-output", str(output), "--all"]
    return _seconds(line, book, output)


def test_45_notebooks_build_within_ten_seconds(book: Path, benchmark: Any) -> None:
    """Ours, strict and with all it adds, stays within the limit; the ratio to stock is printed."""
    pairs = [(_ours(book), _stock(book)) for _ in range(ROUNDS)]
    best = min(ours for ours, _stock in pairs)
    ratio = statistics.median(ours / stock for ours, stock in pairs)
    benchmark.pedantic(_ours, args=(book,), rounds=1)
    told = ", ".join(f"{ours:.1f} s against {stock:.1f} s" for ours, stock in pairs)
    print(f"{NOTEBOOKS} notebooks, ours against stock: {told}; ratio {ratio:.2f}")
    stock = min(stock for _ours, stock in pairs)
    judge(benchmark, "book", best, f"{ratio:.2f} times as long: {best:.1f} s", f"{stock:.1f} s")
