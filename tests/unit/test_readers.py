"""The front page: what it says of the course resolves, and leaves no topic out."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import paths
from tools.sphinx import readers, syllabus

CHAPTERS = syllabus.read((paths.BOOK / "syllabus.yml").read_text(encoding="utf-8"))
FRONT = readers.read((paths.BOOK / "readers.yml").read_text(encoding="utf-8"))
KINDS = ["administrator", "developer", "architect", "decision-maker"]

TOPICS = (
    syllabus.Topic("docker.layers", "Layers", None),
    syllabus.Topic("docker.run", "Run", "docker/010-run#a"),
)
CHAPTER = syllabus.Chapter("docker", "Docker", TOPICS)
READER = readers.Reader("developer", "Developer", "You build.", (("docker", ("run", "layers")),))


def _book(folder: Path) -> Path:
    (folder / "docker").mkdir(parents=True)
    (folder / "docker" / "index.md").write_text("# Docker\n")
    (folder / "docker" / "010-run.md").write_text("# Run, watch\n\n## A\n")
    return folder


def test_there_is_a_path_for_each_of_four_readers() -> None:
    """Administrator, developer, architect, decision maker: each has a way of several chapters."""
    assert [reader.id for reader in FRONT.readers] == KINDS
    assert all(len(reader.path) >= 4 for reader in FRONT.readers)


def test_every_topic_of_the_course_is_on_somebodys_path() -> None:
    """Paths name topics that exist, each once, and together they leave none out."""
    walked: set[str] = set()
    for reader in FRONT.readers:
        own = [topic.id for _chapter, topics in readers.stops(reader, CHAPTERS) for topic in topics]
        assert len(own) == len(set(own)), reader.id
        walked |= set(own)
    everything = {topic.id for chapter in CHAPTERS for topic in chapter.topics}
    assert everything - walked == set()


def test_every_chapter_has_an_outcome() -> None:
    """Each chapter is said to be good for something, and nothing else is."""
    assert list(FRONT.outcomes) == [chapter.id for chapter in CHAPTERS]


def test_every_path_begins_with_something_written() -> None:
    """A reader is sent to a lab that exists, as long as any on the path does."""
    text = (paths.BOOK / "intro.md").read_text(encoding="utf-8")
    assert text.count("\nStart with [") == len(FRONT.readers)


def test_a_card_says_where_to_start_and_what_is_there(tmp_path: Path) -> None:
    """The first written lab of the path is linked, and what is written is counted."""
    front = readers.Front({"docker": "Build."}, (READER,))
    book = _book(tmp_path)
    said = readers.paths(front, [CHAPTER], book)
    assert ":::{grid-item-card} Developer\nYou build.\n" in said
    assert "Start with [Run, watch](docker/010-run.md)." in said
    assert "1. [Docker](docker/index.md): 1 of 2 topics written" in said
    able = readers.outcomes(front, [CHAPTER], book)
    assert able == "\n- **[Docker](docker/index.md).** Build. *(1 of 2 topics written)*\n\n"


def test_a_path_to_an_unknown_topic_is_a_fault() -> None:
    """A name that the syllabus does not have is not passed over."""
    lost = readers.Reader("x", "X", "", (("docker", ("walk",)),))
    with pytest.raises(KeyError, match="walk"):
        readers.stops(lost, [CHAPTER])
