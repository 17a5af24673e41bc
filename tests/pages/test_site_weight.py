"""What a first visit to each page of the real book costs, and that nothing comes for nothing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pages.sweep import Sight
from tests.pages.visiting import Visit, pages
from tools.sphinx import icons

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MB = 1_000_000
LIMITS = {"prose": 0.4 * MB, "plots": 1.0 * MB, "widgets": 2.0 * MB}  # bytes, gzipped
PACKED = {".woff2", ".png", ".jpg", ".whl", ".zip"}  # a server sends these as they are


@dataclass(frozen=True)
class First:
    """A first visit, read to the page's end. weight: bytes, gzipped as a server would."""

    page: str
    kind: str
    asked: frozenset[str]
    weight: int
    figures: bool


def _weigh(file: Path) -> int:
    data = file.read_bytes()
    return len(data) if file.suffix in PACKED else len(gzip.compress(data, 6))


@pytest.fixture(scope="module")
def firsts(built: Path, sights: dict[str, Sight]) -> dict[str, First]:
    return {page: _first(built, sight) for page, sight in sights.items()}


def _first(built: Path, sight: Sight) -> First:
    figures = 'class="lab-figure"' in sight.text
    kind = "plots" if figures else "prose"
    kind = "widgets" if 'class="lab-widget"' in sight.text else kind
    weight = sum(_weigh(built / path) for path in sight.asked)
    return First(sight.page, kind, sight.asked, weight, figures)


def test_every_page_is_light(firsts: dict[str, First], sights: dict[str, Sight]) -> None:
    """No page is heavier than its kind may be, read to its end; pages of both kinds are there."""
    print("\n   MB kind     requests (to others) console axe, serious: page")
    for page, first in firsts.items():
        seen = sights[page]
        print(
            f"{first.weight / MB:.3f} {first.kind:8} {len(first.asked):3} ({len(seen.foreign)})",
            f"{len(seen.faults)} {sum(map(len, seen.grave.values()))}: {page}",
        )
    assert {first.kind for first in firsts.values()} >= {"prose", "plots"}
    heavy = {p: first.weight for p, first in firsts.items() if first.weight > LIMITS[first.kind]}
    assert heavy == {}


def test_assets_load_only_where_they_are_used(firsts: dict[str, First]) -> None:
    """No font; plotly.js goes with figures, modules with widgets, the index with the search."""
    for page, first in firsts.items():
        names = {Path(path).name for path in first.asked}
        assert not [name for name in names if name.endswith((".woff2", ".ttf"))], page
        assert ("plotly-basic.min.js" in names) == first.figures, page
        assert ("house.mjs" in names) == (first.kind == "widgets"), page
        assert ("searchindex.js" in names) == (page == "search.html"), page
        assert "fontawesome.js" not in names, page


@pytest.mark.parametrize("name", ["Search", "Toggle primary sidebar", "Color mode"])
def test_every_button_shows_its_icon(visit: Callable[..., Visit], name: str) -> None:
    """A button drawn without Font Awesome's script still has a shape, and a name."""
    look = """button => [...button.querySelectorAll('i, span')]
        .map(icon => [getComputedStyle(icon, '::before'), icon.getClientRects().length])
        .filter(([style, seen]) => seen && style.maskImage.startsWith('url("data:image/svg'))
        .map(([style]) => parseFloat(style.width))"""
    with visit("about/levels.html", viewport={"width": 800, "height": 800}) as seen:
        button = seen.page.get_by_role("button", name=name).locator("visible=true").first
        widths = button.evaluate(look)
        assert widths
        assert min(widths) >= 10


def test_no_page_shows_an_icon_that_is_not_drawn(built: Path) -> None:
    """Each icon of each page has a rule in the stylesheet."""
    css = (built / "_static" / icons.NAME).read_text(encoding="utf-8")
    assert css.count("data:image/svg+xml") >= len(icons.BUTTONS) + len(icons.ADMONITIONS)
    for page in pages(built):
        assert icons.unknown((built / page).read_text(encoding="utf-8")) == set(), page


def test_the_fast_drawing_library_draws_what_it_is_said_to(visit: Callable[..., Visit]) -> None:
    """The kinds of figures the build lets pass are those that the site's plotly.js knows."""
    from tools.sphinx.plotly_figures import LIBRARY, TRACES

    with visit("about/levels.html") as seen:
        seen.page.add_script_tag(url=f"../_static/{LIBRARY}")
        known = seen.page.evaluate("Object.keys(Plotly.PlotSchema.get().traces)")
    assert set(known) == TRACES
