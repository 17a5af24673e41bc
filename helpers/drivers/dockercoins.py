"""Run DockerCoins on an engine, and measure it from outside.

    images = build(client, here.name, here.labels)
    coins = up(client, here.name, network, here.labels, images)
    coins.scale("worker", 3)
    measure(coins.url("webui"), 30).hashes_per_second

Containers are named `name("worker-2")` and found by their network aliases redis, rng,
hasher, worker and webui: copies of a service share its alias.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from helpers import paths
from helpers.drivers.engine import engine_errors
from helpers.errors import BookError, LabError
from helpers.records.dockercoins import Latency, Sample, Stopped, Throughput
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

FOLDER: Final = paths.LABS / "dockercoins"
PORT: Final = 8080  # of each service but redis, inside its container
BUILT: Final = ("rng", "hasher", "worker", "webui")
SERVICES: Final = ("redis", "rng", "hasher", "worker", "webui")  # in order of starting
STOP_SECONDS: Final = 5  # before the engine kills; the services need less than one

Name = Callable[[str], str]
Progress = Callable[[str], None]


def quiet(_step: str) -> None:
    """Show no progress."""


# -- the application


def build(
    client: DockerClient,
    name: Name,
    labels: Mapping[str, str],
    *,
    base: str = "caas-book/python:1",
    folder: Path = FOLDER,
    progress: Progress = quiet,
) -> dict[str, str]:
    """Build the four images from `folder` and return the reference of each service's image.

    The images are named `name(service)` and bear `labels`; redis's is a base image of the
    book. base: has Python 3.11 and python3-redis. Raises EngineError.
    """
    images = {"redis": "caas-book/redis:1"}
    for service in BUILT:
        progress(_("Building {service}").format(service=service))
        images[service] = f"{name(service)}:1"
        with engine_errors():
            client.images.build(
                path=str(folder / service),
                tag=images[service],
                buildargs={"BASE": base},
                labels=dict(labels),
                rm=True,
                forcerm=True,
            )
    return images


class DockerCoins:
    """The running application. `up` makes one; all changes go through it."""

    def __init__(
        self,
        client: DockerClient,
        name: Name,
        network: str,
        labels: Mapping[str, str],
        images: Mapping[str, str],
        *,
        published: Collection[str] = ("webui",),
        progress: Progress = quiet,
    ) -> None:
        self.client = client
        self.name = name
        self.network = network
        self.labels = dict(labels)
        self.images = dict(images)
        self.published = frozenset(published)
        self.progress = progress
        self.containers: dict[str, list[Container]] = {service: [] for service in SERVICES}

    def copies(self, service: str) -> int:
        """Return how many containers of `service` there are."""
        return len(self._of(service))

    def scale(self, service: str, copies: int) -> tuple[Stopped, ...]:
        """Start or stop containers until `service` has `copies`; the youngest go first.

        Return how the ones that had to go ended. Raises EngineError.
        """
        running = self._of(service)
        while len(running) < copies:
            running.append(self._start(service, len(running) + 1))
        surplus = running[copies:]
        stopped = tuple(self._stop(container) for container in reversed(surplus))
        for container in surplus:
            _remove(container)
        del running[copies:]
        return stopped

    def url(self, service: str) -> str:
        """Return where this machine reaches the first copy of a published service."""
        with engine_errors():
            first = self._of(service)[0]
            first.reload()
            bound = first.ports.get(f"{PORT}/tcp")
        if not bound:
            raise BookError(_("The service {service} is not published.").format(service=service))
        return f"http://127.0.0.1:{bound[0]['HostPort']}"

    def stop(self, *services: str) -> tuple[Stopped, ...]:
        """Stop the containers of `services` (default: all) with SIGTERM; say how each ended.

        They stay, with their logs, until `remove`. Raises EngineError.
        """
        order = services or ("worker", "webui", "rng", "hasher", "redis")
        return tuple(self._stop(container) for name in order for container in self._of(name))

    def remove(self) -> None:
        """Remove every container, running, stopped or gone. The network and the images stay."""
        for containers in self.containers.values():
            while containers:
                _remove(containers[-1])
                containers.pop()

    def _of(self, service: str) -> list[Container]:
        if service not in self.containers:
            raise BookError(_("DockerCoins has no service {service}.").format(service=service))
        return self.containers[service]

    def _start(self, service: str, number: int) -> Container:
        name = self.name(f"{service}-{number}")
        self.progress(_("Starting {name}").format(name=name))
        with engine_errors():
            alias = self.client.api.create_endpoint_config(aliases=[service])
            container = self.client.containers.create(
                self.images[service],
                name=name,
                labels=self.labels,
                network=self.network,
                networking_config={self.network: alias},
                ports={f"{PORT}/tcp": ("127.0.0.1", 0)} if service in self.published else {},
            )
            container.start()
        return container

    def _stop(self, container: Container) -> Stopped:
        name = container.name or ""
        self.progress(_("Stopping {name}").format(name=name))
        with engine_errors():
            began = time.monotonic()
            container.stop(timeout=STOP_SECONDS)
            seconds = time.monotonic() - began
            status = int(container.wait()["StatusCode"])
        return Stopped(name, seconds, status)


def _remove(container: Container) -> None:
    from docker.errors import NotFound

    with engine_errors(), suppress(NotFound):  # gone already: the wish is fulfilled
        container.remove(force=True, v=True)


def up(
    client: DockerClient,
    name: Name,
    network: str,
    labels: Mapping[str, str],
    images: Mapping[str, str],
    *,
    workers: int = 1,
    rngs: int = 1,
    published: Collection[str] = ("webui",),
    progress: Progress = quiet,
) -> DockerCoins:
    """Start the five services on `network`, and wait until hashes come in.

    name: makes a run-unique name (`here.name`). published: services that this machine may
    reach, each copy on a free port of 127.0.0.1. Raises EngineError, TimedOut; what was
    started by then bears the labels, so that the session's clean-up finds it.
    """
    coins = DockerCoins(
        client,
        name,
        network,
        labels,
        images,
        published={*published, "webui"},
        progress=progress,
    )
    for service, copies in {"redis": 1, "rng": rngs, "hasher": 1, "webui": 1}.items():
        coins.scale(service, copies)
    coins.scale("worker", workers)
    url = coins.url("webui")
    progress(_("Waiting for the first hashes"))
    wait_until(
        lambda: _hashes(url),
        lambda seen: seen > 0,
        what=_("the first hashes"),
        seconds=30,
        every=0.2,
    )
    return coins


def _hashes(url: str) -> int:
    try:
        return counters(url).hashes
    except LabError:
        return 0  # not up yet


# -- the measuring client


def ask(url: str, data: bytes | None = None, *, timeout: float = 15.0) -> bytes:
    """GET `url`, or POST `data` there, on a new connection. Raises LabError."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET" if data is None else "POST", parts.path or "/", data)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered(url, str(error) or type(error).__name__) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise _unanswered(url, f"{answer.status} {body[:200].decode(errors='replace')}")
    return body


def _unanswered(url: str, detail: str) -> LabError:
    return LabError(
        _("{url} does not answer as it should ({detail}).").format(url=url, detail=detail.strip()),
        remedy=_("See whether its container runs, and what `docker logs` says of it."),
    )


def counters(url: str, *, clock: Callable[[], float] = time.monotonic) -> Sample:
    """Return the counters of the webui at `url` now. Raises LabError."""
    found = json.loads(ask(f"{url.rstrip('/')}/json", timeout=5.0))
    return Sample(at=clock(), hashes=int(found["hashes"]), coins=int(found["coins"]))


def watch(
    url: str,
    seconds: float,
    *,
    every: float = 0.25,
    patience: float = 5.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Sample]:
    """Yield the counters of the webui at `url` each `every` seconds, for `seconds` seconds.

    A look that fails is left out; `patience` seconds of failures raise their LabError.
    Counters that fall (redis lost its data) raise LabError: they measure nothing.
    """
    began = answered = clock()
    before: Sample | None = None
    while clock() - began <= seconds:
        try:
            sample = counters(url, clock=clock)
        except LabError:
            if clock() - answered > patience:
                raise
        else:
            if before is not None and sample.hashes < before.hashes:
                raise LabError(
                    _("The counter of hashes went back: redis began anew."),
                    remedy=_("Measure again, with redis left alone."),
                )
            answered, before = sample.at, sample
            yield sample
        sleep(every)


def measure(
    url: str,
    seconds: float = 30.0,
    *,
    warm_up: float = 2.0,
    progress: Callable[[Sample], None] = lambda _sample: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Throughput:
    """Measure hashes per second at the webui at `url` for `seconds`, after `warm_up` seconds.

    Near-deterministic: 10 s give the rate within about 2 %, 30 s within 1 %.
    progress: sees each sample as it comes. Raises LabError.
    """
    sleep(warm_up)
    samples = []
    for sample in watch(url, seconds, clock=clock, sleep=sleep):
        progress(sample)
        samples.append(sample)
    return Throughput(tuple(samples))


def latency(
    url: str,
    count: int = 20,
    *,
    data: bytes | None = None,
    pause: float = 0.5,
    progress: Callable[[float], None] = lambda _seconds: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Latency:
    """Ask `url` `count` times, one at a time, `pause` seconds apart; return how long each took.

    data: to POST (hasher); without it, GET. The asker queues like any worker, and so makes
    the queue a little longer: keep the pause. Raises LabError at the first failure.
    """
    took = []
    for number in range(count):
        if number:
            sleep(pause)
        began = clock()
        ask(url, data)
        took.append(clock() - began)
        progress(took[-1])
    return Latency(tuple(took))


def settle(workers: Iterable[Container], *, seconds: float = 30.0) -> None:
    """Wait until each of `workers` has reported from now on, as it does about once a second.

    What is measured or logged after that belongs to the present crew. Raises TimedOut.
    """
    began, silent = time.time(), list(workers)

    def look() -> list[str]:
        silent[:] = [worker for worker in silent if not _reports(worker, began)]
        return [worker.name or "" for worker in silent]

    what = _("a report of each worker")
    wait_until(look, lambda names: not names, what=what, seconds=seconds, every=0.25)


def _reports(worker: Container, since: float) -> list[dict[str, Any]]:
    return [line for line in log_lines(worker, since) if line["event"] == "reported"]


def waits(workers: Iterable[Container], since: float) -> dict[str, float]:
    """Return the mean seconds that `workers` waited for rng and for hasher, from their logs.

    since: seconds since the epoch; workers report once a second. Raises LabError where no
    worker reported since then.
    """
    sums = {"rng": [0.0, 0.0], "hasher": [0.0, 0.0]}
    for worker in workers:
        for line in _reports(worker, since):
            for name, seconds in line["seconds"].items():
                sums[name][0] += seconds * line["hashes"]
                sums[name][1] += line["hashes"]
    if not sums["rng"][1]:
        raise LabError(_("No worker has reported since then."), remedy=_("Wait a few seconds."))
    return {name: total / hashes for name, (total, hashes) in sums.items()}


def log_lines(container: Container, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """Yield the JSON lines that `container` logged since an instant (seconds since the epoch).

    Lines that are no JSON objects are left out. Raises EngineError.
    """
    with engine_errors():
        text = container.logs(since=since or None).decode(errors="replace")
    for line in text.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            if found["time"] >= since:
                yield found
