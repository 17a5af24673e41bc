"""JupyterLab on a copy of the book, as a reader has it, and a page of Chromium's in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from helpers import paths
from helpers.waiting import wait_until

TOKEN = "page-test"
LONGEST = 8 * 60  # seconds: the longest notebook measures for minutes

# JupyterLab paints "idle" before a kernel is attached, and Run All then only clears the prompts:
# on a slow machine the first notebook ran nothing. So ask the session itself.
KERNEL_IS_IDLE = """() =>
    window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""
# From the notebook itself: JupyterLab draws errors like any text on stderr.
ERRORS = """() =>
    [...window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells]
        .filter(cell => cell.cell_type === 'code')
        .flatMap(cell => cell.getOutputs())
        .filter(output => output.output_type === 'error')
        .map(output => `${output.ename}: ${output.evalue}`)"""
# From the notebook itself, too: of a long notebook JupyterLab draws what is near the view, and the
# prompts on the page were at times those of a part.
NOT_RUN = """() =>
    [...window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells]
        .filter(cell => cell.cell_type === 'code' && cell.source.trim())
        .filter(cell => cell.execution_count === null || cell.executionState === 'running')
        .length"""
SHOWN = """() =>
    [...window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells]
        .filter(cell => cell.cell_type === 'code')
        .flatMap(cell => cell.getOutputs())
        .map(output => [output.data?.['text/html'] ?? []].flat().join(''))
        .join('')"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab. folder: what it serves, a copy of the book."""

    url: str
    folder: Path

    def open(self, page: Page, notebook: str) -> Locator:
        """Open a notebook (its path in the folder) and wait for its kernel; return its panel."""
        # A workspace of its own: while the tabs of an earlier test come back, Run All does nothing.
        workspace = uuid4().hex
        page.goto(f"{self.url}/lab/workspaces/{workspace}/tree/{notebook}?token={TOKEN}")
        panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(panel.locator(".jp-CodeCell").first).to_be_visible(timeout=60_000)
        page.wait_for_function(KERNEL_IS_IDLE, timeout=120_000)
        return panel


@contextmanager
def started(folder: Path) -> Iterator[Lab]:
    """Copy the book into `folder` and serve it there: what is saved changes nothing here."""
    for part in ("book", "labs"):
        shutil.copytree(paths.ROOT / part, folder / part)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "jupyter.log").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}"),
            *(f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"),
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LABS_BOOK": str(folder), "JUPYTER_CONFIG_DIR": str(folder / "config")},
    )
    try:
        wait_until(lambda: _listening(port), what="JupyterLab to listen", seconds=180)
        yield Lab(f"http://127.0.0.1:{port}", folder)
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _listening(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def errors(page: Page) -> list[str]:
    """Return the errors under the open notebook's cells, as `Name: what was said`."""
    found: list[str] = page.evaluate(ERRORS)
    return found


def shown(page: Page) -> str:
    """Return the HTML that the open notebook's cells hold as outputs, drawn or not."""
    found: str = page.evaluate(SHOWN)
    return found


def texts(page: Page, selector: str) -> list[str]:
    """Return the texts of what a CSS selector finds in the cells' outputs, drawn or not."""
    found: list[str] = page.evaluate(
        """([html, selector]) =>
            [...new DOMParser().parseFromString(html, 'text/html').querySelectorAll(selector)]
                .map(each => each.textContent.trim())""",
        [shown(page), selector],
    )
    return found


def bring(view: Locator) -> None:
    """Scroll until `view` stays in sight: after a run JupyterLab goes to the last cell, in time."""
    where = "view => { const { top, bottom } = view.getBoundingClientRect();"
    inside = f"{where} return bottom > 60 && top < innerHeight - 60; }}"
    stayed = 0

    def stays() -> bool:
        nonlocal stayed
        stayed = stayed + 1 if view.evaluate(inside) else 0
        if not stayed:
            view.scroll_into_view_if_needed()
        return stayed > 3

    wait_until(stays, what="JupyterLab to stay at the widget", seconds=30, every=0.25)


def run_all(page: Page) -> None:
    """Clear what is stored, run all cells, wait until none is waiting or an error ended it."""
    for menu, item in (("Edit", "Clear Outputs of All Cells"), ("Run", "Run All Cells")):
        page.get_by_role("menuitem", name=menu, exact=True).click()
        page.get_by_role("menuitem", name=item, exact=True).click()
    wait_until(
        lambda: (page.evaluate(NOT_RUN), errors(page)),
        lambda seen: bool(seen[1]) or not seen[0],
        what="every cell to have run",
        seconds=LONGEST,
        every=1,
    )
