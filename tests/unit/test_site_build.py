"""What makes the build quick changes nothing in what is built; the list of chapters is whole."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pygments.formatters import HtmlFormatter
from sphinx.search.en import SearchEnglish

from tools import book
from tools.sphinx import sidebar, speed

INNER = sidebar.Entry("docker/010-run", "Run & watch")
PARTS = (
    sidebar.Part(
        "The course",
        (sidebar.Entry("cloud/index", "The cloud"), sidebar.Entry("docker/index", "D", (INNER,))),
    ),
)


@pytest.mark.parametrize("word", ["containers", "Running", "isolated", "overlayfs", "images"])
def test_remembered_stems_are_the_stems(word: str) -> None:
    """The index holds what Sphinx's own would hold, the second time as the first."""
    quick, own = speed.RememberedStems({}), SearchEnglish({})
    assert [quick.stem(word), quick.stem(word)] == [own.stem(word)] * 2


def test_a_formatter_is_made_once_for_each_kind_of_block() -> None:
    """The same options give the same formatter, others another one."""
    bridge = SimpleNamespace(get_formatter=HtmlFormatter)
    speed._remember_formatters(SimpleNamespace(builder=SimpleNamespace(highlighter=bridge)))
    plain, again = bridge.get_formatter(), bridge.get_formatter()
    marked = bridge.get_formatter(hl_lines=[1])
    assert plain is again
    assert marked is not plain
    assert marked.hl_lines == {1}


def test_the_list_of_chapters_unfolds_where_the_reader_is() -> None:
    """The page is marked, the chapter above it is open, and what opens it has a name."""
    html = sidebar.html(PARTS, "docker/010-run", lambda page: f"../{page}.html")
    assert 'href="../cloud/index.html">The cloud</a>' in html
    assert '<a class="current reference internal" href="#" aria-current="page">Run &amp; w' in html
    assert '<details open="open"><summary aria-label="Pages of the chapter D">' in html
    assert html.count("current active") == 2
    elsewhere = sidebar.html(PARTS, "cloud/index", lambda page: f"../{page}.html")
    assert "<details><summary" in elsewhere


def test_the_book_is_built_strictly(tmp_path: object) -> None:
    """Warnings are errors, references are checked, and all pages are written anew."""
    line = book.arguments(book.ROOT, book.ROOT)
    assert {"-W", "-n", "--keep-going", "--all"} <= set(line)
