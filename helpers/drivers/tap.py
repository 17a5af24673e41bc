"""A second door to the engine that notes who asks what, and passes every byte on.

A client reaches it as any engine: `DOCKER_HOST=unix:///…/tap.sock docker ps`. What was heard is
also in a file beside the socket, for those who look from another process.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from helpers.analysis import engine_calls
from helpers.errors import LabError
from helpers.records.engine import Endpoint
from helpers.records.engine_calls import EngineCall
from helpers.text import _

CHUNK: Final = 1 << 16
LONGEST_HEAD: Final = 1 << 18  # bytes of a request's head; more is none
PATIENCE: Final = 5  # seconds to reach the engine


def dial(endpoint: Endpoint) -> socket.socket:
    """Connect to an engine. Raises LabError where plain sockets do not lead there."""
    kind, _mark, where = endpoint.url.partition("://")
    if kind == "unix":
        door = socket.socket(socket.AF_UNIX)
        try:
            door.connect(where)
        except OSError:
            door.close()
            raise
        return door
    if kind in ("tcp", "http") and endpoint.tls is None:
        host, _colon, port = where.rstrip("/").rpartition(":")
        door = socket.create_connection((host, int(port)), timeout=PATIENCE)
        door.settimeout(None)
        return door
    raise LabError(
        _("This lab speaks to an engine by hand, and {url} asks for more than a socket.").format(
            url=endpoint.url
        ),
        remedy=_("Use an engine on a Unix socket, as Docker installs it on Linux and on a Mac."),
    )


class Tap:
    """Listens on a Unix socket in `folder` and passes on to the engine at `endpoint`."""

    def __init__(self, endpoint: Endpoint, folder: Path, name: str = "tap") -> None:
        self.path, self._log = folder / f"{name}.sock", folder / f"{name}.json"
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._calls: list[EngineCall] = []
        self._open: set[socket.socket] = set()
        self.path.unlink(missing_ok=True)
        self._write()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True, name="tap").start()

    @property
    def url(self) -> str:
        """The address for DOCKER_HOST."""
        return f"unix://{self.path}"

    @property
    def heard(self) -> tuple[EngineCall, ...]:
        """What was asked so far, in order."""
        with self._lock:
            return tuple(self._calls)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._calls.clear()
            self._write()

    def _write(self) -> None:
        self._log.write_text(json.dumps([asdict(each) for each in self._calls]), encoding="utf-8")

    def close(self) -> None:
        """Stop listening and hang up; a second call does nothing."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()
        self.path.unlink(missing_ok=True)
        with self._lock:
            still = tuple(self._open)
        for each in still:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return  # closed
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """Carry bytes both ways until both sides have said goodbye."""
        with client:
            try:
                engine = dial(self._endpoint)
            except (OSError, LabError):
                return  # the client sees that nobody answers
            with engine:
                self._both_ways(client, engine)

    def _both_ways(self, client: socket.socket, engine: socket.socket) -> None:
        with self._lock:
            self._open |= {client, engine}
        ear = _Ear(self)
        back = threading.Thread(
            target=_copy, args=(engine, client, ear.answered), daemon=True, name="tap-back"
        )
        back.start()
        _copy(client, engine, ear.asked)
        back.join()
        with self._lock:
            self._open -= {client, engine}

    def note(self, call: EngineCall) -> int:
        """Write a request down; return its place."""
        with self._lock:
            self._calls.append(call)
            self._write()
            return len(self._calls) - 1

    def note_status(self, call: EngineCall, place: int, status: int) -> None:
        """Write down what the request at `place` was answered, unless all was forgotten since."""
        with self._lock:
            if place < len(self._calls) and self._calls[place] == call:
                self._calls[place] = replace(call, status=status)
                self._write()


def heard(folder: Path, name: str) -> tuple[EngineCall, ...] | None:
    """Return what the tap `name` in `folder` heard, whoever's it is; None where there is none."""
    try:
        said = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return tuple(EngineCall(**each) for each in said)


def listening(folder: Path, name: str) -> bool:
    """Tell whether somebody listens at the tap `name` in `folder`."""
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(str(folder / f"{name}.sock"))
        except OSError:
            return False
    return True


class _Ear:
    """Hears the requests of one connection, and how each was answered."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._head = b""
        self._waiting: list[tuple[EngineCall, int]] = []

    def asked(self, data: bytes) -> None:
        """Hear what the client said."""
        if not self._head and not engine_calls.begins(data):
            return  # a body, or a stream
        self._head += data
        if engine_calls.HEAD_END in self._head or len(self._head) > LONGEST_HEAD:
            call = engine_calls.request(self._head)
            self._head = b""
            if call is not None:
                self._waiting.append((call, self._tap.note(call)))

    def answered(self, data: bytes) -> None:
        """Hear what the engine said."""
        status = engine_calls.status(data)
        if status and self._waiting:
            self._tap.note_status(*self._waiting.pop(0), status)


def _copy(source: socket.socket, target: socket.socket, hear: Callable[[bytes], None]) -> None:
    """Carry bytes one way until `source` ends; then tell `target` so."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            hear(data)
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
