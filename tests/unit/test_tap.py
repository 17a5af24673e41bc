"""The tap notes requests and passes bytes on; how requests are read from a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from helpers.analysis import engine_calls
from helpers.drivers import tap
from helpers.errors import LabError
from helpers.records.engine import Endpoint
from helpers.records.engine_calls import EngineCall
from helpers.views import engine_calls as shown
from helpers.waiting import wait_until

IDENT = "0123456789abcdef" * 4


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Endpoint]:
    """An engine that answers requests one by one, and echoes all after `attach`."""
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        yield Endpoint(f"unix://{path}", "test")


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            client = listener.accept()[0]
        except OSError:
            return
        threading.Thread(target=_answer, args=(client,), daemon=True).start()


def _answer(client: socket.socket) -> None:
    with client, suppress(OSError):
        while data := client.recv(4096):
            while not data.endswith(b"\r\n\r\n"):
                data += client.recv(4096)
            if b"/attach" in data:
                client.sendall(b"HTTP/1.1 101 UPGRADED\r\n\r\n")
                while data := client.recv(4096):
                    client.sendall(data)
                return
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")


@pytest.fixture
def listener(engine: Endpoint, tmp_path: Path) -> Iterator[tap.Tap]:
    """A tap before that engine."""
    made = tap.Tap(engine, tmp_path)
    yield made
    made.close()


def test_two_requests_of_one_connection_are_heard_with_their_answers(
    listener: tap.Tap, tmp_path: Path
) -> None:
    """In order, with the client's name; a head that comes in pieces is one request."""
    with tap.dial(Endpoint(listener.url, "test")) as door:
        door.sendall(b"POST /v1.44/containers/x/start HTTP/1.1\r\nUser-Agent: me/1 (z)\r\n\r\n")
        wait_until(lambda: listener.heard and listener.heard[0].status == 204, what="one answer")
        door.sendall(b"GET /_ping HTTP/1.1\r\n")
        door.sendall(b"Host: engine\r\n\r\n")
        wait_until(lambda: len(listener.heard) == 2 and listener.heard[1].status, what="another")
    assert listener.heard == (
        EngineCall("POST", "/v1.44/containers/x/start", "me/1 (z)", 204),
        EngineCall("GET", "/_ping", "", 204),
    )
    assert tap.heard(tmp_path, "tap") == listener.heard
    listener.forget()
    assert listener.heard == () == tap.heard(tmp_path, "tap")


def test_a_stream_passes_both_ways_and_is_no_request(listener: tap.Tap) -> None:
    """After an attach bytes come back as they went, and the end of one side reaches the other."""
    with tap.dial(Endpoint(listener.url, "test")) as door:
        door.sendall(b"POST /containers/x/attach HTTP/1.1\r\n\r\n")
        assert door.recv(100).startswith(b"HTTP/1.1 101")
        door.sendall(b"hello\r\n\r\n")
        door.shutdown(socket.SHUT_WR)
        assert door.makefile("rb").read() == b"hello\r\n\r\n"
    assert [each.status for each in listener.heard] == [101]


def test_a_closed_tap_lets_nobody_in(engine: Endpoint, tmp_path: Path) -> None:
    """Closing twice is fine; what was heard stays readable."""
    made = tap.Tap(engine, tmp_path, "other")
    assert tap.listening(tmp_path, "other")
    made.close()
    made.close()
    assert not tap.listening(tmp_path, "other")
    assert tap.heard(tmp_path, "other") == ()
    assert tap.heard(tmp_path, "never") is None


def test_without_an_engine_the_client_is_sent_away(tmp_path: Path) -> None:
    """It reads the end at once, as from an engine that went away."""
    made = tap.Tap(Endpoint(f"unix://{tmp_path}/none.sock", "test"), tmp_path)
    with tap.dial(Endpoint(made.url, "test")) as door:
        assert door.recv(10) == b""
    made.close()


def test_where_plain_sockets_do_not_lead_there_is_a_remedy(engine: Endpoint) -> None:
    """TLS and ssh are told; a Unix socket and TCP are dialled."""
    for where in (Endpoint("tcp://127.0.0.1:1", "x", "/certs"), Endpoint("ssh://host", "x")):
        with pytest.raises(LabError, match="more than a socket"):
            tap.dial(where)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tap.dial(Endpoint(f"tcp://127.0.0.1:{port}", "x")).close()
    tap.dial(engine).close()


def test_reading_requests_and_answers() -> None:
    """Bodies and streams begin no request; a status is read from an answer alone."""
    assert not engine_calls.begins(b'{"Image": "x"}')
    assert engine_calls.request(b"BREW / HTTP/1.1\r\n\r\n") is None
    assert engine_calls.status(b"HTTP/1.1 409 Conflict\r\n") == 409
    assert engine_calls.status(b"a stream") == 0
    assert engine_calls.status(b"HTTP/1.1 100 Continue\r\n\r\n") == 0


@pytest.mark.parametrize(
    ("path", "short", "step"),
    [
        (f"/v1.51/containers/{IDENT}/wait?x=1", "/containers/0123456789ab/wait", "/wait"),
        ("/_ping", "/_ping", "GET /_ping"),
        ("/containers/json?all=1", "/containers/json", "GET /containers/json"),
    ],
)
def test_paths_are_shortened(path: str, short: str, step: str) -> None:
    """Version and options go; an id becomes the twelve digits that `docker ps` shows."""
    assert engine_calls.short(path) == short
    assert engine_calls.step(EngineCall("GET", path)).endswith(step)
    assert IDENT not in engine_calls.step(EngineCall("GET", path))


def test_the_table_counts_requests_and_leaves_out_what_is_not_answered() -> None:
    """One row a request; an answer that has not come is blank."""
    made = shown.table([EngineCall("GET", "/_ping", "", 200), EngineCall("POST", "/v1.44/x/y")])
    assert made.caption == "2 requests, in this order"
    assert made.rows == [["GET", "`/_ping`", "200"], ["POST", "`/x/y`", ""]]
