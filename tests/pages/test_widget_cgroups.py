"""The control group explorer in Chromium: recorded on the page, live and asked in JupyterLab."""

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

LAB = "containers/040-cgroups.html"


def explorers(page: Page) -> list[Locator]:
    """Return the page's explorers, drawn."""
    found = page.locator(".lab-widget[data-widget=cgroups]").all()
    for view in found:
        view.scroll_into_view_if_needed()
        expect(view.get_by_role("list", name="Control groups")).to_be_visible()
    return found


def test_the_recorded_time_line_tells_the_lesson(visit: Callable[..., Visit]) -> None:
    """Killed at 48 MiB, not at 96; forks refused; and nothing can be set in a recording."""
    with visit(LAB) as seen:
        first, last = explorers(seen.page)
        said = first.get_by_role("status").inner_text()
        assert re.search(r"till uses .* of 48 MiB of memory, .*killed for memory: [1-9]", said)
        assert "new processes refused: " in said
        assert "of 96 MiB of memory" in last.get_by_role("status").inner_text()
        assert "half uses" in last.get_by_role("status").inner_text()
        assert last.get_by_role("combobox").count() == 0
        assert last.get_by_role("button", name="Set", exact=True).count() == 0
        expect(last.get_by_text("this is a recording")).to_be_visible()
        assert not seen.faults
        assert not seen.foreign


def test_a_group_is_chosen_and_its_files_stand_beside_its_numbers(
    visit: Callable[..., Visit],
) -> None:
    """By the keyboard; the path is the kernel's, the text is that of the moment shown."""
    with visit(LAB) as seen:
        view = explorers(seen.page)[-1]
        till = view.get_by_role("button", name="till")
        till.focus()
        seen.page.keyboard.press("Enter")
        expect(till).to_have_attribute("aria-pressed", "true")
        assert till.evaluate("button => document.activeElement === button")
        card = view.locator(".lab-g-card").nth(1)
        expect(card.locator(".lab-g-labels")).to_contain_text("limit 96")
        card.get_by_text("The kernel's files").click()
        expect(card.locator("dt").first).to_have_text(
            re.compile(r"/sys/fs/cgroup/.*/memory\.(limit_in_bytes|max)$")
        )
        expect(card.locator("dd").first).to_have_text("100663296")
        slider = view.get_by_role("slider")
        slider.focus()
        seen.page.keyboard.press("Home")
        expect(card.locator("dd").first).to_have_text("50331648")
        expect(view.get_by_role("status")).to_contain_text("At 0 s: ")
        box = card.locator("svg[role=img]").bounding_box()
        assert box is not None
        card.locator("svg[role=img]").click(position={"x": box["width"] - 12, "y": 40})
        expect(card.locator(".lab-g-labels")).to_contain_text("limit 96")
        view.get_by_role("button", name="Table").click()
        expect(view.locator("thead th")).to_have_count(18)
        frames = int(slider.get_attribute("max") or 0) + 1
        assert view.locator("tbody tr").count() >= 2 * frames
        assert not seen.faults


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_is_for_everyone(visit: Callable[..., Visit], look: str) -> None:
    """axe finds nothing serious, and on a phone nothing leaves the page."""
    with visit(LAB, color_scheme=look, viewport=PHONE) as seen:
        views = explorers(seen.page)
        views[-1].get_by_text("The kernel's files").first.click()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert views[-1].evaluate(WHAT_STICKS_OUT) == []
        seen.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
        found = seen.page.evaluate(
            "axe.run('[data-widget=cgroups]', { resultTypes: ['violations'] })"
        )
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in grave] == []


WHAT_STICKS_OUT = """view => {
    const whole = view.getBoundingClientRect();
    const parts = ".lab-g button, .lab-g-meter, .lab-g svg, .lab-g dt, .lab-g em";
    return [...view.querySelectorAll(parts)]
        .filter((part) => part.getBoundingClientRect().right > whole.right + 1)
        .map((part) => part.textContent);
}"""


def test_without_javascript_words_and_a_table_remain(visit: Callable[..., Visit]) -> None:
    """What the last moment showed, and a row for each group at some of the moments."""
    with visit(LAB, java_script_enabled=False) as seen:
        still = seen.page.locator(".lab-widget[data-widget=cgroups]").last
        assert "of 96 MiB of memory" in still.inner_text()
        assert 20 < still.locator("tbody tr").count() <= 62


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = (
    """from helpers.errors import LabError
from helpers.records.cgroup_explorer import Look, Reading
from helpers.records.host import Unavailable
from helpers.views.cgroup_explorer import Explorer
NOT = Unavailable("not counted")
class Scripted:
    looks, limit = 0, 0.5
    def look(self):
        self.looks += 1
        half = Reading("a" * 64, "half", "/docker/a", self.limit, 0.9, self.limit, 100, 2**20,
            2**20, 0, None, 2**26, 1, 20, 0.5, 0.0, NOT, 0.0, 0.0, 0, 0, 0, NOT, ())
        return Look(self.looks, (half,))
    def set_limit(self, ident, what, value):
        if value > 1:
            raise LabError("That is more than there is.", remedy="Ask for less.")
        self.limit = value
        return f"{what} of {ident[:3]} is now {value}"
    def close(self):
        pass
explorer = Explorer(Scripted(), lambda last: None, every=0.2)
explorer.show();""",
)


def test_in_jupyterlab_limits_are_set(browser: Browser, jupyter: Lab) -> None:
    """It moves by itself; what is set is seen to follow; a refusal is said, and changes nothing."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.write(notebook, jupyter.folder / "explorer.ipynb")
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    panel = jupyter.open(page, "explorer.ipynb")
    run_all(page)
    view = panel.locator(".lab-w").first
    bring(view)
    expect(view.get_by_text("Live", exact=True)).to_be_visible()
    words = view.get_by_role("status").first
    expect(words).to_contain_text("half uses 0.5 of 0.5 cores")
    expect(view.get_by_label("Limit of half")).to_be_visible()
    field = view.get_by_role("spinbutton")
    expect(field).to_have_value("0.5")
    field.fill("0.2")
    field.press("Enter")
    expect(view.locator(".lab-w-said")).to_have_text("cpus of aaa is now 0.2")
    expect(words).to_contain_text("half uses 0.2 of 0.2 cores")
    field.fill("64")
    view.get_by_role("button", name="Set", exact=True).click()
    expect(view.locator(".lab-w-said")).to_contain_text("That is more than there is.")
    expect(words).to_contain_text("of 0.2 cores")
    assert faults == []
    page.context.close()
