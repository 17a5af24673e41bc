"""A new lab is written whole or not at all, and refused where it cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from helpers.errors import BookError
from helpers.paths import ROOT
from tools.new_lab import cells, entries, writing
from tools.new_lab.__main__ import main
from tools.notebooks import outline
from tools.notebooks.book import Book, read
from tools.sphinx import syllabus

pytestmark = pytest.mark.slow  # each begins a lab in a copy of the book

TOC = """\
# a comment that stays
root: intro
parts:
  - caption: The course
    chapters:
      - file: cloud/index
      - file: docker/index
        sections:
          - file: docker/010-run
          - file: docker/080-dockercoins
  - caption: About
    chapters:
      - file: about/levels
"""
CHAPTERS = (
    syllabus.Chapter("cloud", "Cloud", (syllabus.Topic("cloud.iaas", "IaaS", None),)),
    syllabus.Chapter(
        "docker",
        "Docker",
        (
            syllabus.Topic("docker.run", "Run", "docker/010-run#run"),
            syllabus.Topic("docker.build", "Build", None),
            syllabus.Topic("docker.ship", "Ship", None),
        ),
    ),
)
LAB = "docker/930-build"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A copy of what the scaffold reads and writes of the book."""
    for part in ("book", "labs/docker", "helpers/checks", "_toc.yml"):
        source, target = ROOT / part, tmp_path / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "_static"))
        else:
            shutil.copy(source, target)
    made = Book(tmp_path)
    untaught = topic(made)  # whatever the course teaches by now, this one waits
    (made.folder / "syllabus.yml").write_text(untaught)
    assert syllabus.main(["--write"], made.folder) == 0  # and the pages say so
    return made


def topic(book: Book) -> str:
    """Return the syllabus with docker.build not taught yet."""
    lines = (book.folder / "syllabus.yml").read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.strip() == "- id: docker.build")
    place = next(n for n in range(at, len(lines)) if lines[n].strip().startswith("taught:"))
    lines[place] = lines[place].partition("taught:")[0] + "taught: null\n"
    return "".join(lines)


def state(book: Book) -> dict[str, bytes]:
    """Return every file of the book, and every folder."""
    return {
        str(path.relative_to(book.root)): path.read_bytes() if path.is_file() else b""
        for path in book.root.rglob("*")
    }


# -- names


def test_a_name_has_chapter_number_and_words() -> None:
    """Everything a lab is called follows from its name."""
    name = entries.parse("docker/030-build-an-image", ["docker"])
    assert (name.lab, name.module) == ("docker/030-build-an-image", "docker_030")
    assert name.title == "Build an image"


@pytest.mark.parametrize(
    "text",
    [
        *("", "docker", "docker/30-build", "docker/030", "docker/030-", "docker/030-Build"),
        *("docker/030_build", "../030-build", "docker/030-build.ipynb", "docker/030-a--b"),
    ],
)
def test_a_malformed_name_is_refused(text: str) -> None:
    """What could not be a page's address is refused with an example."""
    with pytest.raises(entries.Refused, match="is no name for a lab") as refused:
        entries.parse(text, ["docker"])
    assert "NAME=docker/030-build" in refused.value.remedy


def test_an_unknown_chapter_is_refused() -> None:
    """The chapters there are stand in the answer."""
    with pytest.raises(entries.Refused, match="no chapter called dokcer") as refused:
        entries.parse("dokcer/030-build", ["cloud", "docker"])
    assert "cloud, docker" in refused.value.remedy


@pytest.mark.parametrize("wanted", ["", "docker.build"])
def test_a_lab_teaches_the_topic_it_is_called_after(wanted: str) -> None:
    """Asked for by name or by the lab's own name."""
    name = entries.Name("docker", "030", "build")
    assert entries.topic_of(name, wanted, CHAPTERS) == "docker.build"


@pytest.mark.parametrize(
    ("slug", "wanted", "said"),
    [
        ("kaniko", "", "Which topic does docker/030-kaniko teach"),
        ("build", "docker.run", "docker.run is no topic of this chapter that waits"),
        ("build", "cloud.iaas", "cloud.iaas is no topic of this chapter"),
    ],
)
def test_a_topic_that_cannot_be_is_refused(slug: str, wanted: str, said: str) -> None:
    """No topic, one that is taught, one of another chapter: each names those that wait."""
    with pytest.raises(entries.Refused, match=said) as refused:
        entries.topic_of(entries.Name("docker", "030", slug), wanted, CHAPTERS)
    assert "docker.build, docker.ship" in refused.value.remedy


# -- lines of files that exist


@pytest.mark.parametrize(
    ("lab", "before", "after"),
    [
        ("docker/030-build", "docker/010-run", "docker/080-dockercoins"),
        ("docker/005-first", "sections", "docker/010-run"),
        ("docker/900-last", "docker/080-dockercoins", "- caption: About"),
        ("cloud/010-iaas", "sections", "docker/index"),
    ],
)
def test_a_page_is_entered_by_its_number(lab: str, before: str, after: str) -> None:
    """The lab stands between its neighbours, and nothing else of the file has changed."""
    made = entries.with_page(TOC, entries.parse(lab, ["cloud", "docker"]))
    lines = made.splitlines()
    at = next(number for number, line in enumerate(lines) if line.endswith(f"- file: {lab}"))
    assert before in lines[at - 1]
    assert after in lines[at + 1]
    added = {f"          - file: {lab}", "        sections:"}
    assert [line for line in lines if line not in added] == [
        line for line in TOC.splitlines() if line not in added
    ]
    assert yaml.safe_load(made)["parts"][1] == yaml.safe_load(TOC)["parts"][1]


def test_a_topic_is_filled_in_alone() -> None:
    """Of two topics the right one is taught; one that is not there is the book's fault."""
    text = "- id: docker.b\n  title: B\n  taught: null\n- id: docker.build\n  taught: null\n"
    made = entries.with_topic(text, "docker.build", "docker/030-build#x")
    assert made == text[: -len("null\n")] + "docker/030-build#x\n"
    with pytest.raises(BookError, match=r"no entry docker\.gone"):
        entries.with_topic(text, "docker.gone", "docker/030-build#x")


# -- the whole


def test_a_new_lab_has_all_its_parts(book: Book) -> None:
    """Notebook, questions, exercise, contents, syllabus, chapter, front page: each knows it."""
    name, files = writing.begin(book, LAB, "Build an image")
    assert (name.lab, files) == (LAB, 7)
    stored = read(book.folder / f"{LAB}.ipynb")
    assert stored.cells[0].source.startswith("# Build an image\n")
    assert outline.faults(LAB, stored) == ["was never recorded: `make record`"]
    assert LAB in book.contents()
    chapters = syllabus.read((book.folder / "syllabus.yml").read_text())
    assert syllabus.faults(chapters, book.folder) == []
    for page, text in syllabus.chapter_pages(chapters, book.folder).items():
        assert page.read_text() == text
        if page.parent.name == "docker":
            assert f"930-build.ipynb#{cells.ANCHOR}" in text


def test_a_new_lab_differs_from_before_by_its_own_files(book: Book) -> None:
    """Three files are new, four say a little more, all else is as it was."""
    before = state(book)
    writing.begin(book, LAB)
    after = state(book)
    changed = {path for path in after if after[path] != before.get(path)}
    new = changed - set(before)
    assert new - {f"labs/{LAB}"} == {
        f"book/{LAB}.ipynb",
        f"labs/{LAB}/questions.yml",
        "helpers/checks/docker_930.py",
    }
    told = {"_toc.yml", "book/syllabus.yml", "book/docker/index.md", "book/intro.md"}
    assert changed - new == told


@pytest.mark.parametrize("taken", ["docker/010-build", "docker/930-build", "docker/930-other"])
def test_a_number_that_is_taken_is_refused(
    book: Book, capsys: pytest.CaptureFixture[str], taken: str
) -> None:
    """By a lab of the book, or by one just begun: said, and nothing is written."""
    writing.begin(book, LAB)
    before = state(book)
    assert main([taken, "--topic", "docker.ship", "--root", str(book.root)]) == 1
    assert "is taken by docker/" in capsys.readouterr().err
    assert state(book) == before


@pytest.mark.parametrize("leftover", [f"labs/{LAB}", "helpers/checks/docker_930.py"])
def test_leftovers_of_another_lab_are_not_overwritten(book: Book, leftover: str) -> None:
    """Files or exercises of that number, even without a notebook, are somebody's work."""
    place = book.root / leftover
    place.touch() if place.suffix else place.mkdir()
    with pytest.raises(entries.Refused, match="is taken"):
        writing.begin(book, LAB)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("after", range(7))
def test_what_fails_halfway_leaves_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException], after: int
) -> None:
    """Stopped at any of its seven files, the book is as it was, to the byte and the folder."""
    before, count, real = state(book), [0], writing.write_whole

    def failing(path: Path, text: str) -> None:
        count[0] += 1
        if count[0] == after + 1:
            raise fault
        real(path, text)

    monkeypatch.setattr(writing, "write_whole", failing)
    with pytest.raises(fault):
        writing.begin(book, LAB)
    assert count[0] > after
    assert state(book) == before


def test_the_command_tells_what_comes_next(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """Begun, it names the files and the next command; asked for nonsense, it names the remedy."""
    assert main([LAB, "--title", "Build", "--root", str(book.root)]) == 0
    said = capsys.readouterr().out
    assert f"make record NOTEBOOKS=book/{LAB}.ipynb" in said
    assert "helpers/checks/docker_930.py" in said
    assert main(["nonsense", "--root", str(book.root)]) == 1
    assert "NAME=docker/030-build" in capsys.readouterr().err
