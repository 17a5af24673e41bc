"""All that is looked at on one visit to a page, so that each page is visited twice and no more.

A desktop visit: what a first load asks for, faults of accessibility in light and in dark, the
keyboard's marks, the page on paper. A phone's visit: its width.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.pages.visiting import PHONE, Visit
from tools import npm

_PAPER = {"width": 718, "height": 1000}  # px: A4 without its margins
_GRAVE = """() => axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes[0].target} (${nodes[0].failureSummary})`))"""
# Every element the Tab key can reach that looks no different when it is there.
_UNMARKED = """() => {
    const reachable = "a[href], button, summary, input, select, [tabindex]";
    const seen = [...document.querySelectorAll(reachable)].filter(
        (one) => one.tabIndex >= 0 && one.getClientRects().length && !one.disabled &&
            getComputedStyle(one).visibility === "visible");
    return seen.filter((one) => {
        one.focus({ focusVisible: true, preventScroll: true });
        const look = getComputedStyle(one);
        const outlined = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
        return document.activeElement === one && !outlined;
    }).map((one) => one.outerHTML.slice(0, 120));
}"""
_NAMELESS = """() => [...document.querySelectorAll("button, summary, a[href]")]
    .filter((one) => one.getClientRects().length)
    .filter((one) => !(one.textContent.trim() || one.getAttribute("aria-label") || one.title ||
        one.querySelector("img[alt], title")))
    .map((one) => one.outerHTML.slice(0, 120))"""
# Lightness from 0 to 1 of the page's ground and of its text.
_PAPER_AND_INK = """() => ["backgroundColor", "color"].map((what) => {
    const numbers = getComputedStyle(document.body)[what].match(/[\\d.]+/g).map(Number);
    return numbers[3] === 0 ? 1 : (numbers[0] + numbers[1] + numbers[2]) / 765;
})"""
_CUT_OFF = """() => [...document.querySelectorAll(".bd-content pre, .bd-content table")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.innerText.slice(0, 80))"""
_LEFT_ON_PAPER = "#pst-primary-sidebar, #pst-secondary-sidebar, button.copybtn, .lab-launch"
_DRAWING = ".lab-figure .main-svg:first-of-type"  # one of each figure
_FOLDED = ".bd-content details:not([open])"


@dataclass(frozen=True)
class Paper:
    """A printed page. ground, ink: lightness from 0 to 1; the rest should be empty or equal."""

    ground: float
    ink: float
    left: int
    folded: int
    cut_off: tuple[str, ...]
    figures: int
    drawn: int


@dataclass(frozen=True)
class Sight:
    """What the visits to one page showed. asked: paths of a first load, read to the end."""

    page: str
    text: str
    asked: frozenset[str]
    foreign: tuple[str, ...]
    faults: tuple[str, ...]
    grave: dict[str, list[str]]
    unmarked: tuple[str, ...]
    nameless: tuple[str, ...]
    paper: Paper
    phone_width: int


def look_at(page: str, built: Path, visit: Any) -> Sight:
    """Visit `page` as a desktop's and as a phone's browser."""
    with visit(page, color_scheme="light", reduced_motion="reduce") as seen:
        seen.to_the_end()
        asked = frozenset(seen.asked)
        unmarked, nameless = seen.page.evaluate(_UNMARKED), seen.page.evaluate(_NAMELESS)
        grave = {scheme: _grave(seen.page, scheme) for scheme in ("light", "dark")}
        paper = _print(seen.page)
        foreign, faults = tuple(seen.foreign), tuple(seen.faults)
    return Sight(
        page,
        (built / page).read_text(encoding="utf-8"),
        asked,
        foreign,
        faults,
        grave,
        tuple(unmarked),
        tuple(nameless),
        paper,
        _phone_width(page, visit),
    )


def _grave(page: Page, scheme: str) -> list[str]:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
    return list(page.evaluate(_GRAVE))


def _print(page: Page) -> Paper:
    """Print the page, which is dark by now."""
    page.set_viewport_size(_PAPER)  # type: ignore[arg-type]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    ground, ink = page.evaluate(_PAPER_AND_INK)
    return Paper(
        ground,
        ink,
        sum(one.is_visible() for one in page.locator(_LEFT_ON_PAPER).all()),
        page.locator(_FOLDED).count(),
        tuple(page.evaluate(_CUT_OFF)),
        page.locator(".lab-figure").count(),
        sum(one.is_visible() for one in page.locator(_DRAWING).all()),
    )


def _phone_width(page: str, visit: Any) -> int:
    with visit(page, viewport=PHONE, has_touch=True) as seen:
        return _unfolded_width(seen)


def _unfolded_width(seen: Visit) -> int:
    """Return how wide the page is, in px, read to its end and with its boxes unfolded."""
    seen.to_the_end()
    seen.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    return int(seen.page.evaluate("document.documentElement.scrollWidth"))
