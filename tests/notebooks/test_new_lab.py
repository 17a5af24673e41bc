"""What `make new-lab` writes passes the book's tests: played on a copy of this repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers.paths import ROOT
from tools.notebooks.book import Book, read
from tools.notebooks.normalise import code_cells

pytestmark = [pytest.mark.slow, pytest.mark.docker]
TITLE = 'It\'s a "lab" of $5 & more'
# What belongs to this machine, not to the repository; the copy borrows what it needs of it.
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv", ".tools", ".cache", ".*_cache", ".hypothesis", ".benchmarks", "_build"),
    *("node_modules", "__pycache__", ".ipynb_checkpoints"),
)
BORROWED = (".venv", ".tools", "tools/npm/node_modules")


class Copy:
    """A copy of the repository, and its commands."""

    def __init__(self, root: Path) -> None:
        shutil.copytree(ROOT, root, ignore=LEFT_OUT, symlinks=True)
        for part in BORROWED:
            if (ROOT / part).exists():
                (root / part).symlink_to(ROOT / part)
        self.root, self.book = root, Book(root)

    def run(self, *argv: str, **environ: str) -> str:
        """Run a Python module or a program of the environment; return what it printed."""
        done = self.try_run(*argv, **environ)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_run(self, *argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        given = {**os.environ, "PYTHONPATH": str(self.root), **environ}
        given.pop("LABS_RESULTS", None)
        return subprocess.run(
            [sys.executable, *argv],
            cwd=self.root,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )


def untaught() -> tuple[str, str]:
    """Return a chapter, and a topic of it that waits for a lab."""
    outline = yaml.safe_load((ROOT / "book" / "syllabus.yml").read_text(encoding="utf-8"))
    return next(
        (chapter["id"], topic["id"])
        for chapter in outline["chapters"]
        for topic in chapter["topics"]
        if topic["taught"] is None
    )


def test_a_new_lab_passes_every_test_of_the_book(tmp_path: Path) -> None:
    """Begun and recorded on the real engine, it is tested as all labs are, and built.

    One test: a lab is recorded under a run of its own, so two recordings at once would meet.
    """
    copy, (chapter, topic) = Copy(tmp_path / "book-copy"), untaught()
    name = f"{chapter}/930-{topic.partition('.')[2]}"
    copy.run("-m", "tools.new_lab", name, "--title", TITLE)
    copy.run("-m", "tools.notebooks", "record", f"book/{name}.ipynb")
    is_recorded_whole(copy, name)
    runs_again_and_compares(copy, name)
    exercise_plays(copy, name)
    is_accepted(copy, chapter)
    builds(copy, name)


def is_recorded_whole(copy: Copy, name: str) -> None:
    """Its exercise first fails and then passes, and no fault is left."""
    cells = code_cells(read(copy.book.folder / f"{name}.ipynb"))
    shown = {cell.id: str(cell.outputs) for cell in cells}
    assert "from inside" in shown["run"]
    assert "exited, exit code 3" in shown["look"]
    assert "lab-check-not-yet" in shown["exercise-check"]
    assert "lab-check-met" in shown["exercise-check-again"]
    assert "no fault" in copy.run("-m", "tools.notebooks", "check", f"book/{name}.ipynb")


def runs_again_and_compares(copy: Copy, name: str) -> None:
    """nbval, strict and live, finds what was recorded; a changed recording fails."""
    file = copy.book.folder / f"{name}.ipynb"
    test = ("-m", "tools.notebooks", "test", "--require-live", f"book/{name}.ipynb")
    assert "1 notebooks, 13 code cells, 4 checks: all passed" in copy.run(*test)
    recorded = file.read_text(encoding="utf-8")
    file.write_text(recorded.replace('"from inside\\n"', '"from outside\\n"'), encoding="utf-8")
    failed = copy.try_run(*test)
    file.write_text(recorded, encoding="utf-8")
    assert failed.returncode != 0
    assert "checks: 1 failed" in failed.stdout


def exercise_plays(copy: Copy, name: str) -> None:
    """Found by discovery: not met before its solution, met after, broken without an engine."""
    argv = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/integration/test_exercises.py"]
    said = copy.run(*argv, "-k", f"there_are_exercises or {name.partition('/')[2]}")
    assert "2 passed" in said, said


def is_accepted(copy: Copy, chapter: str) -> None:
    """Style, types, contents and syllabus find nothing wrong with it."""
    module = f"helpers/checks/{chapter}_930.py"
    copy.run("-m", "ruff", "check", module)
    copy.run("-m", "ruff", "format", "--check", module)
    copy.run("-m", "mypy", "--cache-dir", os.devnull, module)
    files = [f"tests/unit/test_{part}.py" for part in ("syllabus", "book")]
    copy.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *files)


def builds(copy: Copy, name: str) -> None:
    """With warnings as errors; its exercise has its hints, its chapter's page leads to it."""
    where = ["--config", "_config.yml", "--toc", str(copy.root / "_toc.yml"), "--path-output", "."]
    program = str(Path(sys.executable).with_name("jupyter-book"))
    copy.run(program, "build", "book", *where, "--all", "-W", "-n", "--keep-going")
    pages = copy.root / "_build" / "html"
    page = (pages / f"{name}.html").read_text(encoding="utf-8")
    assert re.search(r"<h1>It.s a .lab. of \$5 &amp; more", page)
    assert page.count('class="lab-hint"') == 2
    chapter, _slash, lab = name.partition("/")
    index = (pages / chapter / "index.html").read_text(encoding="utf-8")
    assert f"{lab}.html#what-is-left-when-it-ends" in index
