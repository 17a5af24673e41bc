"""Run in this page: a model answers in the reader's browser, from this site's files alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from helpers.paths import BOOK
from tests.pages.visiting import PHONE, Visit, pages
from tools import npm
from tools.sphinx import page_python

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAB = "docker/080-dockercoins"
NUMBERS, CURVE = "model", "model-curve"  # ids of its cells
WASM = "pyodide.asm.wasm"
PATIENCE = 60_000  # ms: a loaded machine takes its time to start Python
MOST = 7_000_000  # bytes, gzipped, of a first click


def stored(ident: str) -> dict[str, Any]:
    """Return a cell of the notebook, with the outputs that were recorded for it."""
    cells = json.loads((BOOK / f"{LAB}.ipynb").read_text(encoding="utf-8"))["cells"]
    return next(cell for cell in cells if cell["id"] == ident)


def cell(seen: Visit, ident: str) -> Locator:
    """Return a cell on the page, by its id in the notebook."""
    mark = "".join(stored(ident)["source"]).splitlines()[0]
    return seen.page.locator(".tag_run-here").filter(has_text=mark)


def ended(cell: Locator, how: str = "yes") -> Locator:
    """Wait for the end of a cell's run; return its result."""
    expect(cell).to_have_attribute("data-ran", how, timeout=PATIENCE)
    return cell.locator(".run-here-result")


def run(cell: Locator, how: str = "yes") -> Locator:
    """Click a cell's button, wait for the end, return its result."""
    cell.get_by_role("button", name="Run in this page").click()
    return ended(cell, how)


def type_in(cell: Locator, code: str) -> None:
    """Replace a cell's code, by keyboard alone, and run it."""
    edit = cell.get_by_role("button", name="Edit")
    if edit.is_visible():
        edit.press("Enter")
    cell.get_by_role("textbox", name="Code of this cell").fill(code)
    cell.get_by_role("textbox").press("Shift+Enter")


@pytest.fixture(scope="module")
def opened(visit: Callable[..., Visit]) -> Iterator[Visit]:
    with visit(f"{LAB}.html", viewport=PHONE) as seen:
        yield seen


@pytest.fixture
def lab(opened: Visit) -> Visit:
    """The lab's page on a phone, its cells as published; Python may be loaded already."""
    reset = opened.page.get_by_role("button", name="Reset").locator("visible=true")
    while reset.count():
        reset.first.click()
    return opened


def drawn(figure: Locator) -> list[Any]:
    """Return x and y of each trace of a figure, as the page's plotly.js has them."""
    expect(figure.locator(".main-svg").first).to_be_visible()
    traces = "plot => plot.data.map(({x, y}) => [Array.from(x), Array.from(y)])"
    found: list[Any] = figure.locator(".lab-figure-plot").evaluate(traces)
    return found


@pytest.mark.parametrize("page", [f"{LAB}.html", "intro.html"])
def test_the_page_gives_the_numbers_of_the_recording(
    visit: Callable[..., Visit], page: str
) -> None:
    """After a click, text and figure are those that the notebook's tests compare."""
    data = stored(CURVE)["outputs"][0]["data"]
    spec = data["application/vnd.plotly.v1+json"]
    with visit(page) as seen:
        figure = run(cell(seen, CURVE)).locator("figure")
        assert drawn(figure) == [[trace["x"], trace["y"]] for trace in spec["data"]]
        words = figure.locator(".lab-figure-words p")
        expect(words).to_have_text("".join(data["text/plain"]))
        assert cell(seen, NUMBERS).count() == (page != "intro.html")
        for numbers in cell(seen, NUMBERS).all():
            text = run(numbers).locator("pre").inner_text()
            assert text == "".join(stored(NUMBERS)["outputs"][0]["text"])
    assert (seen.foreign, seen.faults) == ([], [])


def test_nothing_is_loaded_before_the_click(built: Path, visit: Callable[..., Visit]) -> None:
    """Reading the page, or moving a slider, costs nothing; the first click at most 7 MB, once."""
    with visit(f"{LAB}.html") as seen:
        seen.to_the_end()
        before = set(seen.asked)
        assert not [path for path in before if "pyodide" in path or "worker" in path]
        curve = cell(seen, CURVE)
        curve.get_by_role("slider", name="workers").press("ArrowRight")
        expect(curve.get_by_role("status")).to_have_text("Now press “Run in this page”.")
        assert set(seen.asked) == before
        run(curve)
        first = set(seen.asked) - before
        run(cell(seen, NUMBERS))
        assert set(seen.asked) == before | first
    weight = sum(
        len(data) if path.endswith(".zip") else len(gzip.compress(data, 6))
        for path in first
        for data in [(built / path).read_bytes()]
    )
    print(f"first click: {weight / 1e6:.2f} MB gzipped, {len(first)} files")
    assert 1_000_000 < weight <= MOST
    assert seen.foreign == []


def test_a_slider_moves_the_model(lab: Visit) -> None:
    """With Python there, a slider changes code, number, figure and words at once."""
    curve = cell(lab, CURVE)
    result = run(curve)
    copies = curve.get_by_role("slider", name="copies")
    copies.press("ArrowRight")
    title = result.locator("figcaption")
    expect(title).to_have_text("20.0 hashes/s: rng is the limit, more workers would only wait")
    expect(curve.locator(".run-here-number").nth(1)).to_have_text("2")
    expect(curve.locator(".cell_input pre")).to_contain_text("copies = 2  # run: 1..4 step 1")
    workers = curve.get_by_role("slider", name="workers")
    for _ in range(9):
        workers.press("ArrowLeft")
    expect(title).to_have_text("3.3 hashes/s: workers are the limit, rng could give 20")
    assert curve.locator(".run-here-result figure").count() == 1
    expect(result.locator(".lab-figure-words p")).to_contain_text("Workers: 1, copies")
    curve.get_by_role("button", name="Reset").click()
    expect(curve.locator(".cell_input pre")).to_contain_text("copies = 1  # run")
    expect(curve.locator(".run-here-number").first).to_have_text("10")
    expect(result).to_be_hidden()
    expect(curve.locator(".cell_output")).to_be_visible()


def test_the_first_load_is_seen_and_can_be_stopped(visit: Callable[..., Visit]) -> None:
    """While Python loads, the page says how much of it has come, and Stop ends it."""
    with visit(f"{LAB}.html") as seen:
        gate = f"**/{WASM}"
        held: list[Route] = []
        # Not held.append itself: the driver marks what it is given.
        seen.page.context.route(gate, lambda route: held.append(route))  # noqa: PLW0108
        curve = cell(seen, CURVE)
        expect(curve.get_by_text("Loads Python into your browser, once: 6.9 MB.")).to_be_visible()
        curve.get_by_role("button", name="Run in this page").click()
        bar = curve.get_by_role("progressbar", name="Loading Python")
        expect(bar).to_be_visible()
        sizes = page_python.sizes()
        # The rest has come, not packed; of WebAssembly only what it weighs when packed is known.
        rest = sum(size["raw"] for name, size in sizes.items() if name != WASM)
        said = f"{rest / 1e6:.1f} of {(rest + sizes[WASM]['packed']) / 1e6:.1f} MB"
        expect(curve.locator(".run-here-bytes")).to_have_text(said)
        curve.get_by_role("button", name="Stop").click()
        ended(curve, "stopped")
        expect(bar).to_be_hidden()
        expect(curve.locator(".cell_output")).to_be_visible()
        for route in held:
            route.abort()
    assert len(held) == 1


def test_an_error_is_shown_as_an_error(lab: Visit) -> None:
    """A LabError is its sentence, another error the end of its traceback, and the page lives on."""
    curve = cell(lab, CURVE)
    type_in(
        curve,
        "from helpers.errors import LabError\nraise LabError('No <b>rng</b>.', remedy='Add.')",
    )
    error = curve.locator(".run-here-error pre")
    expect(error).to_have_text("No <b>rng</b>.\n→ Add.")
    expect(curve.get_by_text("This cell ended with an error.")).to_be_visible()
    type_in(curve, "one = 1\none / 0")
    expect(error).to_contain_text("line 2")
    expect(error).to_contain_text("ZeroDivisionError: division by zero")
    expect(curve.get_by_role("status")).to_have_text("Ended with an error.")
    curve.get_by_role("button", name="Reset").click()
    expect(run(curve).locator("figcaption")).to_contain_text("10.0 hashes/s")
    assert lab.faults == []


def test_results_are_labelled_and_announced(lab: Visit) -> None:
    """Both the stored and the new result say that a model made them; the new one is announced."""
    curve = cell(lab, CURVE)
    label = curve.locator(".lab-ribbon-simulated").locator("visible=true")
    expect(label).to_have_text("Simulated A model calculated this; nothing was measured.")
    result = run(curve)
    expect(label).to_contain_text("in your browser just now")
    assert result.locator("[aria-live=polite] figcaption").count() == 1
    assert result.locator("[aria-live=polite] .lab-figure-plot[aria-live=off]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_a_phone(lab: Visit, scheme: str) -> None:
    """With editor, error, result and figure open, axe finds nothing and the page is not wider."""
    numbers, curve = cell(lab, NUMBERS), cell(lab, CURVE)
    expect(run(curve).locator(".main-svg").first).to_be_visible()
    curve.get_by_role("button", name="Edit").click()
    type_in(numbers, f"print('{'long ' * 40}')\n1 / 0")
    ended(numbers, "no")
    lab.page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    wide = lab.page.evaluate("document.documentElement.scrollWidth")
    lab.page.add_script_tag(path=npm.package("axe-core") / "axe.min.js")
    found = lab.page.evaluate(
        "axe.run('.tag_run-here').then(({violations}) => violations.map("
        "({id, impact, nodes}) => [id, impact, nodes.map(node => node.html)]))"
    )
    lab.page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert wide == PHONE["width"]
    assert found == []


def test_a_figure_follows_the_switch_to_dark(lab: Visit) -> None:
    """The text of a figure made in the page has the page's colour, before and after."""
    ink = "getComputedStyle(document.body).color"
    tick = run(cell(lab, CURVE)).locator(".xtick text").first
    light = tick.evaluate("tick => getComputedStyle(tick).fill")
    assert light == lab.page.evaluate(ink)
    lab.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    lab.page.wait_for_function(f"{ink} !== '{light}'")
    expect(tick).to_have_css("fill", lab.page.evaluate(ink))
    lab.page.evaluate("document.documentElement.dataset.theme = 'light'")


def test_stop_ends_even_what_never_ends(lab: Visit) -> None:
    """`while True: pass` is stopped, the page says so, and the next run works."""
    curve = cell(lab, CURVE)
    run(curve)
    type_in(curve, "print('on and on')\nwhile True: pass")
    expect(curve.locator(".run-here-outputs")).to_have_text("on and on\n")
    curve.get_by_role("button", name="Stop").press("Enter")
    ended(curve, "stopped")
    expect(curve.get_by_role("status")).to_contain_text("Stopped.")
    type_in(curve, "1 + 1")
    expect(ended(curve).locator("pre")).to_have_text("2\n")


def test_a_flood_does_not_drown_the_page(lab: Visit) -> None:
    """Of a cell that prints without end the page keeps a part, says so, and can still stop it."""
    numbers = cell(lab, NUMBERS)
    type_in(numbers, "while True: print('x' * 100)")
    expect(numbers.locator(".run-here-note")).to_be_visible(timeout=PATIENCE)
    numbers.get_by_role("button", name="Stop").click()
    ended(numbers, "stopped")
    assert len(numbers.locator(".run-here-outputs").inner_text()) < 200_000


def test_without_scripts_nothing_of_it_is_seen(visit: Callable[..., Visit]) -> None:
    """Code and stored results are there, no button is."""
    with visit(f"{LAB}.html", java_script_enabled=False) as seen:
        curve = cell(seen, CURVE)
        expect(curve.locator(".lab-ribbon-simulated")).to_be_visible()
        expect(curve.get_by_text("10.0 hashes/s: rng is the limit").first).to_be_visible()
        assert curve.get_by_role("button").count() == 0
        expect(seen.page.locator("#run-here-file")).to_be_hidden()


def test_from_a_file_a_sentence_says_what_to_do(browser: Browser, built: Path) -> None:
    """Opened without a server, where browsers load no modules, there are no dead buttons."""
    page = browser.new_page()
    page.goto((built / f"{LAB}.html").as_uri())
    expect(page.get_by_text("To run cells in the page, serve the folder")).to_be_visible()
    assert page.get_by_role("button", name="Run in this page").count() == 0
    page.close()


def test_only_pages_with_such_cells_load_it(built: Path, visit: Callable[..., Visit]) -> None:
    """Elsewhere there is neither script nor style of it; of Python's files, what is needed."""
    found = []
    for page in pages(built):
        text = (built / page).read_text(encoding="utf-8")
        has = "tag_run-here" in text
        assert ("run-here/runhere.mjs" in text) == has, page
        assert ("run-here/run-here.css" in text) == has, page
        assert ("run-here-settings" in text) == has, page
        found += [page] if has else []
    assert set(found) >= {f"{LAB}.html", "intro.html"}
    (python,) = (built / "_static").glob("pyodide-*")
    assert {path.name for path in python.iterdir()} == set(page_python.FILES)
    assert len([*(built / "_static" / "run-here").glob("*.zip")]) == 1
