"""Sessions on the real engine: labels, names, clean-up, two at once, and after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import paths
from helpers.drivers import docker as objects
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.labs import catalog, cleaning, owner, scratch, session
from helpers.records.host import Engine
from helpers.records.lab import Lab
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker
LAB = Lab("tests/010-session", Path("x.ipynb"), ("docker",), ("busybox",), 1, "live")

# A reader's kernel in little: opens a session, makes one object of each kind by typing
# commands, tells its run, and waits.
KERNEL = """
import subprocess, sys
from pathlib import Path
from helpers.host import look_for_engine
from helpers.labs import session
from helpers.records.lab import Lab
lab = Lab("tests/010-session", Path("x.ipynb"), ("docker",), ("busybox",), 1, "live")
here = session.begin(lab, look_for_engine())
image = here.image("busybox")
def sh(command, **more):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, **more)
sh(f"docker network create {here.name('net')}")
sh(f"docker volume create {here.name('data')}")
sh(f"docker run -d --name {here.name('web')} --network {here.name('net')} {image} sleep 600")
sh(f"docker build -t {here.name('made')} -", input=f"FROM {image}\\nRUN touch /x\\n".encode())
print(here.run, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    found = look_for_engine()
    assert isinstance(found, Engine), found
    return found


@pytest.fixture
def client(engine: Engine):
    made = open_client(engine.endpoint)
    yield made
    made.close()


class Kernel:
    """A process that holds a session."""

    def __init__(self, **environ: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", KERNEL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=paths.ROOT,
            env={**os.environ, **environ},
        )
        assert self.process.stdout is not None
        self.run = self.process.stdout.readline().strip()
        assert self.run, "the session did not open"

    def end(self) -> None:
        self.process.communicate("\n", timeout=60)

    def crash(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=10)


@pytest.fixture
def kernel(client) -> Iterator[type[Kernel]]:
    started: list[Kernel] = []

    class Started(Kernel):
        def __init__(self, **environ: str) -> None:
            super().__init__(**environ)
            started.append(self)

    yield Started
    for each in started:
        if each.process.poll() is None:
            each.crash()
    cleaning.sweep(client)


def kinds(client, run: str) -> list[str]:
    return sorted({thing.kind for thing in objects.lab_objects(client, run=run)})


ALL = ["container", "image", "network", "volume"]


def test_typed_commands_are_labelled_and_removed_at_exit(client, kernel) -> None:
    """All that cells make bears the run's labels and goes when the kernel exits."""
    one = kernel()
    made = objects.lab_objects(client, run=one.run)
    assert sorted({thing.kind for thing in made}) == ALL
    assert {thing.lab for thing in made} == {LAB.ident}
    assert not any(owner.is_dead(thing.owner) for thing in made)
    one.end()
    assert kinds(client, one.run) == []
    assert not scratch.folder(one.run).exists()


def test_two_copies_do_not_collide(client, kernel) -> None:
    """The same lab twice at once: each has its own objects, and removes its own only."""
    one, two = kernel(), kernel()
    assert one.run != two.run
    one.end()
    assert kinds(client, one.run) == []
    assert kinds(client, two.run) == ALL


def test_crash_is_cleaned_by_the_next_sweep_and_spares_the_living(client, kernel) -> None:
    """After kill -9 `labs clean` removes the dead run's objects and no others."""
    dead, alive = kernel(), kernel()
    dead.crash()
    assert kinds(client, dead.run) == ALL
    done = subprocess.run(
        [sys.executable, "-m", "helpers.cli", "clean"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "1 container, 1 network, 1 volume, 1 image" in done.stdout
    assert kinds(client, dead.run) == []
    assert not scratch.folder(dead.run).exists()
    assert kinds(client, alive.run) == ALL


def test_retain_keeps_the_wreck(client, kernel) -> None:
    """RETAIN=1 leaves all for a look; `labs clean` removes it afterwards."""
    one = kernel(RETAIN="1")
    one.end()
    assert kinds(client, one.run) == ALL
    cleaning.sweep(client)
    assert kinds(client, one.run) == []


def test_clean_up_spares_what_is_not_ours(client, engine: Engine) -> None:
    """A container that a reader starts by hand from a base image survives every clean-up."""
    here = session.begin(LAB, engine)
    image = here.image("busybox")
    session.end()
    theirs = client.containers.run(image, "sleep 600", detach=True)
    try:
        cleaning.sweep(client, everything=False)
        theirs.reload()
        assert theirs.status == "running"
        assert theirs.id not in {thing.id for thing in objects.lab_objects(client)}
    finally:
        theirs.remove(force=True)


def test_ports_are_free_and_stay(engine: Engine) -> None:
    """A port asked for twice is the same, and another name gets another."""
    here = session.Session(LAB, "0000", engine, owner.current())
    assert here.port("web") == here.port("web") != here.port("other")


def test_opening_again_ends_the_run_before(client, engine: Engine) -> None:
    """Running a notebook's first cell again starts from nothing."""
    first = session.begin(LAB, engine)
    made = first.docker.containers.run(
        first.image("busybox"), "sleep 600", name=first.name("a"), labels=first.labels, detach=True
    )
    session.begin(LAB, engine)
    wait_until(lambda: kinds(client, first.run), lambda seen: seen == [], what="the first run gone")
    assert made.id not in {c.id for c in client.containers.list(all=True)}
    session.end()


def test_unknown_lab_is_a_sentence() -> None:
    """A misspelt lab names what is wrong."""
    with pytest.raises(catalog.BookError, match="no lab called docker/999-nothing"):
        catalog.load("docker/999-nothing")
