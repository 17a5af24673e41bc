"""Chromium for page tests (the machine's own, driven by Playwright), and the built book.

`site` is the URL of the real book, built once a run and served under a sub-path. `visit` opens
one of its pages and notes what it asks for and complains of:

    with visit("docker/010-run.html", viewport=PHONE) as seen:
        seen.page.get_by_role("button", name="Copy").first.click()
    assert not seen.foreign
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.jupyterlab import Lab, started
from tests.pages.sweep import Sight, look_at
from tests.pages.visiting import PREFIX, Visit, build, pages

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
# As root Chromium refuses its own sandbox; the rest keeps it from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the whole run."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the real book's pages, built once a run with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.status == 0, done.stderr
    return folder / "_build" / "html"


class _Files(SimpleHTTPRequestHandler):
    """Serves a folder under PREFIX, and nothing beside it."""

    extensions_map = {  # noqa: RUF012 (the base class has it so)
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def send_head(self) -> Any:
        """Answer 404 outside the prefix, else as the base class does."""
        if not self.path.startswith(PREFIX):
            self.send_error(404)
            return None
        self.path = self.path.removeprefix(PREFIX.rstrip("/"))
        return super().send_head()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what a page asks for is noted by its visit."""


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[str]:
    """The base URL of the real book, served on a free port of 127.0.0.1 under /book/."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(built)))
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture(scope="session")
def visit(browser: Browser, built: Path, site: str) -> Callable[..., Visit]:
    """Open a page of the real book: `visit("intro.html", color_scheme="dark")`."""
    return partial(Visit, browser, built, site)


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the book, started once a run."""
    with started(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def sights(built: Path, visit: Callable[..., Visit]) -> dict[str, Sight]:
    """What every page of the real book shows when it is looked at from all sides."""
    return {page: look_at(page, built, visit) for page in pages(built)}
