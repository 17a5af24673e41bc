"""The course's topics and where the book teaches them (`book/syllabus.yml`).

    python -m tools.sphinx.syllabus            say what does not resolve
    python -m tools.sphinx.syllabus --write    write what chapter pages and front page say of it

Status and table are plain Markdown in the pages, not a directive, so that JupyterLab and a code
host show them as the site does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from myst_parser.mdit_to_docutils.base import compute_unique_slug

from helpers import paths

ANCHORED_LEVELS: Final = 3  # as `myst_heading_anchors` in _config.yml
# Two parts of a chapter page are written from the syllabus; each stands between two marks.
_BEGIN, _END = "<!-- written from {source}: {part} -->\n", "<!-- end of {part} -->"


@dataclass(frozen=True)
class Topic:
    """One topic of the course.

    taught: `page#section`, or None where it is not written yet (said, never left out).
    then: what the course said in 2024, where that is dated.
    """

    id: str
    title: str
    taught: str | None
    kind: str = "lesson"
    then: str = ""


@dataclass(frozen=True)
class Chapter:
    """A chapter of the course; its page is `<id>/index.md`."""

    id: str
    title: str
    topics: tuple[Topic, ...]


def read(text: str) -> tuple[Chapter, ...]:
    """Read the chapters of a syllabus.yml. A missing or unknown field raises TypeError."""
    chapters = yaml.safe_load(text)["chapters"]
    return tuple(
        Chapter(raw["id"], raw["title"], tuple(Topic(**topic) for topic in raw["topics"]))
        for raw in chapters
    )


# -- pages and their sections


def page_file(book: Path, page: str) -> Path | None:
    """Return the file of `page` (a name without suffix, below `book`), or None."""
    found = (book / f"{page}{suffix}" for suffix in (".ipynb", ".md"))
    return next((file for file in found if file.is_file()), None)


def sections(file: Path) -> dict[str, str]:
    """Return the anchors of a page's headings, as the site makes them, with their texts."""
    told = file.stat()
    return dict(_sections(file, told.st_mtime_ns, told.st_size))


@cache  # the pages link to each other: without this each was read dozens of times
def _sections(file: Path, _changed: int, _size: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for markdown in _markdown(file):
        for heading in SyntaxTreeNode(MarkdownIt().parse(markdown)).walk():
            if heading.type == "heading" and int(heading.tag[1:]) <= ANCHORED_LEVELS:
                found[compute_unique_slug(heading, found)] = heading.children[0].content
    return found


def _markdown(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        yield text
        return
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"])


# -- does every entry resolve?


def faults(chapters: Sequence[Chapter], book: Path) -> list[str]:
    """Return a sentence for each entry that names no page or no section of it."""
    taught = [topic for chapter in chapters for topic in chapter.topics if topic.taught]
    return [fault for topic in taught if (fault := _fault(topic, book))]


def _fault(topic: Topic, book: Path) -> str:
    page, mark, section = (topic.taught or "").partition("#")
    file = page_file(book, page)
    if file is None:
        return f"{topic.id}: there is no page {page!r}."
    if not mark or section not in sections(file):
        known = ", ".join(sections(file))
        return f"{topic.id}: the page {page!r} has no section {section!r}; it has: {known}."
    return ""


# -- what the chapter pages say of it


def status(chapter: Chapter, book: Path) -> str:
    """Return one paragraph: what of the chapter is written, with links to its pages."""
    taught = {t.taught.partition("#")[0] for t in chapter.topics if t.taught}
    labs = (book / chapter.id).glob("*.ipynb")  # one may teach none of the course's topics
    pages = sorted(taught | {f"{chapter.id}/{each.stem}" for each in labs})
    if not taught:
        return "\n> **Not written yet.** What follows is what the chapter is to do.\n\n"
    links = "\n".join(f"- {_link(page, '', chapter, book)}" for page in pages)
    count = sum(topic.taught is not None for topic in chapter.topics)
    said = f"{count} of this chapter's {len(chapter.topics)} topics are written. Start here:"
    return f"\n{said}\n\n{links}\n\n"


def table(chapter: Chapter, book: Path) -> str:
    """Return the chapter's topics as a Markdown table: which, and where it is taught."""
    rows = "".join(
        f"| {_plain(topic.title)} | {_where(topic, chapter, book)} |\n" for topic in chapter.topics
    )
    return f"\n| Topic of the course | Taught in |\n| --- | --- |\n{rows}\n"


def _where(topic: Topic, chapter: Chapter, book: Path) -> str:
    if topic.taught is None:
        return "not written yet"
    page, _, section = topic.taught.partition("#")
    return _link(page, section, chapter, book)


def _link(page: str, section: str, chapter: Chapter, book: Path) -> str:
    """Return a link from the chapter's page to a section, or with "" to the whole page."""
    file = page_file(book, page)
    known = sections(file) if file else {}
    text = known.get(section) or next(iter(known.values()), page)
    near = page.startswith(f"{chapter.id}/")
    path = page.removeprefix(f"{chapter.id}/") if near else f"../{page}"
    return f"[{_plain(text)}]({path}{file.suffix if file else ''}{section and '#' + section})"


def _plain(text: str) -> str:
    return re.sub(r"([|*_<\[\]])", r"\\\1", text)


def page_link(page: str, book: Path) -> str:
    """Return a link from the front page to `page`, with the page's title as its text."""
    file = page_file(book, page)
    title = next(iter(sections(file).values()), page) if file else page
    return f"[{_plain(title)}]({page}{file.suffix if file else ''})"


def with_part(page: str, part: str, written: str, source: str = "syllabus.yml") -> str:
    """Return a page's text with one part replaced. Raises ValueError where its marks miss."""
    begin, end = _BEGIN.format(part=part, source=source), _END.format(part=part)
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page lacks the lines {begin!r} and {end!r}")
    return head + begin + written + end + tail


def chapter_pages(chapters: Sequence[Chapter], book: Path) -> dict[Path, str]:
    """Return each chapter's page, and the front page, and what their texts should be."""
    from tools.sphinx import command_map, readers  # which import this module

    pages: dict[Path, str] = {}
    for chapter in chapters:
        page = book / chapter.id / "index.md"
        text = with_part(page.read_text(encoding="utf-8"), "status", status(chapter, book))
        text = with_part(text, "table", table(chapter, book))
        pages[page] = command_map.with_map(text, book) if chapter.id == "docker" else text
    if (book / "readers.yml").is_file():
        pages |= readers.front_page(chapters, book)
    return pages


def main(argv: Sequence[str] | None = None, book: Path = paths.BOOK) -> int:
    """Check the syllabus, or write the chapter pages' parts; return the exit status."""
    parser = argparse.ArgumentParser(description="Check book/syllabus.yml.")
    parser.add_argument(
        "--write", action="store_true", help="write what the chapter pages say of it"
    )
    options = parser.parse_args(argv)
    chapters = read((book / "syllabus.yml").read_text(encoding="utf-8"))
    found = faults(chapters, book)
    for page, text in chapter_pages(chapters, book).items():
        if options.write:
            page.write_text(text, encoding="utf-8")
        elif page.read_text(encoding="utf-8") != text:
            found.append(f"{page} is behind the syllabus; --write brings it up to date.")
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
