"""The engine stops in the middle of a notebook: one sentence, whatever a cell met first."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from helpers import paths
from tests.binder import seen
from tests.binder.engines import stoppable
from tools.notebooks.execute import environment

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine of its own"),
    # The SDK leaves sockets open that it could not connect.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
# The lab, the words of the cell after which its engine stops, and whether it is run once more
# on the engine started again: one says enough, and each takes a minute.
STOPS = [
    ("docker/010-run", "docker start {witness}", False),
    ("docker/020-images-and-layers", "-t {notes}", True),
    ("docker/080-dockercoins", "docker run -d --name {webui}", False),
]
CELL_TIMEOUT = 180  # seconds


@contextmanager
def kernel(lab: str, host: str, home: Path) -> Iterator[Callable[..., list[seen.Cell]]]:
    """A kernel at the notebook's place, and how to run all cells in it.

    host: DOCKER_HOST. The callable takes what to do after each cell, and returns the cells.
    """
    path = paths.BOOK / f"{lab}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    env = environment(paths.ROOT, "0000", home) | {"DOCKER_HOST": host}
    del env["LABS_RUN_ID"]  # each opening is a run of its own, as for a reader
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        allow_errors=True,
        force_raise_errors=False,
        resources=where,
    )

    def run_all(after: Callable[[seen.Cell], None] = lambda _cell: None) -> list[seen.Cell]:
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
            if cell.cell_type == "code":
                after(cell)
        return seen.code(notebook)

    with client.setup_kernel(env=env):
        yield run_all


@pytest.mark.parametrize(("lab", "words", "once_more"), STOPS, ids=[lab for lab, *_ in STOPS])
def test_stopped_engine_is_one_sentence(
    lab: str, words: str, once_more: bool, tmp_path: Path
) -> None:
    """Every later cell that needs it says so and what to do; run again, all is well."""
    with stoppable(tmp_path, lab) as own, kernel(lab, own.url, tmp_path / "home") as run_all:
        stopped_at: list[str] = []

        def stop(cell: seen.Cell) -> None:
            if words in seen.source(cell) and not stopped_at:
                assert own.left()
                own.stop()
                stopped_at.append(seen.source(cell))

        cells = run_all(stop)
        at = next(n for n, cell in enumerate(cells) if seen.source(cell) in stopped_at)
        assert not [seen.text(cell) for cell in cells[: at + 1] if seen.errors(cell)]
        look_at(cells[at + 1 :], own.url)

        if not once_more:
            return
        own.start()
        again = run_all()
        assert not [seen.text(cell) for cell in again if seen.errors(cell)]
        assert "Cleaned up." in seen.text(again[-1])
        assert own.left() == []  # of neither run


def lost(url: str) -> str:
    """Return what a reader is told when the engine at `url` has gone."""
    return (
        f"The container engine at {url} does not answer any more.\n"
        "→ Start it again (Docker Desktop, or on Linux `sudo systemctl start docker`), then run "
        "this notebook from the top."
    )


def look_at(cells: list[seen.Cell], url: str) -> None:
    """Assert what cells show that ran without the engine at `url`."""
    sentence = lost(url)
    assert seen.tracebacks(cells) == []
    told = [[seen.told(error) for error in seen.errors(cell)] for cell in cells]
    assert {error for errors in told for error in errors} == {sentence}
    assert max(map(len, told)) == 1
    for cell, errors in zip(cells, told, strict=True):
        if "runs-anywhere" in seen.tags(cell):
            assert not errors, seen.source(cell)
        if re.search(r"^\s*!docker", seen.source(cell), re.MULTILINE):
            assert errors, seen.source(cell)
