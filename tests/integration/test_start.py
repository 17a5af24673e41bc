"""`make start` as a reader meets it, on a copy of the book and without an engine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from helpers.drivers.background import alive
from helpers.waiting import wait_until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
START = [sys.executable, "-m", "tools.start"]
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Started:
    """A running `make start`: its process, what it printed, its environment."""

    process: psutil.Popen
    log: Path
    env: dict[str, str]

    @property
    def url(self) -> str:
        return self.log.read_text().splitlines()[-1]

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(self.process.pid), *self.process.children(recursive=True)]


@contextmanager
def start(folder: Path) -> Iterator[Started]:
    """Start on a copy of the book in `folder`; end it like Ctrl-C does."""
    (folder / "book").mkdir(parents=True, exist_ok=True)
    (folder / "book" / "intro.md").write_text("# A book\n")
    env = {
        **os.environ,
        "LABS_BOOK": str(folder),
        "LABS_ENGINE": "none",
        "NO_BROWSER": "1",
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
    }
    log = folder / "start.log"
    with log.open("w") as out:
        process = psutil.Popen(START, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "?token=" in log.read_text(), what="the URL", seconds=60)
        yield Started(process, log, env)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """One `make start` for the tests that only look."""
    with start(tmp_path_factory.mktemp("book")) as running:
        yield running


def fetch(url: str) -> str:
    with LOCAL.open(url, timeout=10) as response:
        return str(response.read().decode())


def test_the_last_line_opens_the_book(started: Started) -> None:
    """The URL leads to JupyterLab with book/intro in front; the token is part of it."""
    base, _mark, token = started.url.partition("?token=")
    assert base.startswith("http://127.0.0.1:")
    assert base.endswith("/lab/tree/book/intro.md")
    assert len(token) >= 32
    assert "<title>JupyterLab</title>" in fetch(started.url)


def test_without_an_engine_it_says_so_and_goes_on(started: Started) -> None:
    """The book opens all the same."""
    text = started.log.read_text()
    assert "No container engine answers" in text
    assert "The book opens all the same" in text


def test_nobody_enters_without_the_token(started: Started) -> None:
    """Other users of the machine reach the port, but not the notebooks."""
    api = started.url.split("/lab/")[0] + "/api/contents"
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(api)
    refused.value.close()
    assert refused.value.code == 403


def test_it_listens_on_this_machine_only(started: Started) -> None:
    """Every port that it opened is on 127.0.0.1."""
    listening = [
        connection.laddr.ip
        for process in started.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


def test_markdown_opens_rendered(started: Started) -> None:
    """Our settings reach JupyterLab from the project's folder, not from the reader's home."""
    base, _mark, token = started.url.partition("?token=")
    name = "@jupyterlab/docmanager-extension:plugin"
    url = f"{base.split('/lab/')[0]}/lab/api/settings/{name}?token={token}"
    viewers = json.loads(fetch(url))["schema"]["properties"]["defaultViewers"]
    assert viewers["default"] == {"markdown": "Markdown Preview"}


def test_a_second_start_finds_the_first(started: Started) -> None:
    """No second server for the same folder: the same URL once more."""
    again = subprocess.run(
        START, cwd=ROOT, env=started.env, capture_output=True, text=True, timeout=60
    )
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == started.url


def test_a_taken_port_is_passed_over(tmp_path: Path, started: Started) -> None:
    """Whoever holds 8888, the URL names a port on which this book answers."""
    with socket.socket() as holder:
        if holder.connect_ex(("127.0.0.1", 8888)) != 0:
            holder.bind(("127.0.0.1", 8888))
        with start(tmp_path) as other:
            assert not other.url.startswith("http://127.0.0.1:8888/")
            assert other.url.split("/lab/")[0] != started.url.split("/lab/")[0]
            assert "<title>JupyterLab</title>" in fetch(other.url)


def test_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    """Neither JupyterLab nor anything that it started stays behind, and the status is good."""
    with start(tmp_path) as running:
        processes = running.processes()
        assert len(processes) > 1
    assert not any(alive(process) for process in processes)
    assert running.process.returncode == 0
    assert "JupyterLab is closed" in running.log.read_text()
