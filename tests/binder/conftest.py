"""The book's image as Binder builds it, and a container of it as Binder would run it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.models.containers import Container

from helpers.command import run
from helpers.drivers.engine import find, open_client
from helpers.records import labels
from helpers.waiting import wait_until
from tools import binder

TOKEN = "page-test"
READER = Path(__file__).with_name("reader.py")
# How Binder starts JupyterLab: whatever the image has, by its python3, with arguments of its own.
START = (
    "import os, sys, jupyterlab.labapp; os.execvp('jupyter-lab', ['jupyter-lab', *sys.argv[1:]])"
)


# The last one lets tests ask JupyterLab whether a kernel is ready.
SETTINGS = (f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True")


@dataclass(frozen=True)
class Door:
    """A container of the image with JupyterLab in it. url: where that answers."""

    container: Container
    url: str

    def execute(self, notebook: str, more: list[str], *options: str) -> dict[str, Any]:
        """Run a notebook (its path in the book) and more cells in it; return what came out."""
        argv = ["docker", "exec", "-i", str(self.container.id), "python3", "-c", READER.read_text()]
        done = run([*argv, notebook, *options], stdin=json.dumps(more), timeout=600)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def says(self, *argv: str) -> str:
        """Return what a program in the container prints."""
        status, output = self.container.exec_run(list(argv))
        assert status == 0, output
        return str(output.decode())


@pytest.fixture(scope="session")
def client() -> Iterator[DockerClient]:
    """The machine's engine."""
    endpoint = find()
    assert endpoint is not None, "no engine answers"
    with closing(open_client(endpoint)) as made:
        yield made


@pytest.fixture(scope="session")
def image() -> str:
    """The id of the image, built from the working tree by repo2docker."""
    return binder.build()


@pytest.fixture(scope="session")
def door(client: DockerClient, image: str) -> Iterator[Door]:
    """JupyterLab on Binder, once for all tests."""
    with opened(client, image) as made:
        yield made


@contextmanager
def opened(client: DockerClient, image: str) -> Iterator[Door]:
    """JupyterLab in a container that may do nothing a container need not."""
    container = client.containers.run(
        image,
        ["python3", "-c", START, "--ip=0.0.0.0", "--port=8888", *SETTINGS],
        name=f"caas-book-binder-{secrets.token_hex(2)}",
        labels={labels.PROJECT: labels.PROJECT_VALUE, labels.ROLE: "test"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ports={"8888/tcp": ("127.0.0.1", None)},
        detach=True,
    )
    try:
        wait_until(lambda: port_of(container), what="the container's port", seconds=30)
        url = f"http://127.0.0.1:{port_of(container)}"
        wait_until(lambda: answers(url), what="JupyterLab on Binder", seconds=60, every=0.1)
        yield Door(container, url)
    finally:
        container.remove(force=True, v=True)


def port_of(container: Container) -> str:
    """Return the port of 127.0.0.1 where JupyterLab is published."""
    container.reload()
    bound = container.ports.get("8888/tcp") or []
    return str(bound[0]["HostPort"]) if bound else ""


def answers(url: str) -> bool:
    """Tell whether JupyterLab's page is there."""
    import requests

    try:
        with requests.get(f"{url}/lab", params={"token": TOKEN}, timeout=5) as response:
            return response.ok
    except requests.RequestException:
        return False
