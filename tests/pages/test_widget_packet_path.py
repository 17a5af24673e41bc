"""The way of a packet in Chromium: recorded time lines on the page, live in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from helpers.paths import ROOT
from tests.pages.jupyterlab import Lab, bring, run_all
from tests.pages.visiting import PHONE, Visit
from tools import npm

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAB = "docker/060-networks.html"
SAID = re.compile(r"has taken (\d+) connections, and the rule .* has counted (\d+)\.")


DNAT = ("^A new destination", "^-A PREROUTING .* 198.51.100.2:80$", "^5$", "^$", "^5$")


def ways(page: Page) -> list[Locator]:
    """Return the page's two ways, drawn."""
    found = page.locator(".lab-widget[data-widget=packet_path]").all()
    for view in found:
        view.scroll_into_view_if_needed()
        expect(view.locator(".lab-p")).to_be_visible()
    return found


def numbers(view: Locator) -> tuple[int, int]:
    """Return what the words say now: connections taken, counted by the rule."""
    said = SAID.search(view.get_by_role("status").inner_text())
    assert said, view.get_by_role("status").inner_text()
    return int(said[1]), int(said[2])


def test_the_recorded_time_lines_tell_the_lesson(visit: Callable[..., Visit]) -> None:
    """From this machine past the rule through docker-proxy; from outside by the rule."""
    with visit(LAB) as seen:
        inner, outer = ways(seen.page)
        taken, counted = numbers(inner)
        assert taken >= 10
        assert counted == 0
        expect(inner.locator("[data-stop=proxy]")).to_contain_text("docker-proxy")
        expect(inner.locator("[data-stop=proxy]")).to_contain_text(re.compile(r"ran \d+ times"))
        expect(inner.locator("[data-stop=entry1]")).to_contain_text("! -d 127.0.0.0/8")
        assert numbers(outer) == (6, 5)
        expect(outer.locator("[data-stop=proxy]")).to_have_count(0)
        expect(outer.get_by_role("status")).to_contain_text("1 came straight to the container")
        assert not seen.faults
        assert not seen.foreign


def test_time_is_walked_through(visit: Callable[..., Visit]) -> None:
    """By the keyboard on the slider; what has just counted is marked and says how much."""
    with visit(LAB) as seen:
        outer = ways(seen.page)[-1]
        slider = outer.get_by_role("slider")
        slider.focus()
        seen.page.keyboard.press("Home")
        assert numbers(outer) == (1, 0)
        expect(outer.locator(".lab-p-moved")).to_have_count(0)
        frames = int(slider.get_attribute("max") or 0)
        marked = 0
        for _frame in range(frames):
            seen.page.keyboard.press("ArrowRight")
            marked += outer.locator("[data-stop=dnat].lab-p-moved b", has_text="+").count()
        assert 1 <= marked <= 5
        assert numbers(outer) == (6, 5)
        outer.get_by_role("button", name="Table").click()
        row = outer.locator("tbody tr", has_text="A new destination (DNAT)")
        expect(row.locator("td")).to_have_text(
            [
                "A new destination (DNAT)",
                re.compile("^-A PREROUTING .* 198.51.100.2:80$"),
                "5",
                "",
                "5",
            ]
        )
        assert not seen.faults


def test_a_stop_says_how_to_see_it_oneself(visit: Callable[..., Visit]) -> None:
    """Arrow keys go from stop to stop, Enter opens one; it stays open while time goes on."""
    with visit(LAB) as seen:
        inner = ways(seen.page)[0]
        inner.locator("[data-stop=port]").focus()
        for _step in range(3):
            seen.page.keyboard.press("ArrowDown")
        expect(inner.locator("[data-stop=dnat]")).to_be_focused()
        seen.page.keyboard.press("Enter")
        detail = inner.locator(".lab-p-detail")
        expect(detail).to_contain_text("iptables-save -c -t nat")
        expect(inner.locator("[data-stop=dnat]")).to_be_focused()
        expect(inner.locator("[data-stop=dnat]")).to_have_attribute("aria-expanded", "true")
        seen.page.keyboard.press("ArrowUp")
        inner.get_by_role("slider").fill("0")
        expect(detail).to_be_visible()
        inner.locator("[data-stop=dnat]").click()
        expect(detail).to_have_count(0)
        assert not seen.faults


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_is_for_everyone(visit: Callable[..., Visit], look: str) -> None:
    """axe finds nothing serious, and on a phone no word leaves the picture."""
    with visit(LAB, color_scheme=look, viewport=PHONE) as seen:
        views = ways(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for view in views:
            assert view.evaluate(WHAT_STICKS_OUT) == []
        seen.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
        found = seen.page.evaluate(
            "axe.run('[data-widget=packet_path]', { resultTypes: ['violations'] })"
        )
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in grave] == []


WHAT_STICKS_OUT = """view => {
    const whole = view.querySelector(".lab-w").getBoundingClientRect();
    return [...view.querySelectorAll(".lab-p *")].filter((part) => {
        const { left, right, bottom } = part.getBoundingClientRect();
        return left < whole.left - 1 || right > whole.right + 1 || bottom > whole.bottom + 1;
    }).map((part) => part.textContent);
}"""


def test_without_javascript_words_and_a_table_remain(visit: Callable[..., Visit]) -> None:
    """What the last moment showed, and a row for each stop."""
    with visit(LAB, java_script_enabled=False) as seen:
        still = seen.page.locator(".lab-widget[data-widget=packet_path]").first
        assert SAID.search(still.inner_text())
        assert still.locator("tbody tr").count() == 10


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELL = """import sys
sys.path += [{tests!r}]
from test_packet_path import Scripted
from helpers.views.packet_path import Way
watch = Scripted()
way = Way(watch, lambda last: None, container="web", every=0.1)
way.show();"""


def test_in_jupyterlab_it_is_live(browser: Browser, jupyter: Lab) -> None:
    """It goes on by itself, and a stop can be pressed meanwhile."""
    tests = str(ROOT / "tests" / "unit")
    cells = [nbformat.v4.new_code_cell(CELL.format(tests=tests))]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.write(notebook, jupyter.folder / "way.ipynb")
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    panel = jupyter.open(page, "way.ipynb")
    run_all(page)
    view = panel.locator(".lab-w").first
    bring(view)
    expect(view.get_by_text("Live", exact=True)).to_be_visible()
    words = view.get_by_role("status")
    expect(words).to_contain_text("has taken")
    before = numbers(view)[0]
    expect(words).not_to_contain_text(f"taken {before} connections")
    view.locator("[data-stop=dnat]").click()
    expect(view.locator(".lab-p-detail")).to_contain_text("iptables-save")
    assert faults == []
    page.context.close()
