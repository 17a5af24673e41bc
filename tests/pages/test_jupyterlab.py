"""The reader's own door: JupyterLab opens each notebook, runs all cells, checks are met."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from helpers import paths
from tests.pages.jupyterlab import Lab, errors, run_all, texts

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]
NOTEBOOKS = sorted(str(path.relative_to(paths.ROOT)) for path in paths.BOOK.glob("*/*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs_in_jupyterlab(
    browser: Browser, jupyter: Lab, notebook: str, tmp_path: Path
) -> None:
    """Run All on a fresh page: no error, live, each exercise ends met, nothing is left."""
    context = browser.new_context(viewport={"width": 1400, "height": 1200})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    jupyter.open(page, notebook)
    run_all(page)
    page.screenshot(path=tmp_path / "notebook.png")
    assert errors(page) == []
    assert len(texts(page, ".lab-ribbon-live")) == 1
    results = texts(page, ".lab-check")
    met = [text for text in results if text.startswith("Met.")]
    assert met, results
    assert not [text for text in results if text.startswith("The check itself broke")]
    assert any("Cleaned up." in text for text in results), results
    foreign = [url for url in asked if url.startswith("http") and not url.startswith(jupyter.url)]
    assert foreign == []
    context.close()


def test_an_error_is_seen(browser: Browser, jupyter: Lab) -> None:
    """A cell that raises ends the run at once, and its error is found: the test above can fail."""
    broken = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        cells=[nbformat.v4.new_code_cell(source) for source in ("1 / 0", "print('not reached')")],
    )
    nbformat.write(broken, jupyter.folder / "broken.ipynb")
    context = browser.new_context()
    page = context.new_page()
    jupyter.open(page, "broken.ipynb")
    run_all(page)
    assert errors(page) == ["ZeroDivisionError: division by zero"]
    context.close()
