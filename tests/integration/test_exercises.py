"""Every exercise there is, found by discovery and played on the real engine.

Its check fails before the solution, passes after it, and says Broken, not NotYet, when the
engine has gone.
"""

from __future__ import annotations

import gc
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import checks
from helpers.checks import Broken, Met, NotYet
from helpers.drivers import docker as objects
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine, probe
from helpers.labs import catalog, owner, session
from helpers.records.engine import Endpoint
from helpers.records.host import Engine

pytestmark = [
    pytest.mark.docker,
    # The SDK leaves sockets open that it could not connect.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
EXERCISES = sorted(checks.everything())


def test_there_are_exercises() -> None:
    """Discovery finds exercises, and every notebook on disk has at least one."""
    labs = {lab for lab, _ident in EXERCISES}
    notebooks = {
        str(path.relative_to(catalog.paths.BOOK).with_suffix(""))
        for path in catalog.paths.BOOK.glob("*/*.ipynb")
    }
    assert notebooks
    assert labs == notebooks


@contextmanager
def opened(lab: str, engine: Engine) -> Iterator[session.Session]:
    """A session outside a notebook, and the assurance that it leaves nothing."""
    here = session.Session(catalog.load(lab), session.new_run(), engine, owner.current())
    try:
        yield here
    finally:
        here.close()
    with closing(open_client(engine.endpoint)) as client:
        assert objects.lab_objects(client, run=here.run) == ()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Collect those sockets at once: later tests should not meet them."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def engine() -> Engine:
    found = look_for_engine()
    assert isinstance(found, Engine), found
    return found


@pytest.mark.parametrize(("lab", "ident"), EXERCISES, ids=["/".join(each) for each in EXERCISES])
def test_exercise_plays(
    lab: str, ident: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not met before its solution, met after, and again when it is set up anew."""
    exercise = checks.find(lab, ident)
    lacking = catalog.missing(catalog.load(lab).needs, probe())
    if lacking:
        pytest.skip(f"{lab} needs {lacking[0][0]}: {lacking[0][1].reason}")
    with relayed(engine) as (through_relay, cut), opened(lab, engine) as here:
        exercise.start(here)
        before = checks.run_check(exercise, here)
        assert isinstance(before, NotYet), before
        assert before.observed
        exercise.start(here)
        exercise.solve(here)
        after = checks.run_check(exercise, here)
        assert isinstance(after, Met), after
        looking = session.Session(here.lab, here.run, through_relay, owner.current())
        assert isinstance(checks.run_check(exercise, looking), Met)
        cut()
        with monkeypatch.context() as without:
            if {"podman", "lxc"} & set(here.lab.needs):  # which have no engine that could stop
                without.setenv("PATH", "/nonexistent")
            gone = checks.run_check(exercise, looking)
        looking.leave()
        assert isinstance(gone, Broken), gone
    assert exercise.hints
    assert all(hint.strip() for hint in exercise.hints)


@contextmanager
def relayed(engine: Engine) -> Iterator[tuple[Engine, threading.Event.set]]:
    """A way to the engine that can be cut: what a client sees when the engine stops."""
    if not engine.endpoint.url.startswith("unix://"):
        pytest.skip("the engine is not on a unix socket")
    folder = Path(tempfile.mkdtemp())
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "engine.sock"))
    listener.listen()
    wires: list[socket.socket] = [listener]
    target = engine.endpoint.url.removeprefix("unix://")

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _address = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(target)
                wires.extend([near, far])
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    def cut() -> None:
        for wire in wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield replace(engine, endpoint=Endpoint(f"unix://{folder}/engine.sock", "relay")), cut
    finally:
        cut()
        shutil.rmtree(folder)
