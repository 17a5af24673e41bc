"""The layer explorer in Chromium: on the published page from stored state, in JupyterLab live."""

from __future__ import annotations

import re
from collections.abc import Callable

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.jupyterlab import Lab, run_all
from tests.pages.visiting import PHONE, Visit
from tools import npm

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAB = "docker/020-images-and-layers.html"


def explorer(page: Page, number: int) -> Locator:
    """Return the page's explorer with this number, drawn."""
    view = page.locator(".lab-widget").nth(number)
    view.scroll_into_view_if_needed()
    expect(view.get_by_role("tree")).to_be_visible()
    return view


def rows(view: Locator) -> list[str]:
    """Return what a screen reader says of each row that is drawn."""
    return view.locator("[role=treeitem] > .lab-l-label").all_text_contents()


def test_what_is_chosen_is_shown_and_said(visit: Callable[..., Visit]) -> None:
    """Layers, kinds and names choose the files; words and table follow, all from stored state."""
    with visit(LAB) as seen:
        view = explorer(seen.page, 0)
        words = view.get_by_role("status")
        assert "draft, 4 MB, deleted, layer 3, ✗ deleted by layer 6" in rows(view)
        assert "settings, 13 B, changed, layer 5, was 12 B in layer 4" in rows(view)
        view.get_by_role("radio").nth(3).check()  # the stack begins with layer 6
        expect(words).to_contain_text("Up to layer 3: 14 MB stored")
        assert "draft, 4 MB, added, layer 3" in rows(view)
        view.get_by_role("radio").first.check()
        view.get_by_label("Show").select_option("only")
        expect(words).to_contain_text("It hides 4 MB of the layers below.")
        assert [row for row in rows(view) if "layer" in row] == [
            "draft, 4 MB, deleted, layer 3, ✗ deleted by layer 6"
        ]
        view.get_by_role("treeitem", name="draft").click()
        expect(words).to_contain_text("/srv/draft: layer 3 added it (4 MB); layer 6 deleted it.")
        view.get_by_role("button", name="Table").click()
        assert "/srv/draft" in view.locator("tbody tr").last.inner_text()
        assert not seen.faults
        assert not seen.foreign


def test_the_keyboard_walks_through_the_tree(visit: Callable[..., Visit]) -> None:
    """Arrow keys move, open and shut as in any tree; what is active is in view and named."""
    with visit(LAB) as seen:
        view = explorer(seen.page, 0)
        tree = view.get_by_role("tree")
        tree.focus()

        def active() -> str:
            ident = tree.get_attribute("aria-activedescendant")
            return view.locator(f"[id='{ident}'] > .lab-l-label").inner_text()

        walk = [("Home", "/,"), ("b", "bin/,"), ("ArrowRight", "bin/,"), ("ArrowDown", "[ ")]
        for key, name in [*walk, ("ArrowLeft", "bin/,"), ("End", "var/,")]:
            seen.page.keyboard.press(key)
            assert active().startswith(name), key
        seen.page.keyboard.press("Enter")
        expect(view.get_by_role("status")).to_contain_text("/var: layer 1 added it")
        assert tree.evaluate("tree => tree.scrollTop") > 0
        assert not seen.faults


def test_thousands_of_files_are_a_few_rows(visit: Callable[..., Visit]) -> None:
    """The real image has 6,000 files; a filter finds one, and never more rows exist than fit."""
    with visit(LAB) as seen:
        view = explorer(seen.page, 1)
        status = re.compile("^status, .* changed, layer 3, was ")
        expect(view.get_by_role("treeitem", name=status)).to_be_visible()
        view.get_by_label("Filter by name").fill("/")  # in every path: opens all directories
        expect(view.get_by_role("treeitem", name="bin → usr/bin")).to_be_visible()
        height = view.get_by_role("tree").evaluate("tree => tree.scrollHeight")
        assert height > 3000 * 20
        assert len(rows(view)) < 60
        view.get_by_role("tree").evaluate("tree => { tree.scrollTop = tree.scrollHeight / 2; }")
        expect(view.locator("[data-place='0']")).to_have_count(0)
        assert 10 < len(rows(view)) < 60
        view.get_by_label("Filter by name").fill("DPKG/STATUS")
        expect(view.get_by_role("status")).to_contain_text("The filter leaves 4 files")
        view.get_by_label("Filter by name").fill("no such file")
        expect(view.get_by_text("Nothing here is called so")).to_be_visible()


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_is_for_everyone(visit: Callable[..., Visit], look: str) -> None:
    """axe finds nothing serious in any explorer, and on a phone nothing is wider than it."""
    with visit(LAB, color_scheme=look, viewport=PHONE) as seen:
        for number in range(3):
            view = explorer(seen.page, number)
            box = view.get_by_role("tree").bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE["width"]
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        seen.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
        found = seen.page.evaluate("axe.run('.lab-widget', { resultTypes: ['violations'] })")
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(each["id"], [n["html"] for n in each["nodes"]]) for each in grave] == []


def test_without_javascript_words_and_a_table_remain(visit: Callable[..., Visit]) -> None:
    """The stack is still there to be read."""
    with visit(LAB, java_script_enabled=False) as seen:
        still = seen.page.locator(".lab-widget").first
        assert "6 layers store 14 MB; a container sees 9.98 MB" in still.inner_text()
        assert still.locator("tbody tr").count() == 6


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELL = """from helpers.records.layers import FileEntry, ImageStack, Layer
from helpers.views.layer_explorer import explore
names = ["/a/<script>alert(1)</script>", "/a/\\udcff\\u202e", "/a/gone"]
files = tuple(FileEntry(name, "file", 7, inode=n) for n, name in enumerate(names, 1))
made = Layer(1, "1", "COPY", files), Layer(2, "2", "RUN rm", (), frozenset({"/a/gone"}))
explore(ImageStack("hostile", made))"""


def test_in_jupyterlab_it_is_live(browser: Browser, jupyter: Lab) -> None:
    """The same module draws it for a kernel; names from an image are text there, too."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata=KERNEL)
    nbformat.write(notebook, jupyter.folder / "explorer.ipynb")
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    panel = jupyter.open(page, "explorer.ipynb")
    run_all(page)
    view = panel.locator(".lab-w")
    expect(view.get_by_text("Live", exact=True)).to_be_visible()
    assert rows(view)[-3:] == [
        "script>, 7 B, added, layer 1",
        "gone, 7 B, deleted, layer 1, ✗ deleted by layer 2",
        r"\xff\u202e, 7 B, added, layer 1",
    ]
    view.get_by_role("radio").last.check()
    expect(view.get_by_role("status")).to_contain_text("Up to layer 1: 21 B stored")
    view.get_by_role("tree").focus()
    for key in ("a", "b", "d", "d", "ArrowDown"):  # JupyterLab's own keys for cells
        page.keyboard.press(key)
    assert panel.locator(".jp-Cell").count() == 1
    assert panel.get_by_role("tree").evaluate("tree => tree === document.activeElement")
    assert faults == []
    page.context.close()
