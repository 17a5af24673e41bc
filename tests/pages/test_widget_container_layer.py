"""A running container's layers in Chromium: a recorded time line on the page, live in Jupyter."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.jupyterlab import Lab, bring, run_all
from tests.pages.visiting import PHONE, Visit
from tools import npm

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = "containers/050-copy-on-write.html"
CHANGED = "big, 100 MB, changed, layer 7, was 100 MB in layer 5"


def explorers(page: Page) -> list[Locator]:
    """Return the page's explorers, drawn."""
    found = page.locator(".lab-widget[data-widget=layers]").all()
    for view in found:
        view.scroll_into_view_if_needed()
        expect(view.get_by_role("tree")).to_be_visible(timeout=30_000)
    return found


def rows(view: Locator) -> list[str]:
    """Return what a screen reader says of each row that is drawn."""
    return view.locator("[role=treeitem] > .lab-l-label").all_text_contents()


def test_each_section_has_what_was_seen_until_then(visit: Callable[..., Visit]) -> None:
    """An empty layer, then copies, then a whiteout and an opaque directory, all marked."""
    with visit(PAGE) as seen:
        empty, copies, marks = explorers(seen.page)
        expect(empty.get_by_role("status")).to_contain_text("Layer 7 stores 0 B")
        assert CHANGED in rows(copies)
        expect(copies.get_by_role("status")).to_contain_text("Last act: append /srv/big, ")
        assert len(copies.locator(".lab-l-acts li").all()) == 6
        told = rows(marks)
        assert any(row.startswith("small, 1 kB, deleted, layer 5, ✗ deleted by") for row in told)
        assert any("changed, layer 7, opaque in layer 7" in row for row in told), told
        assert "three, 4 B, added, layer 7" in told
        assert not seen.faults
        assert not seen.foreign


def test_time_is_walked_through_by_the_keyboard(visit: Callable[..., Visit]) -> None:
    """The layer is empty at its beginning; what was chosen stays chosen on the way."""
    with visit(PAGE) as seen:
        view = explorers(seen.page)[1]
        slider = view.get_by_role("slider")
        slider.focus()
        seen.page.keyboard.press("Home")
        expect(view.get_by_role("status")).to_contain_text("Layer 7 stores 0 B")
        assert CHANGED not in rows(view)
        seen.page.keyboard.press("End")
        expect(view.get_by_role("status")).to_contain_text("Layer 7 stores 100 MB")
        view.get_by_label("Show").select_option("upto")
        view.get_by_label("Filter by name").fill("/srv/big")
        seen.page.wait_for_timeout(100)
        assert any("✗ replaced by layer 7" in row for row in rows(view))
        slider.focus()
        seen.page.keyboard.press("Home")
        expect(view.get_by_label("Filter by name")).to_have_value("/srv/big")
        expect(view.get_by_role("status")).to_contain_text("Up to layer 7: ")
        assert not any("replaced" in row for row in rows(view))
        view.get_by_role("button", name="Table").click()
        expect(view.locator("tbody tr").first).to_contain_text("the container's own layer")
        assert not seen.faults


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_is_for_everyone(visit: Callable[..., Visit], look: str) -> None:
    """axe finds nothing serious in any explorer, and on a phone nothing is wider than it."""
    with visit(PAGE, color_scheme=look, viewport=PHONE) as seen:
        for view in explorers(seen.page):
            box = view.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE["width"]
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        seen.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
        found = seen.page.evaluate("axe.run('.lab-widget', { resultTypes: ['violations'] })")
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in grave] == []


def test_without_javascript_words_and_a_table_remain(visit: Callable[..., Visit]) -> None:
    """What the last moment showed, and a row for each moment."""
    with visit(PAGE, java_script_enabled=False) as seen:
        still = seen.page.locator(".lab-widget[data-widget=layers]").nth(1)
        assert "Layer 7 stores 100 MB" in still.inner_text()
        assert "append /srv/big" in (still.locator("tbody").text_content() or "")


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = (
    """from helpers.records.container_layer import Act, LayerLook
from helpers.records.layers import FileEntry, ImageStack, Layer
from helpers.views.container_layer import LiveLayers
class Scripted:
    base = ImageStack("cow", (Layer(1, "1", "FROM", (FileEntry("/a/big", "file", 9, inode=1),)),))
    looks = 0
    def look(self):
        self.looks += 1
        made = [FileEntry(f"/a/n{n}", "file", 7, inode=n) for n in range(self.looks)]
        acts = [Act("create", each.path, 1.5) for each in made]
        return LayerLook(float(self.looks), Layer(2, "", "own", tuple(made)), True, tuple(acts))
watch = Scripted()
live = LiveLayers(watch, lambda last: None, every=0.2)
live.show();""",
    "watch.looks",
)


def test_in_jupyterlab_it_is_live(browser: Browser, jupyter: Lab) -> None:
    """It moves on by itself while it is in sight, rests while not, and takes no focus away."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[1:1] = [nbformat.v4.new_markdown_cell("x\n\n" * 60)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.write(notebook, jupyter.folder / "container-layer.ipynb")
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    panel = jupyter.open(page, "container-layer.ipynb")
    run_all(page)
    view = panel.locator(".lab-w")
    bring(view)
    expect(view.get_by_text("Live", exact=True)).to_be_visible()
    words = view.get_by_role("status")
    tree = view.get_by_role("tree")
    tree.focus()
    page.keyboard.press("End")
    before = words.inner_text()
    expect(words).not_to_have_text(before)
    assert tree.evaluate("tree => tree === document.activeElement")
    expect(words).to_contain_text("Last act: create /a/n")
    panel.locator(".jp-Cell").last.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    kept = words.text_content()
    page.wait_for_timeout(1000)
    assert words.text_content() == kept
    assert faults == []
    page.context.close()
