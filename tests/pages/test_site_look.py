"""Every page of the real book in light and dark, on a phone, on paper and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.sweep import Sight
from tests.pages.visiting import PHONE, Visit

pytestmark = [pytest.mark.slow, pytest.mark.browser]

Sights = dict[str, Sight]


def test_no_page_asks_another_host_or_reports_an_error(sights: Sights) -> None:
    """Read to its end, a page has asked nobody else for anything and complained of nothing."""
    assert len(sights) >= 15
    assert {page: sight.foreign for page, sight in sights.items() if sight.foreign} == {}
    assert {page: sight.faults for page, sight in sights.items() if sight.faults} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(sights: Sights, scheme: str) -> None:
    """No page has a serious or critical fault of accessibility, in light or in dark."""
    found = {page: sight.grave[scheme] for page, sight in sights.items() if sight.grave[scheme]}
    assert found == {}


def test_no_page_scrolls_sideways_on_a_phone(sights: Sights) -> None:
    """At 360 px no page is wider than the screen, with its boxes unfolded."""
    wide = {p: s.phone_width for p, s in sights.items() if s.phone_width > PHONE["width"]}
    assert wide == {}


def test_the_keyboard_is_seen_everywhere(sights: Sights) -> None:
    """What the Tab key reaches on any page has a name, and shows that it is reached."""
    assert {page: sight.unmarked for page, sight in sights.items() if sight.unmarked} == {}
    assert {page: sight.nameless for page, sight in sights.items() if sight.nameless} == {}


def test_a_printed_page_is_whole(sights: Sights) -> None:
    """On paper: dark ink on white, no sidebars or buttons, nothing folded or cut off."""
    for page, sight in sights.items():
        paper = sight.paper
        assert paper.ground > 0.9, page
        assert paper.ink < 0.3, page
        assert (paper.left, paper.folded, paper.cut_off) == (0, 0, ()), page
        assert paper.drawn == paper.figures, page
    assert sum(sight.paper.figures for sight in sights.values()) > 5


def test_the_first_stop_leads_past_the_contents(visit: Callable[..., Visit]) -> None:
    """The first Tab shows a link to the text, and Enter goes there."""
    with visit("docker/010-run.html") as seen:
        link = seen.page.get_by_role("link", name="Skip to main content")
        seen.page.keyboard.press("Tab")
        expect(link).to_be_focused()
        into_view = "one => new Promise((done) => new IntersectionObserver(([seen]) =>"
        whole = "seen.intersectionRatio === 1 && done(true), { threshold: 1 }).observe(one))"
        assert link.evaluate(f"{into_view} {whole}")
        seen.page.keyboard.press("Enter")
        assert seen.page.url.endswith("#main-content")


def test_after_printing_all_is_as_before(visit: Callable[..., Visit]) -> None:
    """The reader's theme and what was folded come back."""
    folded = "document.querySelectorAll('details:not([open])').length"
    theme = "document.documentElement.dataset.theme"
    with visit("docker/010-run.html", color_scheme="dark") as seen:
        before = seen.page.evaluate(f"[{folded}, {theme}]")
        assert before[0] > 0
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert seen.page.evaluate(f"[{folded}, {theme}]") == [0, "light"]
        seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert seen.page.evaluate(f"[{folded}, {theme}]") == before
