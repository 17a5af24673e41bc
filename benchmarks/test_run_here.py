"""Run in this page: what a first click takes and loads, and what a later one takes.

Chromium reads the real book from a server that packs as servers do, each first click with an
empty cache, and is timed from the click to the drawn figure. The model's own speed in the page
is a ratio: the same loop, timed by itself, in this Python.

    python -m pytest -q benchmarks/test_run_here.py --benchmark-only -s
"""

from __future__ import annotations

import gzip
import statistics
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from helpers.in_page import Cells
from tests.pages.conftest import CHROMIUM, FLAGS
from tests.pages.visiting import PREFIX, build
from tools.performance import judge

PAGE = "docker/080-dockercoins.html"
PACKED = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}
PACKED |= {".html": "text/html", ".css": "text/css", ".json": "application/json"}
CURVE = "const cell = [...document.querySelectorAll('.tag_run-here')].at(-1);"
# Timed in the page, so that the browser's driver is no part of it.
CLICK = f"""async () => {{ {CURVE}
    const start = performance.now();
    cell.querySelector('.run-here-buttons button').click();
    while (!cell.querySelector('.run-here-result .main-svg'))
        await new Promise((done) => setTimeout(done, 5));
    return (performance.now() - start) / 1000; }}"""
SLIDE = f"""async (value) => {{ {CURVE}
    const words = () => cell.querySelector('.run-here-result .lab-figure-words').textContent;
    const [start, before] = [performance.now(), words()];
    const slider = cell.querySelector('input[type=range]');
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
    while (words() === before) await new Promise((done) => setTimeout(done, 1));
    return (performance.now() - start) / 1000; }}"""
LOOP = """import time
from helpers.analysis import queueing
start = time.perf_counter()
for workers in range(1, 400):
    queueing.exponential(workers, 2)
print(time.perf_counter() - start)"""


@cache
def _body(file: Path) -> bytes:
    data = file.read_bytes()
    return gzip.compress(data, 6) if file.suffix in PACKED else data


class Server(ThreadingHTTPServer):
    """Serves the built book under a path, packed. sent: bytes of all answers' bodies."""

    def __init__(self, html: Path) -> None:
        self.html = html
        self.sent = 0
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    """One file of the book."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the file, gzipped where that is usual."""
        server: Any = self.server
        file = server.html / self.path.partition("?")[0].removeprefix(PREFIX)
        if not file.is_file():
            self.send_error(404)
            return
        body = _body(file)
        server.sent += len(body)
        self.send_response(200)
        kind = PACKED.get(file.suffix) or guess_type(file)[0] or "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        if file.suffix in PACKED:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.status == 0, done.stdout + done.stderr
    html = folder / "_build" / "html"
    for file in html.rglob("*"):  # packing is the server's work, not the click's
        if file.is_file():
            _body(file)
    with Server(html) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        with closing(playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)) as made:
            yield made


def fresh(browser: Browser, server: Server) -> Page:
    """Open the page with an empty cache, read it to the cell, and let its figures be drawn."""
    page = browser.new_context().new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}{PREFIX}{PAGE}", wait_until="networkidle")
    page.locator(".tag_run-here").last.scroll_into_view_if_needed()
    page.locator(".tag_run-here .main-svg").first.wait_for()
    page.wait_for_load_state("networkidle")
    return page


@pytest.mark.benchmark(group="run in this page")
def test_first_click(benchmark: Any, browser: Browser, server: Server) -> None:
    """From the first click to the figure: seconds in the page, and MB gzipped over the wire."""
    seconds, weights = [], []

    def click() -> None:
        with closing(fresh(browser, server).context) as context:
            before = server.sent
            seconds.append(context.pages[0].evaluate(CLICK))
            weights.append((server.sent - before) / 1e6)

    benchmark.pedantic(click, rounds=5)
    assert min(weights) > 1
    judge(benchmark, "first-weight", max(weights))
    judge(benchmark, "first-click", statistics.median(seconds))


@pytest.mark.benchmark(group="run in this page")
def test_later_clicks(benchmark: Any, browser: Browser, server: Server) -> None:
    """A slider moved: seconds until the new figure's words are there, and nothing fetched."""
    with closing(fresh(browser, server).context) as context:
        page = context.pages[0]
        page.evaluate(CLICK)
        before, seconds = server.sent, []
        values = iter([3, 17] * 10)
        move = lambda: seconds.append(page.evaluate(SLIDE, next(values)))  # noqa: E731
        benchmark.pedantic(move, rounds=20)
        assert server.sent == before
    judge(benchmark, "later-click", statistics.median(seconds))


@pytest.mark.benchmark(group="run in this page")
def test_speed_of_the_model(benchmark: Any, browser: Browser, server: Server) -> None:
    """The same loop in the page and in this Python, alternately: how many times slower it is."""
    said: list[str] = []
    cells = Cells(said.append)
    with closing(fresh(browser, server).context) as context:
        cell = context.pages[0].locator(".tag_run-here").last
        context.pages[0].evaluate(CLICK)
        cell.get_by_role("button", name="Edit").click()
        ratios = []

        def both() -> None:
            said.clear()
            cells.run(LOOP)
            native = float(said[0].partition('"text": "')[2].partition("\\n")[0])
            cell.get_by_role("textbox").fill(f"{LOOP}\n# {len(ratios)}")
            cell.get_by_role("textbox").press("Control+Enter")
            cell.page.wait_for_function(f"() => {{ {CURVE} return cell.dataset.ran === 'yes' }}")
            ratios.append(float(cell.locator(".run-here-stdout pre").inner_text()) / native)

        benchmark.pedantic(both, rounds=7)
    judge(benchmark, "page-python", statistics.median(ratios))
