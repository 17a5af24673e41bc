"""What the tests of DockerCoins share: load a service's one file, serve it, ask it."""

from __future__ import annotations

import http.client
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from types import ModuleType

from helpers import paths

FOLDER = paths.LABS / "dockercoins"


def load(service: str) -> ModuleType:
    """Return a fresh copy of the service's one file as a module."""
    file = FOLDER / service / f"{service}.py"
    spec = importlib.util.spec_from_file_location(f"dockercoins_{service}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    """Serve in a thread; the value is the port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(port: int, path: str = "/", data: bytes | None = None) -> tuple[int, bytes]:
    """GET, or POST `data`; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET" if data is None else "POST", path, data)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
