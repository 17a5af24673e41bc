"""The layer explorer with 10,000 files against 100: each key of a filter, each step of scrolling.

Rows exist only while they are in view, so scrolling should cost the same; a filter looks at
every name, and should still cost little more than drawing the rows. Times are of Chromium's
own work (scripts and layout), for ten keys and for ten steps; the figure is the ratio. Noted
beside it: the bytes of the state, plain and gzipped.
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from helpers.records.layers import FileEntry, ImageStack, Layer
from helpers.views import layer_explorer as explorer
from helpers.views import live
from tools.performance import judge

SITE = "http://127.0.0.1:9/"  # nothing listens there
SIZES = (100, 10_000)
PAGE = """<!doctype html><meta charset="utf-8"><div id="widget"></div><script type="module">
import { StoredModel } from "./page.mjs";
import widget from "./layers.mjs";
const model = new StoredModel(await (await fetch("state.json")).json());
// Frames at once, and only when asked for: what is timed is the work, not the wait for it.
window.requestAnimationFrame = (draw) => (draw(), 0);
widget.render({ model, el: document.getElementById("widget") });
document.body.dataset.ready = "yes";
</script>"""
KEYSTROKES = """() => {
  const field = document.querySelector('.lab-l input[type=search]');
  for (const text of ['f', 'fi', 'fil', 'file', 'file-', 'file-7', 'file-70', 'file-7', 'f', '']) {
    field.value = text;
    field.dispatchEvent(new Event('input'));
    document.querySelector('.lab-l-tree').getBoundingClientRect();
  }
}"""
SCROLLING = """() => {
  const tree = document.querySelector('.lab-l-tree');
  for (let step = 1; step <= 10; step++) {
    tree.scrollTop = step * 90;
    tree.dispatchEvent(new Event('scroll'));
    tree.getBoundingClientRect();
  }
}"""
# Timed in the page, so that the browser's driver is no part of it.
TIMED = """(work) => {
  const start = performance.now();
  eval(work)();
  return performance.now() - start;
}"""
ROUNDS = 7
WORK = {"keys": KEYSTROKES, "scrolling": SCROLLING}


def image(files: int) -> ImageStack:
    """Return an image of two layers: `files` files, a hundredth of them replaced."""
    paths = [f"/srv/d{n // 100}/part-{n % 7}/file-{n}" for n in range(files)]
    first = [FileEntry(path, "file", 1000 + n, inode=n + 1) for n, path in enumerate(paths)]
    second = [FileEntry(path, "file", 7, inode=n + 1) for n, path in enumerate(paths[::100])]
    layers = (Layer(1, "1", "COPY", tuple(first)), Layer(2, "2", "RUN", tuple(second)))
    return ImageStack("measured", layers)


def model(files: int) -> dict[str, Any]:
    """Return what a page stores of the explorer of such an image."""
    made = image(files)
    state, texts = explorer.state(made), explorer.texts()
    return {"title": "", "level": "simulated", "state": state, "texts": texts, "colours": {}}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of Chromium's that gets the widgets' modules from us."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        yield browser.new_page()
        browser.close()


def opened(page: Page, stored: str) -> None:
    """Show the explorer with all directories open."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(SITE)
        if not name:
            route.fulfill(body=PAGE, content_type="text/html")
        elif name == "state.json":
            route.fulfill(body=stored, content_type="application/json")
        elif (live.FOLDER / name).is_file():
            route.fulfill(path=live.FOLDER / name, content_type="text/javascript")
        else:
            route.fulfill(status=404)

    page.unroute_all()
    page.route("**/*", answer)
    page.goto(SITE)
    page.locator("body[data-ready]").wait_for()


@pytest.mark.parametrize("what", ["keys", "scrolling"])
def test_it_does_not_stutter(benchmark: Any, page: Page, what: str) -> None:
    """Ten keys of a filter, or ten steps of scrolling, cost little more with 10,000 files."""
    few, many = (json.dumps(model(files), separators=(",", ":")) for files in SIZES)
    seconds: dict[str, list[float]] = {few: [], many: []}

    def both() -> None:
        for stored, times in seconds.items():
            opened(page, stored)
            if what == "scrolling":  # a filter that leaves all opens every directory
                page.locator(".lab-l input[type=search]").fill("/")
            page.evaluate(WORK[what])  # the first time the browser compiles
            times += [page.evaluate(TIMED, WORK[what]) for _round in range(ROUNDS)]

    benchmark.group = f"layer explorer: {what}"
    benchmark.extra_info["bytes"] = len(many)
    benchmark.extra_info["gzipped"] = len(gzip.compress(many.encode()))
    benchmark.pedantic(both, rounds=3)
    assert page.locator("[role=treeitem]").count() < 60
    small, large = (statistics.median(times) / 10 for times in seconds.values())
    told = (f"{large:.1f} ms", f"{small:.1f} ms")
    judge(benchmark, f"layers-{what}", large / small, *told)
