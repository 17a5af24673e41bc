"""The four services of DockerCoins, run in this process, with what they need made to fail."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from dockercoins_support import FOLDER, ask, load, serving

from helpers.waiting import wait_until

pytestmark = pytest.mark.slow

# -- rng


@pytest.fixture
def rng(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, Any]]:
    """rng's module, its draws without delay, and its server."""
    module = load("rng")
    monkeypatch.setattr(module, "DRAW_SECONDS", 0)
    server = module.Server(0)
    with serving(server):
        yield module, server
    server.clerk.shutdown(cancel_futures=True)


class Draws:
    """Stands for rng's `draw`: holds each draw until `gate` opens, and counts them."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.lock = threading.Lock()
        self.active = self.most = 0

    def __call__(self, count: int) -> bytes:
        with self.lock:
            self.active += 1
            self.most = max(self.most, self.active)
        assert self.gate.wait(10)
        with self.lock:
            self.active -= 1
        return bytes(count)


def count_calls(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> Callable[[], int]:
    """Count the calls of a method from now on."""
    calls: list[int] = []  # one entry a call; appending is atomic
    original = getattr(owner, name)

    def counted(*args: object) -> object:
        calls.append(1)
        return original(*args)

    monkeypatch.setattr(owner, name, counted)
    return lambda: len(calls)


def test_rng_serves_one_at_a_time_and_stays_healthy(
    rng: tuple[ModuleType, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With five requests present only one is drawn for, and the health check is answered."""
    module, server = rng
    draws = Draws()
    monkeypatch.setattr(module, "draw", draws)
    waiting = count_calls(monkeypatch, module.Handler, "queue")
    with ThreadPoolExecutor(5) as crowd:
        answers = [crowd.submit(ask, server.server_port, "/32") for _ in range(5)]
        wait_until(waiting, lambda seen: seen == 5, what="five requests in the queue")
        wait_until(lambda: draws.active, what="the first draw")
        health = [ask(server.server_port, "/healthz")[0] for _ in range(20)]
        held = draws.most
        draws.gate.set()
        assert [answer.result() for answer in answers] == [(200, bytes(32))] * 5
    assert (held, draws.most) == (1, 1)
    assert health == [200] * 20


def test_rng_gives_as_many_bytes_as_asked(rng: tuple[ModuleType, Any]) -> None:
    """The answer to /N has N bytes, and two answers differ."""
    port = rng[1].server_port
    (status, first), (_status, second) = ask(port, "/32"), ask(port, "/32")
    assert status == 200
    assert len(first) == len(second) == 32
    assert first != second
    assert ask(port, "/0") == (200, b"")


@pytest.mark.parametrize("path", ["/abc", "/-1", "/1.5", "/1048577", "/9" + "9" * 5000, "/%C2%B2"])
def test_rng_refuses_what_is_no_small_number(rng: tuple[ModuleType, Any], path: str) -> None:
    """Anything but a number up to the limit is answered with 400, and takes nobody's turn."""
    assert ask(rng[1].server_port, path)[0] == 400


def test_rng_sends_the_queue_away_when_it_stops(
    rng: tuple[ModuleType, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the clerk goes home, those in the queue hear 503; the one being served is served."""
    module, server = rng
    draws = Draws()
    monkeypatch.setattr(module, "draw", draws)
    waiting = count_calls(monkeypatch, module.Handler, "queue")
    with ThreadPoolExecutor(3) as crowd:
        first = crowd.submit(ask, server.server_port, "/8")
        wait_until(lambda: draws.active, what="the first draw")
        others = [crowd.submit(ask, server.server_port, "/8") for _ in range(2)]
        wait_until(waiting, lambda seen: seen == 3, what="two more in the queue")
        server.clerk.shutdown(wait=False, cancel_futures=True)
        assert [other.result()[0] for other in others] == [503, 503]
        draws.gate.set()
        assert first.result() == (200, bytes(8))


# -- hasher


def test_hasher_serves_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three requests meet inside hasher: none of them could end if they were served in turn."""
    module = load("hasher")
    meeting = threading.Barrier(3)

    def digest(data: bytes) -> bytes:
        meeting.wait(10)
        return data

    monkeypatch.setattr(module, "digest", digest)
    with serving(module.Server(0)) as port, ThreadPoolExecutor(3) as crowd:
        answers = crowd.map(lambda data: ask(port, "/", data), [b"a", b"b", b"c"])
        assert list(answers) == [(200, b"a"), (200, b"b"), (200, b"c")]


def test_hasher_answers_the_digest_in_hex(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the SHA-256 of the body, all of it and nothing else."""
    module = load("hasher")
    monkeypatch.setattr(module, "HASH_SECONDS", 0)
    with serving(module.Server(0)) as port:
        for data in (b"", b"coin", bytes(100_000)):
            assert ask(port, "/", data) == (200, hashlib.sha256(data).hexdigest().encode())
        assert ask(port, "/healthz") == (200, b"ok\n")


@pytest.mark.parametrize(("length", "status"), [(None, 411), ("many", 411), ("1048577", 413)])
def test_hasher_refuses_bodies_of_unknown_or_great_length(length: str | None, status: int) -> None:
    """Without a sensible Content-Length nothing is read."""
    with serving(load("hasher").Server(0)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest("POST", "/")
        if length is not None:
            connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


# -- webui


class Counters:
    """Stands for redis as webui reads it."""

    def __init__(self, coins: int, hashes: bytes | None) -> None:
        self.answer: list[Any] | None = [coins, hashes]

    def pipeline(self, *, transaction: bool) -> Counters:
        assert transaction, "the two counters belong to the same instant"
        return self

    def hlen(self, key: str) -> None:
        assert key == "wallet"

    def get(self, key: str) -> None:
        assert key == "hashes"

    def execute(self) -> list[Any]:
        if self.answer is None:
            raise ConnectionError("redis is away")
        return self.answer


def test_webui_tells_the_counters() -> None:
    """/json has coins, hashes and now; before the first hash it has zeros."""
    module = load("webui")
    store = Counters(3, b"50")
    with serving(module.Server(store, 0)) as port:
        status, body = ask(port, "/json")
        found = json.loads(body)
        assert (status, found.pop("now") > 0, found) == (200, True, {"coins": 3, "hashes": 50})
        store.answer = [0, None]
        assert json.loads(ask(port, "/json")[1])["hashes"] == 0


def test_webui_says_so_while_redis_is_away() -> None:
    """Without redis /json is a 503 that names the error, and the page itself still comes."""
    module = load("webui")
    store = Counters(0, None)
    store.answer = None
    with serving(module.Server(store, 0)) as port:
        status, body = ask(port, "/json")
        assert (status, json.loads(body)["error"]) == (503, "redis is away")
        assert ask(port, "/")[0] == ask(port, "/healthz")[0] == 200
        assert ask(port, "/else")[0] == 404


def test_webui_page_asks_no_other_host() -> None:
    """The page names no host at all, and its policy forbids others to the browser."""
    page = (FOLDER / "webui" / "index.html").read_text(encoding="utf-8")
    markup = page.split("<script>")[0]
    assert re.findall(r'(?:src|href)="(.*?)"', markup) == ["data:,"]
    assert "//" not in markup
    assert re.findall(r"fetch\((.*?)\)", page) == ['"json"']
    assert "http" not in page
    policy = load("webui").POLICY
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy


# -- all of them

RUN_MAIN = """
    import importlib.util, sys, types

    class Store:
        def __getattr__(self, name):
            return lambda *args, **kwargs: self if name == "pipeline" else 0
    class Redis:
        from_url = staticmethod(lambda *args, **kwargs: Store())
    sys.modules["redis"] = types.SimpleNamespace(Redis=Redis)
    spec = importlib.util.spec_from_file_location("service", sys.argv[1])
    service = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(service)
    service.PORT = 0
    if hasattr(service, "fetch"):
        answer = lambda url, turn, data=None: b"0123"
        service.Worker.__init__.__defaults__ = (answer,)
    raise SystemExit(service.main())
"""


@pytest.mark.parametrize("service", ["rng", "hasher", "worker", "webui"])
def test_sigterm_ends_a_service_in_order(service: str) -> None:
    """On SIGTERM a service ends with status 0, its log is JSON throughout, and nothing is lost."""
    file = FOLDER / service / f"{service}.py"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUN_MAIN), str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["service"], first["event"]) == (service, "ready")
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]
    assert process.returncode == 0
    assert (rest[-1]["event"], rest[-1]["signal"]) == ("stopped", "SIGTERM")
    assert rest[-1].get("unreported", 0) == 0


def test_a_broken_loop_ends_the_worker() -> None:
    """An error nobody foresaw ends the process with status 1, for the engine to see."""
    code = textwrap.dedent(RUN_MAIN).replace('b"0123"', "1 / 0")
    file = FOLDER / "worker" / "worker.py"
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout


MANY_LINES = """
    import importlib.util, sys, threading

    spec = importlib.util.spec_from_file_location("service", sys.argv[1])
    service = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(service)
    sys.setswitchinterval(1e-6)
    write = lambda: [service.log("some", number=number) for number in range(500)]
    threads = [threading.Thread(target=write) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


@pytest.mark.parametrize("service", ["rng", "hasher", "worker", "webui"])
def test_threads_do_not_mix_their_lines(service: str) -> None:
    """Eight threads that log at once leave whole lines, also with unbuffered output."""
    file = FOLDER / service / f"{service}.py"
    argv = [sys.executable, "-u", "-c", textwrap.dedent(MANY_LINES), str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    numbers = [json.loads(line)["number"] for line in done.stdout.splitlines()]
    assert sorted(numbers) == sorted(list(range(500)) * 8)


@pytest.mark.parametrize("service", ["rng", "hasher", "worker", "webui"])
def test_dockerfiles_drop_root_and_tell_health(service: str) -> None:
    """Each image runs as a numbered user, has a health check, and python as process 1."""
    lines = (FOLDER / service / "Dockerfile").read_text(encoding="utf-8").splitlines()
    words = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines if line[:1].isupper()}
    assert words["ARG"] == "BASE=caas-book/python:1"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", words["USER"])
    assert "HEALTHCHECK" in words
    assert json.loads(words["CMD"]) == ["python3", f"/app/{service}.py"]
