"""DockerCoins on a real engine: the lesson itself, and how the services behave.

The containers are started once and scaled from step to step (that is most of the time
this takes); each test then reads what the one course of the whole has seen.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from helpers.analysis import queueing
from helpers.drivers import dockercoins, engine, images
from helpers.drivers.docker import events, lab_objects, remove
from helpers.drivers.dockercoins import DockerCoins, log_lines
from helpers.labs import owner
from helpers.records import labels as label
from helpers.records.dockercoins import Measurement, Stopped
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker

STEPS = ((1, 1), (2, 1), (3, 1), (10, 1), (10, 2))  # workers, copies of rng
SECONDS = 8.0  # of measuring a step: the slope of a counter this regular errs by about 2 %


@dataclass
class Course:
    """What the engine showed on the way."""

    steps: dict[tuple[int, int], Measurement] = field(default_factory=dict)
    draws: list[int] = field(default_factory=list)  # of each copy of rng in the last step
    probe: dict[str, float] = field(default_factory=dict)  # median seconds at 10 workers, 1 rng
    health: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    kept: int = 0  # reports that failed while redis was away
    hashed: int = 0  # by hasher, for workers
    counted: int = 0  # in redis
    stopped: list[Stopped] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # from SIGTERM to the end
    last_words: dict[str, Any] = field(default_factory=dict)  # the last log line of each service


@pytest.fixture(scope="module")
def course() -> Iterator[Course]:
    """Build, start, scale, measure, stop; and see that nothing is left."""
    place = engine.find()
    assert place is not None, "no container engine answers"
    client = engine.open_client(place)
    run = secrets.token_hex(2)
    labels = label.RunLabels("tests/dockercoins", run, owner.current()).as_dict()
    try:
        images.ensure(client, ["python", "redis"])
        client.networks.create(f"dockercoins-{run}", labels=labels)
        began = time.time()
        seen = play(client, run, labels)
        seen.seconds = stop_times(client, run, began)
        yield seen
    finally:
        failed = remove(client, lab_objects(client, run=run)).failed
        left = lab_objects(client, run=run)
        client.close()
        assert (failed, left) == ((), ())


def play(client: Any, run: str, labels: dict[str, str]) -> Course:
    """Run the whole course and return what was seen."""

    def name(short: str) -> str:
        return f"dockercoins-{run}-{short}"

    seen = Course()
    built = dockercoins.build(client, name, labels)
    published = ("webui", "rng", "hasher")
    coins = dockercoins.up(client, name, name("")[:-1], labels, built, published=published)
    for workers, rngs in STEPS:
        coins.scale("rng", rngs)
        coins.scale("worker", workers)
        seen.steps[workers, rngs] = measure(coins, workers, rngs, seen)
        if (workers, rngs) == (10, 1):
            probe(coins, seen)
    look(coins, seen)
    take_redis_away(coins, seen)
    stop(coins, seen)
    return seen


def measure(coins: DockerCoins, workers: int, rngs: int, seen: Course) -> Measurement:
    """Measure one step: webui's counter, and rng's latency as the workers logged it.

    Nobody queues at hasher: when it is slow to answer, then because the machine is busy
    with other things. Such a measurement is made again, four times at most, and the one
    that was disturbed least counts.
    """
    crew = coins.containers["worker"]
    dockercoins.settle(crew)
    windows = []
    for _attempt in range(5):
        since = time.time()
        found = dockercoins.measure(coins.url("webui"), SECONDS, warm_up=0)
        waits = dockercoins.waits(crew, since)
        windows.append((waits["hasher"], waits["rng"], found.hashes_per_second))
        if waits["hasher"] < 1.07 * queueing.DOCKERCOINS.hasher:
            break
    seen.draws = [
        sum(line["event"] == "drew" for line in log_lines(container, since))
        for container in coins.containers["rng"]
    ]
    _hasher, rng_seconds, rate = min(windows)
    return Measurement(workers, rngs, rate, rng_seconds)


def probe(coins: DockerCoins, seen: Course) -> None:
    """Ask rng and hasher from outside while ten workers are at it."""
    rng, hasher = f"{coins.url('rng')}/32", coins.url("hasher")
    seen.probe["rng"] = dockercoins.latency(rng, 5, pause=0.2).median
    seen.probe["hasher"] = dockercoins.latency(hasher, 5, data=b"x", pause=0.2).median


def look(coins: DockerCoins, seen: Course) -> None:
    """Wait until no container is starting any more, and look up who runs in each."""
    for service, containers in coins.containers.items():
        for container in containers:
            seen.health[container.name or ""] = wait_until(
                lambda container=container: health(container),
                lambda status: status != "starting",
                what=f"the health of {container.name}",
                every=0.5,
            )
        seen.users[service] = containers[0].exec_run(["id", "-u"]).output.decode().strip()


def health(container: Any) -> str:
    container.reload()
    return str(container.attrs["State"]["Health"]["Status"])


def take_redis_away(coins: DockerCoins, seen: Course) -> None:
    """Freeze redis until every worker has failed to report, then let it go on.

    Frozen, it still takes what arrives and carries it out later, when the worker has long
    given up on the answer: the case in which a careless worker counts twice.
    """
    redis, since = coins.containers["redis"][0], time.time()

    def failures() -> list[int]:
        workers = coins.containers["worker"]
        return [sum(line["event"] == "kept" for line in log_lines(w, since)) for w in workers]

    redis.pause()
    try:
        wait_until(failures, all, what="a failed report of each worker", every=0.5)
    finally:
        redis.unpause()
    seen.kept = sum(failures())
    dockercoins.settle(coins.containers["worker"])


def stop(coins: DockerCoins, seen: Course) -> None:
    """Stop everything in order; between workers and redis, compare who counted what."""
    seen.stopped += coins.stop("worker")
    hasher, redis = coins.containers["hasher"][0], coins.containers["redis"][0]
    hashed = (line for line in log_lines(hasher) if line["event"] == "hashed")
    seen.hashed = sum(line["bytes"] == 32 for line in hashed)  # probes sent one byte
    seen.counted = int(redis.exec_run(["redis-cli", "get", "hashes"]).output)
    seen.stopped += coins.stop("webui", "rng", "hasher", "redis")
    for service in dockercoins.BUILT:
        *_rest, seen.last_words[service] = log_lines(coins.containers[service][0])


def stop_times(client: Any, run: str, began: float) -> dict[str, float]:
    """Return the seconds from SIGTERM to the end of each container, by the engine's clock."""
    mine = {"type": "container", "label": f"{label.RUN}={run}"}
    terminated: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for event in events(client, since=began, until=time.time(), filters=mine):
        if event.action == "kill" and event.get("signal") == "15":
            terminated.setdefault(event.name, event.at)
        elif event.action == "die" and event.name in terminated:
            seconds[event.name] = event.at - terminated[event.name]
    return seconds


# -- the lesson


@pytest.mark.parametrize(("workers", "rate"), [(1, 10 / 3), (2, 20 / 3), (3, 10.0)])
def test_workers_add_up_to_three(course: Course, workers: int, rate: float) -> None:
    """One, two, three workers make about 3.3, 6.7, 10 hashes a second."""
    assert course.steps[workers, 1].hashes_per_second == pytest.approx(rate, rel=0.1)


def test_ten_workers_make_no_more_than_three(course: Course) -> None:
    """The cap is there: a threaded rng would let ten workers make 33."""
    assert course.steps[10, 1].hashes_per_second == pytest.approx(10, rel=0.1)


def test_a_second_rng_lifts_the_cap(course: Course) -> None:
    """With two copies of rng the same ten workers make about twice as much."""
    gain = course.steps[10, 2].hashes_per_second / course.steps[10, 1].hashes_per_second
    assert gain == pytest.approx(2, rel=0.1)


def test_both_copies_of_rng_do_the_same_work(course: Course) -> None:
    """The load spreads: neither copy drew less than 45 % of all bytes."""
    assert len(course.draws) == 2
    assert min(course.draws) >= 0.45 * sum(course.draws) > 0


@pytest.mark.parametrize("step", STEPS)
def test_measurement_agrees_with_the_model(course: Course, step: tuple[int, int]) -> None:
    """Throughput is within 10 % of what the queueing model says, rng's latency too or 20 ms.

    At the knee rng is busy all the time: any disturbance makes a short queue there.
    """
    measured, predicted = course.steps[step], queueing.deterministic(*step)
    assert measured.hashes_per_second == pytest.approx(predicted.throughput, rel=0.1)
    assert measured.rng_seconds == pytest.approx(predicted.rng_latency, rel=0.1, abs=0.02)


def test_a_probe_finds_the_bottleneck(course: Course) -> None:
    """With ten workers at work rng is slow to answer from outside too, and hasher is not."""
    predicted = queueing.deterministic(10).rng_latency
    assert course.probe["rng"] == pytest.approx(predicted, rel=0.25)
    assert course.probe["hasher"] < course.probe["rng"] / 4


# -- how the services behave


def test_every_container_becomes_healthy(course: Course) -> None:
    """All fourteen containers, the busy rng among them, are healthy."""
    assert len(course.health) == 10 + 2 + 3
    assert set(course.health.values()) == {"healthy"}


def test_nobody_is_root(course: Course) -> None:
    """No service runs as root inside its container."""
    assert course.users.keys() == set(dockercoins.SERVICES)
    assert all(int(user) > 0 for user in course.users.values())


def test_each_hash_counts_once(course: Course) -> None:
    """After a redis that froze, and workers stopped at any moment, redis has every hash once."""
    assert course.kept >= 10, "each worker met the frozen redis"
    assert course.counted == course.hashed > 0


def test_sigterm_ends_every_service_within_a_second(course: Course) -> None:
    """Ten workers, two rng, hasher, webui and redis end in order, less than 1 s after SIGTERM."""
    assert len(course.stopped) == len(course.seconds) == 10 + 2 + 3
    assert {stopped.status for stopped in course.stopped} <= {0, 143}
    assert max(course.seconds.values()) < 1.0


def test_logs_are_lines_of_json(course: Course) -> None:
    """The last line of each log says in JSON which signal ended the service."""
    for service, line in course.last_words.items():
        assert (line["service"], line["event"], line["signal"]) == (service, "stopped", "SIGTERM")
    assert course.last_words["worker"]["unreported"] == 0
