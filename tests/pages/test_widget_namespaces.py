"""The namespace explorer in Chromium: recorded moments on the page, live in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.jupyterlab import Lab, bring, run_all
from tests.pages.visiting import PHONE, Visit
from tools import npm

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAB = "containers/030-namespaces.html"
KINDS = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]


def explorers(page: Page) -> list[Locator]:
    """Return the page's explorers, drawn."""
    found = page.locator(".lab-widget[data-widget=namespaces]").all()
    for view in found:
        view.scroll_into_view_if_needed()
        expect(view.get_by_role("grid")).to_be_visible(timeout=20_000)  # a busy machine
    return found


def letters(view: Locator, row: str) -> list[str]:
    """Return what stands in the cells of the row whose head begins so."""
    line = view.locator("tbody tr").filter(has=view.page.locator("th", has_text=row)).first
    return [text.removeprefix("→") for text in line.locator("td").all_inner_texts()]


def test_the_recorded_moments_tell_the_lesson(visit: Callable[..., Visit]) -> None:
    """Two apart in six kinds; a guest who shares two more; one who moved; two brought together."""
    with visit(LAB) as seen:
        two, guest, traveller, clerk = explorers(seen.page)
        expect(two.get_by_role("status")).to_contain_text(
            "share time and user; they differ in cgroup, ipc, mnt, net, pid and uts."
        )
        shop, till = letters(two, "shop"), letters(two, "till")
        assert [a == b for a, b in zip(shop, till, strict=True)] == [
            kind in ("time", "user") for kind in KINDS
        ]
        expect(guest.get_by_role("status")).to_contain_text("share net, pid, time and user;")
        expect(traveller.get_by_role("status")).to_contain_text("moved: uts from")
        assert letters(clerk, "counter")[3] == letters(clerk, "clerk")[3] != "host"
        assert clerk.locator("tfoot td").all_inner_texts()[3] == "="
        assert not seen.faults
        assert not seen.foreign


def test_time_and_the_grid_are_walked_through(visit: Callable[..., Visit]) -> None:
    """By the keyboard alone: the slider, the cells, two to compare, the filter, the table."""
    with visit(LAB) as seen:
        view = explorers(seen.page)[2]
        words = view.get_by_role("status")
        view.get_by_role("slider").focus()
        seen.page.keyboard.press("Home")
        expect(words).not_to_contain_text("moved")
        seen.page.keyboard.press("ArrowRight")
        expect(words).to_contain_text("bash /traveller")
        seen.page.keyboard.press("End")
        expect(view.locator("td .lab-n-moved")).to_have_count(1)
        view.locator("tbody [tabindex='0']").focus()
        for key in ("PageUp", "Home", "ArrowRight", "Enter"):
            seen.page.keyboard.press(key)
        expect(words).to_contain_text("In cgroup:[")
        expect(view.locator("td:focus")).to_have_attribute("aria-selected", "true")
        for key in ("Home", " "):
            seen.page.keyboard.press(key)
        expect(view.locator("tbody th[aria-selected='true']")).to_have_count(2)
        expect(words).to_contain_text("on the host")
        view.get_by_label("Show only").fill("window")
        expect(view.locator("tbody tr")).to_have_count(2)
        expect(view.get_by_label("Show only")).to_be_focused()
        view.get_by_label("Show only").fill("nobody at all")
        expect(view.get_by_text("No process is called that.")).to_be_visible()
        view.get_by_role("button", name="Table").click()
        assert view.locator("thead th").all_inner_texts()[3:] == KINDS
        assert not seen.faults


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_is_for_everyone(visit: Callable[..., Visit], look: str) -> None:
    """axe finds nothing serious, and on a phone all eight kinds are in sight without scrolling."""
    with visit(LAB, color_scheme=look, viewport=PHONE) as seen:
        views = explorers(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for view in views:
            stage = view.locator(".lab-w-stage")
            assert stage.evaluate("stage => stage.scrollWidth <= stage.clientWidth")
        seen.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
        found = seen.page.evaluate(
            "axe.run('[data-widget=namespaces]', { resultTypes: ['violations'] })"
        )
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in grave] == []


def test_without_javascript_words_and_a_table_remain(visit: Callable[..., Visit]) -> None:
    """What the last moment showed, and a row for each process of it."""
    with visit(LAB, java_script_enabled=False) as seen:
        still = seen.page.locator(".lab-widget[data-widget=namespaces]").first
        assert "share time and user" in still.inner_text()
        assert still.locator("tbody tr").count() >= 3


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELL = """from helpers.records.namespace_watch import Look, Resident
from helpers.records.namespaces import KINDS
from helpers.views.namespace_explorer import Explorer
HOST = dict(zip(KINDS, range(100, 108)))
class Scripted:
    looks = 0
    def look(self):
        self.looks += 1
        there = {**HOST, "net": 1000 + self.looks // 5}
        nomad = Resident(7, "nomad", "van", there)
        return Look(self.looks, HOST, (Resident(1, "process 1", "", HOST), nomad))
    def close(self):
        pass
explorer = Explorer(Scripted(), lambda last: None, every=0.1)
explorer.follow("van", "host");"""


def test_in_jupyterlab_it_is_live(browser: Browser, jupyter: Lab) -> None:
    """It notes what moves while it is in sight, and rests while it is not."""
    cells = [nbformat.v4.new_code_cell(CELL), nbformat.v4.new_markdown_cell("x\n\n" * 80)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.write(notebook, jupyter.folder / "namespaces.ipynb")
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    panel = jupyter.open(page, "namespaces.ipynb")
    run_all(page)
    view = panel.locator(".lab-w").first
    bring(view)
    expect(view.get_by_text("Live", exact=True)).to_be_visible()
    words = view.get_by_role("status")
    expect(words).to_contain_text("nomad (7) in van moved: net from")
    before = words.inner_text()
    expect(words).not_to_have_text(before)
    panel.locator(".jp-MarkdownCell").last.evaluate("cell => cell.scrollIntoView(false)")
    page.wait_for_timeout(700)
    rested = words.text_content()
    page.wait_for_timeout(1200)
    assert words.text_content() == rested
    assert faults == []
    page.context.close()
