"""What tests of several kinds share: a small book of our own making, which needs no engine."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests import lean  # noqa: F401 (before whatever imports nbformat)
from tools.notebooks.book import Book, dumps, nodes, read

if TYPE_CHECKING:
    from tools.notebooks.record import Recorded

# What a session is to a notebook, in little; lies beside the notebooks of the small book.
STUB = """
import os


class Session:
    def __init__(self, ident):
        self.ident, self.run = ident, os.environ["LABS_RUN_ID"]

    def name(self, short):
        return f"{self.ident[-5:]}-{self.run}-{short}"

    def check(self, exercise):
        print(f"Not yet: {exercise}.")

    def clean_up(self):
        print("All gone.")


lab = Session
"""
EXERCISES = """
from helpers.checks import exercise


@exercise("demo/010-first", "count")
class Count:
    hints = ()
"""
PROVENANCE = {
    "date": "2026-11-23",
    "engine": "Docker 28.5.2",
    "kernel": "6.12.1",
    "cgroup": "v2",
    "versions": {},
}

Cells = list[tuple[str, str]]  # (tags separated by blanks, source)
FIRST: Cells = [
    ("", 'from stub import lab\n\nhere = lab("demo/010-first")'),
    ("", 'print("started", here.name("web"))\nprint("two and two is", 2 + 2)'),
    ("exercise", 'here.check("count")'),
    ("", "here.clean_up()"),
]
SECOND: Cells = [
    ("", 'from stub import lab\n\nhere = lab("demo/020-second")'),
    ("nbval-ignore-output", "import time\n\nbegan = time.time()\nprint(began)"),
    ("check-cell", "assert time.time() >= began"),
    ("", "[number**2 for number in range(5)]"),
    ("", "here.clean_up()"),
]


def notebook(name: str, cells: Cells, *, needs: tuple[str, ...] = ()) -> Any:
    """Return a notebook that was never run. cells: (tags, source)."""
    import nbformat  # here and below: most tests need none of it, and it takes a second

    made = nbformat.v4.new_notebook()
    made.metadata["labs"] = {
        "lab": name,
        "needs": list(needs),
        "images": [],
        "minutes": 5,
        "level": "live",
        "topics": ["demo.counting"],
    }
    made.cells.append(nbformat.v4.new_markdown_cell(f"# {name}"))
    for tags, source in cells:
        cell = nbformat.v4.new_code_cell(source)
        if tags:
            cell.metadata["tags"] = tags.split()
        made.cells.append(cell)
    return made


class SmallBook(Book):
    """A book on disk that tests may change."""

    def path(self, name: str) -> Path:
        """Return the file of the notebook called `name`."""
        return self.folder / f"{name}.ipynb"

    def add(self, name: str, cells: Cells, *, needs: tuple[str, ...] = ()) -> Path:
        """Write a notebook that was never run, and enter it into the table of contents."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "stub.py").write_text(STUB)
        path.write_text(dumps(notebook(name, cells, needs=needs)))
        self.list(*sorted({*self.contents(), name} - {"intro"}))
        return path

    def list(self, *names: str) -> None:
        """Write the table of contents."""
        toc = {"format": "jb-book", "root": "intro", "chapters": [{"file": each} for each in names]}
        (self.root / "_toc.yml").write_text(yaml.safe_dump(toc))

    def edit(self, name: str, change: Callable[[Any], None]) -> None:
        """Let `change` alter a stored notebook."""
        path = self.path(name)
        stored = read(path)
        change(stored)
        path.write_text(dumps(nodes(stored)))

    def record(self, name: str, **options: Any) -> Recorded:
        """Record a notebook as if this machine met every need."""
        from tools.notebooks.record import Surroundings, record

        around = Surroundings(lambda _needs: (), lambda _needs: dict(PROVENANCE), lambda _needs: {})
        return record(self.path(name), self, surroundings=around, **options)


def small_book(root: Path) -> SmallBook:
    """Make a book without notebooks in the folder `root`."""
    (root / "book").mkdir(parents=True)
    (root / "book" / "intro.md").write_text("# A small book\n")
    (root / "helpers" / "checks").mkdir(parents=True)
    made = SmallBook(root)
    made.list()
    return made


@pytest.fixture
def empty_book(tmp_path: Path) -> SmallBook:
    """A book without notebooks."""
    return small_book(tmp_path / "book-root")


@pytest.fixture(scope="session")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> SmallBook:
    made = small_book(tmp_path_factory.mktemp("recorded") / "root")
    (made.root / "helpers" / "checks" / "demo_010.py").write_text(textwrap.dedent(EXERCISES))
    for name, cells in (("demo/010-first", FIRST), ("demo/020-second", SECOND)):
        made.add(name, cells)
        made.record(name)
    return made


@pytest.fixture
def recorded_book(_recorded: SmallBook, tmp_path: Path) -> SmallBook:
    """A copy of a book with two recorded notebooks: 9 code cells, 2 checks, no fault."""
    shutil.copytree(_recorded.root, tmp_path / "copy")
    return SmallBook(tmp_path / "copy")
