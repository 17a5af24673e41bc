"""Write a new lab: all of its files, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from string import Template
from typing import Final

from tools.new_lab import cells, entries
from tools.notebooks.book import Book, dumps
from tools.notebooks.record import write_whole
from tools.sphinx import syllabus

TEMPLATES: Final = Path(__file__).parent / "templates"

Write = Callable[[Path, str], None]


def begin(book: Book, text: str, title: str = "", topic: str = "") -> tuple[entries.Name, int]:
    """Write the lab that `text` names; return its name and how many files that took.

    title: what its page is called; from its name where it is "". topic: what it teaches, an id
    of the syllabus; where it is "", the one called as the lab is. Raises Refused, BookError;
    nothing has changed then.
    """
    outline = book.folder / "syllabus.yml"
    chapters = syllabus.read(outline.read_text(encoding="utf-8"))
    name = entries.parse(text, (chapter.id for chapter in chapters))
    entries.free(name, _taken(book))
    teaches = entries.topic_of(name, topic, chapters)
    with all_or_nothing() as (write, written):
        _new_files(book, name, title or name.title, teaches, write)
        _entries(book, name, teaches, write)
        return name, len(written)


def _taken(book: Book) -> list[str]:
    """Return what is called like a lab: pages, notebooks, folders of files, exercises."""
    folders = [path for path in (book.root / "labs").glob("*/*") if path.is_dir()]
    checks = (book.root / "helpers" / "checks").glob("*_[0-9][0-9][0-9].py")
    return [
        *map(book.name, book.notebooks()),
        *book.contents(),
        *(path.relative_to(book.root / "labs").as_posix() for path in folders),
        *("-".join(["/".join(path.stem.rsplit("_", 1)), "…"]) for path in checks),
    ]


def _new_files(book: Book, name: entries.Name, title: str, topic: str, write: Write) -> None:
    """Write the notebook, its questions and its exercise."""
    write(book.folder / f"{name.lab}.ipynb", dumps(cells.notebook(name, title, topic)))
    for template, file in (
        ("questions.yml", book.root / "labs" / name.lab / "questions.yml"),
        ("checks.py.txt", book.root / "helpers" / "checks" / f"{name.module}.py"),
    ):
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        write(file, Template(text).substitute(lab=name.lab))


def _entries(book: Book, name: entries.Name, topic: str, write: Write) -> None:
    """Enter the lab into the contents, the syllabus, and the pages that tell what is written."""
    toc, outline = book.root / "_toc.yml", book.folder / "syllabus.yml"
    write(toc, entries.with_page(toc.read_text(encoding="utf-8"), name))
    taught = f"{name.lab}#{cells.ANCHOR}"
    text = entries.with_topic(outline.read_text(encoding="utf-8"), topic, taught)
    write(outline, text)
    for page, said in syllabus.chapter_pages(syllabus.read(text), book.folder).items():
        if page.read_text(encoding="utf-8") != said:
            write(page, said)


@contextmanager
def all_or_nothing() -> Iterator[tuple[Write, list[Path]]]:
    """Lend a function that writes files, and the list of those it wrote.

    Left by an exception, also by Ctrl-C: all files, old and new, are as they were before.
    """
    before: dict[Path, str | None] = {}
    folders: list[Path] = []
    written: list[Path] = []

    def write(path: Path, text: str) -> None:
        missing = [folder for folder in path.parents if not folder.exists()]
        folders.extend(missing)
        path.parent.mkdir(parents=True, exist_ok=True)
        before.setdefault(path, path.read_text(encoding="utf-8") if path.exists() else None)
        write_whole(path, text)
        written.append(path)

    try:
        yield write, written
    except BaseException:
        for path, text in before.items():
            if text is None:
                path.unlink(missing_ok=True)
            else:
                write_whole(path, text)
        for folder in sorted(folders, key=lambda each: -len(each.parts)):
            with suppress(OSError):  # somebody else has put something there
                folder.rmdir()
        raise
