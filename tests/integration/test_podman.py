"""The lab's own Podman on this machine: nothing of it is left, not even after a crash."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from helpers.drivers import images, installs, podman
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.labs import cleaning, owner, scratch
from helpers.records.host import Engine
from helpers.records.podman import Store

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(
        not installs.there(installs.find("podman")), reason="Podman is not installed"
    ),
]
RUN = "9f9f"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The book's busybox, as Docker saves it."""
    engine = look_for_engine()
    assert isinstance(engine, Engine), engine
    archive = tmp_path / "busybox.tar"
    with closing(open_client(engine.endpoint)) as client:
        images.ensure(client, ["busybox"], images.show_progress())
        chunks = client.images.get(images.reference("busybox")).save(named=True)
        archive.write_bytes(b"".join(chunks))
    return archive


@pytest.fixture
def store() -> Iterator[Store]:
    """A Podman in the scratch folder of a run."""
    made = podman.open_store(scratch.make(RUN, owner.current()) / podman.FOLDER)
    yield made
    scratch.remove(RUN)


def traces(folder: Path) -> list[str]:
    """Return mounts below a folder and processes that mention it."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes().decode(errors="replace").replace("\0", " "))
        except OSError:
            continue
    return [line for line in lines if str(folder) in line]


def test_a_run_ends_with_nothing_left(store: Store, image: Path) -> None:
    """Running containers, a pod and an image go, with their mounts, processes and folder."""
    name = podman.load(store, [image.read_bytes()])
    podman.call(store, "run", "--detach", name, "sleep", "600")
    podman.call(store, "pod", "create", "--name", "pair")
    podman.call(store, "run", "--detach", "--pod", "pair", name, "sleep", "600")
    assert traces(store.folder)
    removal = scratch.remove(RUN)
    assert [removal.count(kind) for kind in ("container", "pod", "image")] == [2, 1, 1]
    assert not store.folder.exists()
    assert traces(store.folder) == []


def test_what_a_dead_run_left_is_swept(store: Store, image: Path) -> None:
    """The owner of a scratch folder is gone: its container ends, and the folder goes."""
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    whose = owner.of(gone.pid)
    gone.communicate(b"\n")
    (scratch.folder(RUN) / "owner").write_text(whose)
    podman.call(store, "run", "--detach", podman.load(store, [image.read_bytes()]), "sleep", "600")
    removal = cleaning.sweep(None)
    assert removal.count("container") == 1
    assert not scratch.folder(RUN).exists()
    assert traces(store.folder) == []
