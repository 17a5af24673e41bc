"""A real Jupyter kernel: the first cell, clean-up at restart, and the recorded door."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager, start_new_kernel
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers import paths
from helpers.drivers import docker as objects
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.labs.recording import outputs_digest, source_digest
from helpers.records.host import Engine
from helpers.waiting import wait_until

OPEN = 'from helpers import lab\n\nhere = lab("docker/010-run")'
RUN = '!docker run -d --name {here.name("web")} {here.image("busybox")} sleep 600'
STORED = "this came from the recording\n"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of one small lab, with a recorded answer for its second cell."""
    output = new_output("stream", name="stdout", text=STORED)
    cell = new_code_cell(RUN, outputs=[output])
    cell.metadata["recorded"] = {
        "source": source_digest(RUN),
        "outputs": outputs_digest([output]),
    }
    made = new_notebook(
        cells=[new_code_cell(OPEN), cell, new_code_cell("here.clean_up()")],
        metadata={
            "labs": {"needs": ["docker"], "images": ["busybox"], "minutes": 1},
            "provenance": {"date": "2026-11-23", "engine": "Docker 28.5.2"},
        },
    )
    folder = tmp_path / "book" / "docker"
    folder.mkdir(parents=True)
    nbformat.write(made, folder / "010-run.ipynb")
    (tmp_path / "labs").symlink_to(paths.LABS)
    monkeypatch.setenv("LABS_BOOK", str(tmp_path))
    return tmp_path


class Kernel:
    """A kernel and what it says."""

    def __init__(self) -> None:
        self.manager: KernelManager
        self.manager, self.client = start_new_kernel(kernel_name="python3", env=dict(os.environ))

    def say(self, source: str) -> str:
        """Run a cell and return all text it shows, errors included."""
        shown: list[str] = []

        def hear(message: dict) -> None:
            content = message["content"]
            kind = message["msg_type"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind in ("display_data", "execute_result"):
                shown.append(content["data"].get("text/plain", ""))
            elif kind == "error":
                shown.append("\n".join(content["traceback"]))

        self.client.execute_interactive(source, output_hook=hear, timeout=120)
        return "\n".join(shown)

    def restart(self) -> None:
        self.client.stop_channels()
        self.manager.restart_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()


@pytest.fixture
def kernel(book: Path) -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.stop()


def count(run: str) -> int:
    engine = look_for_engine()
    assert isinstance(engine, Engine)
    client = open_client(engine.endpoint)
    try:
        return len(objects.lab_objects(client, run=run))
    finally:
        client.close()


@pytest.mark.docker
def test_restart_leaves_nothing(kernel: Kernel) -> None:
    """Restarting the kernel in mid-lab removes what the lab made."""
    assert "Live on" in kernel.say(OPEN)
    kernel.say(RUN)
    run = kernel.say("print(here.run)").strip()
    assert count(run) == 1
    kernel.restart()
    wait_until(lambda: count(run), lambda n: n == 0, what="the run's objects gone", seconds=30)


@pytest.mark.docker
def test_from_the_top_twice(kernel: Kernel) -> None:
    """A notebook runs from the top twice in one kernel, and says what it removed."""
    for _time in range(2):
        assert "Live on" in kernel.say(OPEN)
        kernel.say(RUN)
        run = kernel.say("print(here.run)").strip()
        assert count(run) == 1
        assert "Removed 1 container." in kernel.say("here.clean_up()")
        assert count(run) == 0


def test_recorded_door(kernel: Kernel) -> None:
    """Without an engine: the ribbon, the recording for the book's cell, a refusal for others."""
    kernel.say("import os; os.environ['LABS_ENGINE'] = 'none'")
    first = kernel.say(OPEN)
    assert first.startswith("Recorded on 2026-11-23 with Docker 28.5.2")
    answered = kernel.say(RUN)
    assert STORED in answered
    assert "Recorded on" in answered
    refused = kernel.say(RUN.replace("600", "601"))
    assert STORED not in refused
    assert "This cell is not the book's" in refused
    assert "Traceback" not in refused
    assert kernel.say("print(6 * 7)") == "42\n"


def test_error_of_ours_is_no_traceback(kernel: Kernel) -> None:
    """A reader's slip gives a sentence and a remedy, not our call stack."""
    shown = kernel.say('from helpers import lab\nlab("docker/999")')
    assert shown.splitlines()[0] == "The book has no lab called docker/999."
    assert "Traceback" not in shown
    assert json.dumps(shown).count("\\u001b") == 0
