"""What the front page says of the course, from `book/readers.yml` and the syllabus.

Outcomes and paths are plain MyST in the page, written by `python -m tools.sphinx.syllabus --write`,
so that JupyterLab, whose first page this is, shows them as the site does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.sphinx.syllabus import Chapter, Topic, page_link, with_part


@dataclass(frozen=True)
class Reader:
    """A kind of reader and a path: (chapter, names of topics), in the order of reading."""

    id: str
    title: str
    says: str
    path: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Front:
    """What the front page is made of. outcomes: chapter -> what it makes one able to do."""

    outcomes: dict[str, str]
    readers: tuple[Reader, ...]


def read(text: str) -> Front:
    """Read a readers.yml. A missing or unknown field raises TypeError or KeyError."""
    raw = yaml.safe_load(text)
    return Front(dict(raw["outcomes"]), tuple(_reader(**one) for one in raw["readers"]))


def _reader(path: dict[str, list[str]], **words: Any) -> Reader:
    return Reader(path=tuple((name, tuple(topics)) for name, topics in path.items()), **words)


def stops(reader: Reader, chapters: Sequence[Chapter]) -> list[tuple[Chapter, list[Topic]]]:
    """Return a reader's path as chapters and topics. Raises KeyError for an unknown name."""
    known = {chapter.id: chapter for chapter in chapters}
    found = []
    for name, topics in reader.path:
        named = {topic.id.partition(".")[2]: topic for topic in known[name].topics}
        found.append((known[name], [named[topic] for topic in topics]))
    return found


def outcomes(front: Front, chapters: Sequence[Chapter], book: Path) -> str:
    """Return what the course makes one able to do, with how much of it is written."""
    lines = []
    for chapter in chapters:
        link = page_link(f"{chapter.id}/index", book)
        written = _written(chapter.topics)
        lines.append(f"- **{link}.** {front.outcomes[chapter.id]} *({written})*")
    return "\n" + "\n".join(lines) + "\n\n"


def paths(front: Front, chapters: Sequence[Chapter], book: Path) -> str:
    """Return a card for each reader: the first lab to open, then the way through the chapters."""
    cards = "\n".join(_card(reader, chapters, book) for reader in front.readers)
    return f"\n::::{{grid}} 1 1 2 2\n:gutter: 3\n\n{cards}::::\n\n"


def _card(reader: Reader, chapters: Sequence[Chapter], book: Path) -> str:
    way = stops(reader, chapters)
    taught = [topic.taught for _chapter, topics in way for topic in topics if topic.taught]
    first = f"Start with {page_link(taught[0].partition('#')[0], book)}.\n\n" if taught else ""
    steps = "\n".join(
        f"{number}. {page_link(f'{chapter.id}/index', book)}: {_written(topics)}"
        for number, (chapter, topics) in enumerate(way, 1)
    )
    head = f":::{{grid-item-card}} {reader.title}"
    return f"{head}\n{reader.says}\n\n{first}{steps}\n:::\n\n"


def _written(topics: Sequence[Topic]) -> str:
    there = sum(topic.taught is not None for topic in topics)
    plural = "topic" if len(topics) == 1 else "topics"
    return f"{there} of {len(topics)} {plural} written"


def front_page(chapters: Sequence[Chapter], book: Path) -> dict[Path, str]:
    """Return the front page and what its text should be."""
    page = book / "intro.md"
    front = read((book / "readers.yml").read_text(encoding="utf-8"))
    text = page.read_text(encoding="utf-8")
    text = with_part(text, "outcomes", outcomes(front, chapters, book), "readers.yml")
    return {page: with_part(text, "paths", paths(front, chapters, book), "readers.yml")}
