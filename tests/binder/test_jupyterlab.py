"""JupyterLab as a reader sees it: on Binder, and at home when the engine stops."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from helpers.waiting import wait_until
from tests.binder import seen
from tests.binder.conftest import TOKEN, Door
from tests.binder.engines import stoppable
from tests.binder.test_engine_stops import lost
from tests.pages import jupyterlab
from tests.pages.conftest import CHROMIUM, FLAGS

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]
NOTEBOOK = "book/docker/020-images-and-layers.ipynb"
# What the notebook holds. Drawn, an error looks like any other text on stderr.
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page."""
    context = browser.new_context(viewport={"width": 1400, "height": 1200})
    yield context.new_page()
    context.close()


def errors(page: Page) -> list[str]:
    """Return the errors under the cells of the open notebook, as they are shown."""
    cells = seen.code(page.evaluate(CELLS))
    return [seen.told(error) for cell in cells for error in seen.errors(cell)]


def test_notebook_on_binder(door: Door, page: Page, tmp_path: Path) -> None:
    """Outputs cleared, Run All: every cell runs to the end, under ribbons, without an error."""
    assert jupyterlab.TOKEN == TOKEN
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    jupyterlab.Lab(door.url, tmp_path).open(page, NOTEBOOK)
    jupyterlab.run_all(page)
    page.screenshot(path=tmp_path / "binder.png")
    assert errors(page) == []
    outputs = jupyterlab.shown(page)
    assert outputs.count("lab-ribbon-live") == 0
    assert outputs.count("lab-ribbon-recorded") > 20
    foreign = [url for url in asked if url.startswith("http") and not url.startswith(door.url)]
    assert foreign == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine of its own")
def test_engine_stops_at_home(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run All stops at one error, which is the sentence alone."""
    with stoppable(tmp_path, "docker/020-images-and-layers") as own:
        monkeypatch.setenv("DOCKER_HOST", own.url)
        with jupyterlab.started(tmp_path / "home") as lab:
            panel = lab.open(page, NOTEBOOK)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            wait_until(
                lambda: [name for name in own.left() if "notes" in name],
                what="the lab's first image",
                seconds=120,
            )
            own.stop()
            (told,) = wait_until(lambda: errors(page), what="an error", seconds=120)
            assert told == lost(own.url)
            expect(panel.get_by_text("does not answer any more")).to_be_visible()
            page.screenshot(path=tmp_path / "stopped.png")
