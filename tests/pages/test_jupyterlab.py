"""The reader's own door: JupyterLab opens each notebook, runs all cells, checks are met."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from helpers import paths
from helpers.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]
NOTEBOOKS = sorted(str(path.relative_to(paths.ROOT)) for path in paths.BOOK.glob("*/*.ipynb"))
TOKEN = "page-test"
LONGEST = 8 * 60  # seconds: the longest notebook measures for minutes


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of the book, so that what it saves changes nothing here."""
    copy = tmp_path_factory.mktemp("book")
    for part in ("book", "labs"):
        shutil.copytree(paths.ROOT / part, copy / part)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (copy / "jupyter.log").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}"),
            *(f"--ServerApp.root_dir={copy}", "--LabApp.expose_app_in_browser=True"),
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LABS_BOOK": str(copy), "JUPYTER_CONFIG_DIR": str(copy / "config")},
    )
    try:
        wait_until(lambda: listening(port), what="JupyterLab to listen", seconds=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def listening(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# JupyterLab paints "idle" before a kernel is attached, and Run All then only clears the prompts:
# on a slow machine the first notebook ran nothing. So ask the session itself.
KERNEL_IS_IDLE = """() =>
    window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""
PROMPTS = """() => {
    const panel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)');
    return [...panel.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .map(prompt => prompt.textContent.trim());
}"""


def run_all(page: Page) -> None:
    """Clear what is stored, run all cells, wait until none is waiting or running."""
    for menu, item in (("Edit", "Clear Outputs of All Cells"), ("Run", "Run All Cells")):
        page.get_by_role("menuitem", name=menu, exact=True).click()
        page.get_by_role("menuitem", name=item, exact=True).click()
    wait_until(
        lambda: page.evaluate(PROMPTS),
        lambda prompts: bool(prompts) and all(re.fullmatch(r"\[\d+\]:", p) for p in prompts),
        what="every cell to have run",
        seconds=LONGEST,
        every=1,
    )


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs_in_jupyterlab(
    browser: Browser, jupyter: str, notebook: str, tmp_path: Path
) -> None:
    """Run All on a fresh page: no error, live, each exercise ends met, nothing is left."""
    context = browser.new_context(viewport={"width": 1400, "height": 1200})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{jupyter}/lab/tree/{notebook}?token={TOKEN}")
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(panel.locator(".jp-CodeCell").first).to_be_visible(timeout=60_000)
    page.wait_for_function(KERNEL_IS_IDLE, timeout=120_000)
    run_all(page)
    page.screenshot(path=tmp_path / "notebook.png")
    # The text in the document, not the text drawn: JupyterLab draws only what is in view.
    errors = panel.locator("[data-mime-type='application/vnd.jupyter.error']").all_text_contents()
    assert errors == []
    assert panel.locator(".lab-ribbon-live").count() == 1
    results = panel.locator(".lab-check").all_text_contents()
    met = [text for text in results if text.startswith("Met.")]
    assert met, results
    assert not [text for text in results if text.startswith("The check itself broke")]
    assert any("Cleaned up." in text for text in results), results
    foreign = [url for url in asked if url.startswith("http") and not url.startswith(jupyter)]
    assert foreign == []
    context.close()
