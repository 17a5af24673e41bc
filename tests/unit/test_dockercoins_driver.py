"""The measuring client of DockerCoins, against a webui whose clock the test moves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from docker.errors import NotFound
from dockercoins_support import serving
from hypothesis import given
from hypothesis import strategies as st

from helpers.drivers import dockercoins
from helpers.errors import BookError, LabError
from helpers.records.dockercoins import Latency, Sample, Throughput


class World:
    """A clock, and a webui that counts `rate` hashes a second in reports `step` seconds apart."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.rate, self.step = 10.0, 1.0
        self.failures = 0  # how many answers from now on are failures
        self.began = 0.0  # when redis began to count
        self.slow = 0.0  # seconds that an answer takes
        self.posted: list[bytes] = []
        self.url = ""

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def counters(self) -> dict[str, object]:
        reports = (self.now - self.began) // self.step
        hashes = int(reports * self.step * self.rate)
        return {"hashes": hashes, "coins": hashes // 16, "now": time.time()}


@pytest.fixture
def world() -> Iterator[World]:
    """A world with its webui served."""
    world = World()

    class Webui(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            world.now += world.slow
            status, found = 200, world.counters()
            if world.failures:
                world.failures -= 1
                status, found = 503, {"error": "redis is away"}
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            world.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Webui)) as port:
        world.url = f"http://127.0.0.1:{port}"
        yield world


@pytest.mark.parametrize("rate", [10 / 3, 10.0, 20.0])
def test_measure_finds_the_rate(world: World, rate: float) -> None:
    """Ten seconds of a counter that moves once a second give its rate within 2 %."""
    world.rate = rate
    seen: list[Sample] = []
    found = dockercoins.measure(
        world.url, 10, warm_up=2, progress=seen.append, clock=world.clock, sleep=world.sleep
    )
    assert found.hashes_per_second == pytest.approx(rate, rel=0.02)
    assert found.seconds == pytest.approx(10, abs=0.5)
    assert found.samples[0].at == 1002.0, "the warm-up is left out"
    assert tuple(seen) == found.samples


def test_watch_overlooks_a_short_failure(world: World) -> None:
    """A webui that fails for less than the patience leaves a gap, nothing worse."""
    samples = dockercoins.watch(world.url, 10, clock=world.clock, sleep=world.sleep)
    first = next(samples)
    world.failures = 12
    second = next(samples)
    assert second.at - first.at == pytest.approx(13 * 0.25)
    assert second.hashes > first.hashes


def test_watch_gives_up_on_a_lasting_failure(world: World) -> None:
    """After the patience the error says which address failed, how, and what to do."""
    samples = dockercoins.watch(world.url, 60, clock=world.clock, sleep=world.sleep)
    next(samples)
    world.failures = 1000
    with pytest.raises(LabError, match=r"503 .*redis is away") as caught:
        next(samples)
    assert world.url in caught.value.what
    assert caught.value.remedy
    assert world.now < 1000 + 60


def test_watch_refuses_a_counter_that_goes_back(world: World) -> None:
    """When redis begins anew there is no rate to be had."""
    samples = dockercoins.watch(world.url, 60, clock=world.clock, sleep=world.sleep)
    next(samples)
    world.began = world.now
    with pytest.raises(LabError, match="went back"):
        list(samples)


def test_measuring_nobody_is_an_error() -> None:
    """Where nothing listens, asking says so in a sentence."""
    with pytest.raises(LabError, match=r"http://127\.0\.0\.1:1/json does not answer"):
        dockercoins.counters("http://127.0.0.1:1")


def test_latency_times_each_request(world: World) -> None:
    """Each request is timed alone, without the pauses between; data is posted."""
    world.slow = 0.25
    seen: list[float] = []
    found = dockercoins.latency(
        world.url, 5, data=b"x", pause=2, progress=seen.append, clock=world.clock, sleep=world.sleep
    )
    assert found.seconds == (0.25,) * 5
    assert (found.mean, found.median, found.worst) == (0.25, 0.25, 0.25)
    assert world.now == 1000 + 5 * 0.25 + 4 * 2
    assert world.posted == [b"x"] * 5
    assert seen == [0.25] * 5


@given(st.lists(st.floats(0.001, 10), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_quantiles_lie_among_the_measured(seconds: list[float], part: float) -> None:
    """Every quantile lies between the fastest and the slowest, and they do not cross."""
    found = Latency(tuple(seconds))
    assert min(seconds) <= found.quantile(part) * (1 + 1e-9)
    assert found.quantile(part) <= found.worst * (1 + 1e-9)
    assert found.quantile(0.01) <= found.quantile(0.99) * (1 + 1e-9)


def test_the_slope_errs_less_than_the_difference() -> None:
    """For a counter in steps, the slope is nearer to the rate than last minus first can be."""
    samples = tuple(Sample(at / 4, int((at + 3) / 4) * 10, 0) for at in range(42))
    found = Throughput(samples)
    assert abs(found.hashes_per_second - 10) < abs(found.hashes / found.seconds - 10)
    assert str(found).startswith("9.9 hashes/s") or str(found).startswith("10.0 hashes/s")


class Logs:
    """Stands for a container that logged some lines."""

    def __init__(self, *lines: object) -> None:
        self.text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)

    def logs(self, *, since: float | None) -> bytes:
        return self.text.encode()


def test_waits_are_weighed_by_hashes() -> None:
    """A report of three hashes counts three times one of a single hash; older ones do not."""
    workers = [
        Logs(
            {"time": 1.0, "event": "reported", "hashes": 9, "seconds": {"rng": 9, "hasher": 9}},
            {"time": 5.0, "event": "reported", "hashes": 3, "seconds": {"rng": 0.1, "hasher": 0.1}},
            "a line that is no JSON",
        ),
        Logs({"time": 6.0, "event": "reported", "hashes": 1, "seconds": {"rng": 0.5}}),
    ]
    found = dockercoins.waits(workers, since=4.0)  # type: ignore[arg-type]
    assert found == {"rng": pytest.approx(0.2), "hasher": pytest.approx(0.1)}
    with pytest.raises(LabError, match="No worker has reported"):
        dockercoins.waits(workers, since=7.0)  # type: ignore[arg-type]


def test_what_is_not_there_is_named() -> None:
    """A service that does not exist or is not published is the caller's error, said by name."""
    coins = dockercoins.DockerCoins(None, str, "net", {}, {})  # type: ignore[arg-type]
    with pytest.raises(BookError, match="no service wallet"):
        coins.scale("wallet", 1)
    hidden = SimpleNamespace(ports={}, reload=lambda: None)
    coins.containers["rng"].append(hidden)  # type: ignore[arg-type]
    with pytest.raises(BookError, match="rng is not published"):
        coins.url("rng")


def test_removing_what_has_gone_is_no_error() -> None:
    """A container that somebody else removed is not missed; the rest is removed as well."""
    removed: list[str] = []

    class Kept:
        def remove(self, **_options: bool) -> None:
            removed.append("kept")

    class Gone:
        def remove(self, **_options: bool) -> None:
            raise NotFound("No such container")

    coins = dockercoins.DockerCoins(None, str, "net", {}, {})  # type: ignore[arg-type]
    coins.containers["worker"] += [Gone(), Kept(), Gone()]  # type: ignore[list-item]
    coins.remove()
    assert (removed, coins.copies("worker")) == (["kept"], 0)
