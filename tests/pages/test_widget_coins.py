"""The DockerCoins monitor in Chromium: a recorded time line on the page, live in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.jupyterlab import Lab, bring, run_all
from tests.pages.visiting import PHONE, Visit
from tools import npm

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAB = "docker/080-dockercoins.html"
NUMBER = re.compile(r"(\d+) workers? and (\d+) rng make ([\d.]+) hashes/s")


def monitors(page: Page) -> list[Locator]:
    """Return the page's monitors, drawn."""
    found = page.locator(".lab-widget[data-widget=coins]").all()
    for view in found:
        view.scroll_into_view_if_needed()
        expect(view.locator("svg.lab-c")).to_be_visible()
    return found


def crew(view: Locator) -> tuple[int, int, float]:
    """Return what the words say now: workers, copies of rng, hashes a second."""
    said = NUMBER.search(view.get_by_role("status").inner_text())
    assert said, view.get_by_role("status").inner_text()
    return int(said[1]), int(said[2]), float(said[3])


def test_the_recorded_time_line_tells_the_lesson(visit: Callable[..., Visit]) -> None:
    """From one worker to ten and to a second rng; each section has what was seen until then."""
    with visit(LAB) as seen:
        views = monitors(seen.page)
        crews = [crew(view)[:2] for view in views]
        assert crews == [(1, 1), (3, 1), (10, 1), (10, 1), (10, 1), (10, 2)]
        assert crew(views[3])[2] < 10.5 < 13 < crew(views[-1])[2]
        assert "The model allows" not in views[3].inner_text()
        assert re.search(r"rng takes \d{3} ms, hasher 1\d\d ms\. No container uses more than "
                         r"\d+(\.\d)? % of a core\.", views[3].inner_text())  # fmt: skip
        assert "not known" not in views[-1].inner_text()
        assert not seen.faults
        assert not seen.foreign


def test_time_is_walked_through(visit: Callable[..., Visit]) -> None:
    """By the keyboard on the slider, and by a click into the picture; the words follow."""
    with visit(LAB) as seen:
        view = monitors(seen.page)[-1]
        slider = view.get_by_role("slider")
        slider.focus()
        seen.page.keyboard.press("Home")
        expect(view.get_by_role("status")).to_contain_text("At 0 s: 1 worker and 1 rng")
        expect(view.get_by_role("status")).to_contain_text("The model allows 3.3.")
        seen.page.keyboard.press("End")
        expect(view.get_by_role("status")).to_contain_text("10 workers and 2 rng")
        box = view.locator("svg.lab-c").bounding_box()
        assert box is not None
        view.locator("svg.lab-c").click(position={"x": 60, "y": box["height"] / 2})
        expect(view.get_by_role("status")).to_contain_text("1 worker and 1 rng")
        view.get_by_role("button", name="Table").click()
        expect(view.locator("thead th")).to_have_count(12)
        frames = int(slider.get_attribute("max") or 0) + 1
        expect(view.locator("tbody tr")).to_have_count(frames)
        assert not seen.faults


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_is_for_everyone(visit: Callable[..., Visit], look: str) -> None:
    """axe finds nothing serious, and on a phone no label leaves the picture or covers another."""
    with visit(LAB, color_scheme=look, viewport=PHONE) as seen:
        views = monitors(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert views[-1].evaluate(TEXTS_THAT_STICK_OUT) == []
        assert views[-1].evaluate(LABELS_THAT_COLLIDE) == []
        seen.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
        found = seen.page.evaluate(
            "axe.run('[data-widget=coins]', { resultTypes: ['violations'] })"
        )
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in grave] == []


TEXTS_THAT_STICK_OUT = """view => {
    const whole = view.querySelector("svg.lab-c").getBoundingClientRect();
    return [...view.querySelectorAll("svg.lab-c text")].filter((text) => {
        const { left, right, bottom } = text.getBoundingClientRect();
        return left < whole.left - 1 || right > whole.right + 1 || bottom > whole.bottom + 1;
    }).map((text) => text.textContent);
}"""
LABELS_THAT_COLLIDE = """view => {
    const boxes = [...view.querySelectorAll("svg.lab-c text")].map((text) =>
        [text.textContent, text.getBoundingClientRect()]);
    const collide = ([, a], [, b]) => a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 4 && b.top < a.bottom - 4;
    return boxes.flatMap((one, index) =>
        boxes.slice(index + 1).filter((other) => collide(one, other))
            .map((other) => `${one[0]} | ${other[0]}`));
}"""


def test_without_javascript_words_and_a_table_remain(visit: Callable[..., Visit]) -> None:
    """What the last moment showed, and a row for each of some moments."""
    with visit(LAB, java_script_enabled=False) as seen:
        still = seen.page.locator(".lab-widget[data-widget=coins]").last
        assert "10 workers and 2 rng make" in still.inner_text()
        assert 30 < still.locator("tbody tr").count() <= 60


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = (
    """from helpers.records.coins_monitor import Look
from helpers.views.coins_monitor import Monitor
class Scripted:
    looks = 0
    def look(self):
        self.looks += 1
        return Look(self.looks, self.looks, 1, None, 0.1, 0.1, {})
    def close(self):
        pass
watch = Scripted()
monitor = Monitor(watch, lambda last: None, every=0.1)
monitor.show();""",
    "monitor.show('rate', model=True);",
)


def test_in_jupyterlab_it_is_live(browser: Browser, jupyter: Lab) -> None:
    """It moves on by itself while it is in sight, and rests while it is not."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[1:1] = [nbformat.v4.new_markdown_cell("x\n\n" * 60)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.write(notebook, jupyter.folder / "monitor.ipynb")
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    panel = jupyter.open(page, "monitor.ipynb")
    run_all(page)
    first, second = panel.locator(".lab-w").first, panel.locator(".lab-w").last
    bring(second)
    expect(second.get_by_text("Live", exact=True)).to_be_visible()
    words = second.get_by_role("status")
    before = words.inner_text()
    expect(words).not_to_have_text(before)
    expect(words).to_contain_text("how much they make is not known")
    bring(first)
    page.wait_for_timeout(500)
    rested = first.get_by_role("status").inner_text()
    assert "What CPU they use is not known." in rested
    kept = words.text_content()
    page.wait_for_timeout(1000)
    assert words.text_content() == kept
    assert first.get_by_role("status").inner_text() == rested
    assert faults == []
    page.context.close()
