"""Chromium for page tests (the machine's own, driven by Playwright), and the built book.

`site` is the URL of the real book, built once a run and served under a sub-path. `visit` opens
one of its pages and notes what it asks for and complains of:

    with visit("docker/010-run.html", viewport=PHONE) as seen:
        seen.page.get_by_role("button", name="Copy").first.click()
    assert not seen.foreign

With `-n 2` two processes share the tests. What is dear to make stays in one of them: all that
looks at every page, and all of a file. Labs in JupyterLab go to whoever has time; one that
measures the machine waits until it has it alone (tools/notebooks/quiet.py).
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from helpers import paths
from tests.pages.jupyterlab import Lab, started
from tests.pages.sweep import Sight, look_at
from tests.pages.visiting import PREFIX, Visit, build, pages
from tools.notebooks import quiet

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


class _Scheduling(LoadScopeScheduling):
    """What stays in one process; xdist's own groups do not hold with this version of pytest."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.endswith("test_jupyterlab.py"):
            return nodeid
        return "sights" if file.endswith(("site_look.py", "site_weight.py")) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """See above."""
    return _Scheduling(config, log)


@pytest.fixture(autouse=True)
def room(request: pytest.FixtureRequest) -> Iterator[None]:
    """A place among the others, or alone for a lab that measures the machine."""
    callspec = getattr(request.node, "callspec", None)
    lab = callspec.params.get("notebook") if callspec else None
    alone = bool(lab) and quiet.wanted(json.loads((paths.ROOT / lab).read_text(encoding="utf-8")))
    with quiet.place(alone=alone):
        yield


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
    with quiet.place(alone=False):
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
    with quiet.place(alone=False):
        return {page: look_at(page, built, visit) for page in pages(built)}
