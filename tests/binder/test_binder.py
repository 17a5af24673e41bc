"""The book on Binder: no engine, no root, no capability; every page answers and says how."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import requests
from docker import DockerClient

from helpers import paths
from helpers.labs.recording import is_ribbon, outputs_digest
from tests.binder import seen
from tests.binder.conftest import TOKEN, Door

pytestmark = [pytest.mark.docker, pytest.mark.slow]
NOTEBOOKS = sorted(str(path.relative_to(paths.ROOT)) for path in paths.BOOK.glob("*/*.ipynb"))
LARGEST = 1_200_000_000  # bytes
REFUSED = (
    "This cell is not the book's, so no recording answers it; to run it needs docker: "
    "Binder has no container engine.\n"
    "→ On your own machine `make start` runs this lab live."
)


@cache
def stored(notebook: str) -> dict[str, Any]:
    """Return a notebook as it lies in the repository."""
    found: dict[str, Any] = json.loads((paths.ROOT / notebook).read_text(encoding="utf-8"))
    return found


def edited(notebook: str) -> list[str]:
    """Return the recorded cells of a notebook, each with a line of the reader's own."""
    _opening, *cells = seen.code(stored(notebook))
    own = [seen.source(cell) for cell in cells if "runs-anywhere" not in seen.tags(cell)]
    return [f"{source}\n# and mine" for source in own]


def test_image_is_small_and_an_ordinary_users(client: DockerClient, image: str, door: Door) -> None:
    """At most 1.2 GB; uid 1000, no capability, no way to an engine."""
    assert client.images.get(image).attrs["Size"] <= LARGEST
    assert door.says("id", "-u").strip() == "1000"
    status = door.says("cat", "/proc/1/status")
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert door.says("sh", "-c", "command -v docker || ls /var/run/docker.sock || true") == (
        "ls: cannot access '/var/run/docker.sock': No such file or directory\n"
    )


def test_build_leaves_no_word_of_the_machine_it_ran_on(door: Door) -> None:
    """No index, certificate or proxy of the building machine is in the image."""
    assert door.says("sh", "-c", "ls -A /run/secrets") == ""
    assert door.says("pip", "config", "list").strip() == ""
    assert door.says("sh", "-c", "find /etc /opt /home /root -name pip.conf 2>&-; true") == ""
    variables = {line.partition("=")[0].lower() for line in door.says("env").splitlines()}
    assert not {name for name in variables if name.endswith("_proxy") or "pip" in name}


def test_jupyterlab_opens_on_the_book(door: Door) -> None:
    """Binder's own way to start it leads to the front page."""
    with requests.get(f"{door.url}/", params={"token": TOKEN}, timeout=30) as response:
        assert response.url.startswith(f"{door.url}/lab/tree/book/intro.md")
        assert response.ok


@pytest.mark.parametrize("options", [(), ("--cleared",)], ids=["as it is", "cleared and saved"])
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_cell_answers(door: Door, notebook: str, options: tuple[str, ...]) -> None:
    """Recorded cells show their recording, the others run, edited ones are politely refused."""
    mine = edited(notebook)
    opening, *cells = seen.code(door.execute(notebook, mine, *options))
    assert seen.tracebacks([opening, *cells]) == []
    assert "Recorded on" in seen.text(opening)
    assert "Binder has no container engine" in seen.text(opening)
    book, own = cells[: -len(mine)], cells[-len(mine) :]
    for cell, before in zip(book, seen.code(stored(notebook))[1:], strict=True):
        look_at(cell, before)
    refusals = [cell for cell in own if refused(cell)]
    assert len([cell for cell in own if "docker" in seen.source(cell)]) <= len(refusals)
    assert not [seen.text(cell) for cell in own if cell not in refusals and seen.errors(cell)]


def look_at(cell: seen.Cell, before: seen.Cell) -> None:
    """Assert that a cell of the book was answered. before: the same cell in the repository."""
    assert not seen.errors(cell), seen.text(cell)
    ribbons = [output for output in cell["outputs"] if is_ribbon(output)]
    if "runs-anywhere" in seen.tags(cell):
        assert bool(cell["outputs"]) == bool(before["outputs"]), seen.source(cell)
        assert not ribbons
    else:
        assert outputs_digest(cell["outputs"]) == outputs_digest(before["outputs"])
        assert len(ribbons) == bool(before["outputs"]), seen.source(cell)


def refused(cell: seen.Cell) -> bool:
    """Tell whether a cell was answered by the one sentence, and nothing else."""
    return bool(cell["outputs"]) and [seen.told(error) for error in seen.errors(cell)] == [REFUSED]
