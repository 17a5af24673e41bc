"""Links, anchors, the search, and the book without JavaScript: over every built page."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.pages.visiting import Visit, pages

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MEANT_FOR_CLICKS = re.compile(r"https?:|mailto:|data:|javascript:")


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.add(value)
            if name == "id" and value:
                self.anchors.add(value)


@cache
def _read(file: Path) -> _Page:
    return _Page(file.read_text(encoding="utf-8"))


def _fault(html: Path, page: str, link: str) -> str:
    parts = urlsplit(link)
    if parts.path.startswith("/"):
        return f"{page}: {link} leaves the site's own path"
    target = (html / page).parent / unquote(parts.path) if parts.path else html / page
    if not target.resolve().is_file():
        return f"{page}: {link} leads nowhere"
    lost = parts.fragment and unquote(parts.fragment) not in _read(target.resolve()).anchors
    return f"{page}: {link} has no such section" if lost and target.suffix == ".html" else ""


def test_every_link_of_every_page_resolves(built: Path) -> None:
    """Pages, files and sections that links name are there, under whatever path the site has."""
    checked, faults = 0, []
    for page in pages(built):
        for link in _read(built / page).links:
            if not MEANT_FOR_CLICKS.match(link):
                checked += 1
                faults.append(_fault(built, page, link))
    assert checked > 500
    assert list(filter(None, faults)) == []


def test_the_site_is_served_under_a_path(site: str) -> None:
    """The server the pages are tried on answers below its prefix, with a module's type."""
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with local.open(site + "_static/figures.mjs", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/javascript"
    assert site.endswith("/book/")


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """A missing page, a missing section and a link to the server's root are each named."""
    for name, text in (("a.html", '<a href="b.html#x"></a>'), ("b.html", '<p id="y">')):
        (tmp_path / name).write_text(text)
    assert "no such section" in _fault(tmp_path, "a.html", "b.html#x")
    assert _fault(tmp_path, "a.html", "b.html#y") == ""
    assert "leads nowhere" in _fault(tmp_path, "a.html", "c.html")
    assert "own path" in _fault(tmp_path, "a.html", "/b.html")


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("mines", "intro"),  # prose
        ("Untagged", "docker/020-images-and-layers"),  # what a command printed
        ("goodbye", "docker/010-run"),
    ],
)
def test_the_search_finds_prose_and_outputs(
    visit: Callable[..., Visit], words: str, page: str
) -> None:
    """A word typed into the search box leads to the page that has it."""
    with visit("about/levels.html", viewport={"width": 1280, "height": 900}) as seen:
        seen.page.get_by_role("button", name="Search").locator("visible=true").first.click()
        seen.page.get_by_role("searchbox").locator("visible=true").fill(words)
        seen.page.keyboard.press("Enter")
        hit = seen.page.locator(f"#search-results a[href*='{page}']").first
        expect(hit).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("lab", ["docker/010-run", "docker/080-dockercoins"])
def test_without_javascript_the_book_is_there(visit: Callable[..., Visit], lab: str) -> None:
    """Text, code, outputs and each figure's words can be read; no dead button is shown."""
    with visit(f"{lab}.html", java_script_enabled=False, color_scheme="dark") as seen:
        article = seen.page.locator("article")
        expect(article.locator("h1")).to_be_visible()
        assert article.locator("div.highlight pre >> visible=true").count() > 20
        words = seen.page.locator(".lab-figure-words p")
        assert words.count() > 0
        for each in words.all():
            expect(each).to_be_visible()
        assert seen.page.locator("button.copybtn, .pst-js-only >> visible=true").count() == 0
        assert seen.foreign == []
