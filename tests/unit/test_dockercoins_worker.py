"""DockerCoins' worker: it tries again, stops when told, and counts each hash once."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest
from dockercoins_support import load, serving
from hypothesis import given
from hypothesis import strategies as st

from helpers.waiting import wait_until

Outcome = str  # what the fake redis does with a transaction: "take", "refuse", "lose" (its answer)


class FakeRedis:
    """Just enough of redis: transactions that succeed, are refused, or lose their answer."""

    def __init__(self, outcomes: list[Outcome] | None = None) -> None:
        self.outcomes = outcomes or []
        self.hashes = 0
        self.wallet: dict[str, str] = {}
        self.keys: dict[str, bytes] = {}
        self.unreachable = False

    def get(self, key: str) -> bytes | None:
        if self.unreachable:
            raise ConnectionError("redis is away")
        return self.keys.get(key)

    def pipeline(self, *, transaction: bool) -> FakeTransaction:
        assert transaction, "without a transaction a report could be carried out by half"
        return FakeTransaction(self)


class FakeTransaction:
    """Collects commands; `execute` does with them what the next outcome says."""

    def __init__(self, store: FakeRedis) -> None:
        self.store = store
        self.commands: list[Callable[[], None]] = []

    def incrby(self, key: str, amount: int) -> None:
        assert key == "hashes"
        assert amount >= 0

        def command() -> None:
            self.store.hashes += amount

        self.commands.append(command)

    def set(self, key: str, value: int, ex: int) -> None:
        assert ex > 0
        self.commands.append(lambda: self.store.keys.update({key: str(value).encode()}))

    def hset(self, key: str, mapping: dict[str, str]) -> None:
        assert key == "wallet"
        assert mapping
        self.commands.append(lambda: self.store.wallet.update(mapping))

    def execute(self) -> None:
        outcome = self.store.outcomes.pop(0) if self.store.outcomes else "take"
        if outcome != "refuse":
            for command in self.commands:
                command()
        if outcome != "take":
            raise ConnectionError(outcome)


digests = st.binary(max_size=4).map(lambda data: hashlib.sha256(data).hexdigest())


outcomes = st.sampled_from(["take", "refuse", "lose"])


@given(rounds=st.lists(st.tuples(st.lists(digests, max_size=5), outcomes)))
def test_ledger_counts_each_hash_once(rounds: list[tuple[list[str], Outcome]]) -> None:
    """Whatever redis does with reports, nothing is lost or counted twice once it takes one."""
    store = FakeRedis()
    ledger = load("worker").Ledger(store, "w1")
    made: list[str] = []
    for batch, outcome in rounds:
        for digest in batch:
            ledger.add(digest, b"drawn")
        made += batch
        store.outcomes = [outcome]
        try:
            ledger.report()
        except ConnectionError:
            assert outcome != "take"
        assert store.hashes <= len(made)
    store.outcomes = []
    ledger.report()
    assert store.hashes == ledger.reported == len(made)
    assert ledger.coins == {}, "what redis has taken need not be kept"
    assert set(store.wallet) == {digest for digest in made if digest.startswith("0")}


def test_ledger_keeps_all_while_redis_is_away() -> None:
    """A doubt that cannot be cleared up yet stays one, and clears up later."""
    store = FakeRedis(["lose"])
    ledger = load("worker").Ledger(store, "w1")
    ledger.add("0abc", b"\x01")
    with pytest.raises(ConnectionError):
        ledger.report()
    store.unreachable = True
    ledger.add("1abc", b"\x02")
    with pytest.raises(ConnectionError):
        ledger.report()
    store.unreachable = False
    assert ledger.report() == 1
    assert (store.hashes, store.wallet) == (2, {"0abc": "01"})


def test_ledger_goes_on_when_redis_lost_its_memory() -> None:
    """After a redis that comes back empty, only what is new is reported, not all over again."""
    store = FakeRedis()
    worker = load("worker")
    ledger = worker.Ledger(store, "w1")
    ledger.add("1", b"")
    ledger.report()
    store.outcomes = ["refuse"]
    ledger.add("2", b"")
    with pytest.raises(ConnectionError):
        ledger.report()
    store.hashes, store.keys = 0, {}
    assert ledger.report() == 1
    assert store.hashes == 1


class FakeServices:
    """Stands for `fetch`: rng and hasher that fail now and then, and stop the worker at the end."""

    def __init__(self, failures: list[str], hashes: int) -> None:
        self.failures = failures
        self.left = hashes
        self.asked: list[tuple[str, bytes | None]] = []
        self.worker: Any = None

    def __call__(self, url: str, turn: int, data: bytes | None = None) -> bytes:
        name = "rng" if data is None else "hasher"
        self.asked.append((name, data))
        if self.failures and self.failures[0] == name:
            self.failures.pop(0)
            raise OSError(f"{name} is away")
        if data is None:
            return bytes([len(self.asked)]) * 32
        self.left -= 1
        if not self.left:
            self.worker.stop.set()
        return hashlib.sha256(data).hexdigest().encode()


def worker_with(
    monkeypatch: pytest.MonkeyPatch, services: FakeServices, store: FakeRedis
) -> tuple[ModuleType, Any]:
    """Return the worker's module and a worker without pauses."""
    module = load("worker")
    for name in ("WORK_SECONDS", "RETRY_SECONDS", "REPORT_SECONDS"):
        monkeypatch.setattr(module, name, 0)
    services.worker = module.Worker(module.Ledger(store, "w1"), fetch=services)
    return module, services.worker


def test_worker_tries_again_from_where_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that hasher did not take are offered again; rng is not asked for new ones."""
    services = FakeServices(["rng", "hasher", "hasher"], hashes=2)
    store = FakeRedis()
    _module, worker = worker_with(monkeypatch, services, store)
    worker.run()
    names = [name for name, _data in services.asked]
    assert names == ["rng", "rng", "hasher", "hasher", "hasher", "rng", "hasher"]
    assert len({data for name, data in services.asked[2:5]}) == 1
    assert store.hashes == 2


def test_worker_loses_nothing_while_redis_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It works on while redis refuses, and the next report that succeeds holds everything."""
    services = FakeServices([], hashes=40)
    store = FakeRedis(["refuse", "lose", "refuse", "take", "lose"])
    _module, worker = worker_with(monkeypatch, services, store)
    worker.run()
    worker.report()
    hashed = [data for name, data in services.asked if name == "hasher" and data]
    coins = {hashlib.sha256(data).hexdigest() for data in hashed}
    assert store.hashes == 40
    assert store.wallet.keys() == {coin for coin in coins if coin[0] == "0"}
    assert store.wallet, "among forty hashes there is a coin"


def test_worker_stops_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose services are all away ends as soon as it is told to stop."""
    _module, worker = worker_with(monkeypatch, FakeServices(["rng"] * 10**6, 1), FakeRedis())
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_until(lambda: len(worker.fetch.asked) > 3, what="some failures")
    worker.stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert worker.ledger.made == 0


def test_worker_takes_the_copies_of_a_service_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two addresses for one name, requests alternate, each on a connection of its own."""
    seen: list[tuple[str, int]] = []

    class Copy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # would keep connections, if the worker let it

        def do_GET(self) -> None:
            seen.append((self.headers["Host"], self.client_address[1]))
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(socket.inet_aton(self.connection.getsockname()[0]))

        def log_message(self, *_args: object) -> None:
            pass

    module = load("worker")
    look_up = socket.getaddrinfo

    def both(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        names = ["127.0.0.2", "127.0.0.1"] if host == "rng" else [host]
        return [info for name in names for info in look_up(name, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with serving(ThreadingHTTPServer(("", 0), Copy)) as port:
        url = f"http://rng:{port}/32"
        answers = [socket.inet_ntoa(module.fetch(url, turn)) for turn in range(4)]
    assert answers == ["127.0.0.1", "127.0.0.2"] * 2
    assert {host for host, _port in seen} == {f"rng:{port}"}
    assert len({client for _host, client in seen}) == 4


def test_worker_takes_an_error_for_no_answer() -> None:
    """A status other than 200 is a failure to try again, not bytes to hash."""
    rng = load("rng")
    with serving(rng.Server(0)) as port, pytest.raises(OSError, match="answered 400"):
        load("worker").fetch(f"http://127.0.0.1:{port}/abc", 0)
