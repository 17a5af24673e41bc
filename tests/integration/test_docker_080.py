"""Exercise docker/080-dockercoins/lift: what its check says of repairs that are none."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

from helpers.checks import Met, NotYet, docker_080
from helpers.checks.docker_080 import Lift, Seen, judge, look
from helpers.host import look_for_engine
from helpers.labs import catalog, owner, session
from helpers.records.host import Engine

# -- the verdict, from what was seen


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(down=("worker-10",)), "worker-10"),
        (Seen(rate=9.9), "leads to one address"),
        (Seen(rate=9.9, hashers=2), "hasher leads to 2 addresses"),
        (Seen(rate=9.9, rngs=2), "2 rng run, but the name rng leads to 1"),
        (Seen(rate=9.9, ended=("x-rng-2",)), "has ended: x-rng-2"),
        (Seen(rate=9.9, rngs=2, silent=("x-rng-2",)), "does not answer: x-rng-2"),
        (Seen(rate=9.9, elsewhere=("x-rng-2",)), "not on the application's network: x-rng-2"),
        (Seen(rate=9.9, rngs=2, answers=2), "the goal is more than 13"),
        (Seen(rate=33.0, drawn_at=0.1), "does not draw one at a time"),
        (Seen(rate=33.0), "more than 1 rng can draw for"),
        (Seen(rate=33.0, rngs=0, drawn_at=0.0), "more than 0 rng can draw for"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_seen_is_said(seen: Seen, says: str) -> None:
    """Each way to miss the goal is told apart from the others, and comes with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint


def test_two_rng_meet_the_goal() -> None:
    """Nearly twenty hashes a second with two rng that draw one at a time are the solution."""
    outcome = judge(Seen(rate=19.2, rngs=2, answers=2))
    assert isinstance(outcome, Met)
    assert "19.2 hashes/s with 10 workers and 2 rng" in outcome.observed


def test_any_number_of_rng_meets_the_goal() -> None:
    """A third rng, or a proxy in front of two, is a solution as well."""
    assert isinstance(judge(Seen(rate=29.0, rngs=3, answers=3)), Met)
    assert isinstance(judge(Seen(rate=19.2, rngs=2, answers=1)), Met)


# -- the same on the real engine

Here = session.Session


@pytest.fixture(scope="module")
def here() -> Iterator[Here]:
    engine = look_for_engine()
    assert isinstance(engine, Engine), engine
    made = Here(catalog.load(docker_080.LAB), session.new_run(), engine, owner.current())
    try:
        yield made
    finally:
        removal = made.close()
    assert not removal.failed


def run(here: Here, short: str, image: str, alias: str, network: bool = True) -> None:
    """Start a container the way a reader might."""
    net = here.name("net")
    config = {net: here.docker.api.create_endpoint_config(aliases=[alias] if alias else [])}
    here.docker.containers.create(
        image,
        name=here.name(short),
        labels=here.labels,
        **({"network": net, "networking_config": config} if network else {}),
    ).start()


def second_hasher(here: Here) -> None:
    run(here, "hasher-2", f"{here.name('hasher')}:1", "hasher")


def second_rng_without_its_name(here: Here) -> None:
    run(here, "other", f"{here.name('rng')}:1", "")


def second_rng_elsewhere(here: Here) -> None:
    run(here, "other", f"{here.name('rng')}:1", "", network=False)


def rng_with_more_clerks(here: Here) -> None:
    rng = f"{here.name('rng')}:1"
    here.docker.images.build(
        fileobj=io.BytesIO(
            f"FROM {rng}\nUSER 0\n"
            "RUN sed -i s/max_workers=1/max_workers=9/ /app/rng.py\nUSER 10001\n".encode()
        ),
        tag=f"{here.name('quick')}:1",
        labels=here.labels,
        rm=True,
    )
    run(here, "quick", f"{here.name('quick')}:1", "rng")


def rng_that_sleeps(here: Here) -> None:
    net = here.name("net")
    here.docker.containers.create(
        f"{here.name('rng')}:1",
        ["sh", "-c", "exec sleep 600", "/app/rng.py"],
        name=here.name("mute"),
        labels=here.labels,
        network=net,
        networking_config={net: here.docker.api.create_endpoint_config(aliases=["many"])},
    ).start()


def fewer_workers(here: Here) -> None:
    here.container("worker-7").kill()
    here.container("worker-9").remove(force=True)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(
    ("mend", "says"),
    [
        (second_hasher, "The name hasher leads to 2 addresses"),
        (second_rng_without_its_name, "2 rng run, but the name rng leads to 1"),
        (second_rng_elsewhere, "not on the application's network"),
        (rng_with_more_clerks, "does not draw one at a time"),
        (rng_that_sleeps, "does not answer"),
        (fewer_workers, "worker-7, worker-9"),
    ],
)
def test_no_repair(here: Here, mend: Callable[[Here], None], says: str) -> None:
    """A repair of something else is seen for what it is; starting anew clears it away."""
    Lift().start(here)
    mend(here)
    outcome = judge(look(here, seconds=4))
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed


@pytest.mark.docker
@pytest.mark.slow
def test_a_proxy_is_a_solution_too(here: Here) -> None:
    """What answers for rng may be a proxy in front of two: the check looks at what is made."""
    Lift().start(here)
    for copy in ("rng-2", "rng-3"):
        run(here, copy, f"{here.name('rng')}:1", "many")
    net = here.docker.networks.get(here.name("net"))
    net.disconnect(here.name("rng"))
    net.connect(here.name("rng"), aliases=["many"])
    here.docker.containers.create(
        here.image("python"),
        ["python3", "-c", PROXY],
        name=here.name("proxy"),
        labels=here.labels,
        network=here.name("net"),
        networking_config={here.name("net"): here.docker.api.create_endpoint_config(["rng"])},
    ).start()
    outcome = judge(look(here, seconds=4))
    assert isinstance(outcome, Met), outcome
    assert "3 rng" in outcome.observed


PROXY = """
import itertools, socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen
found = sorted({info[4][0] for info in socket.getaddrinfo("many", 8080, socket.AF_INET)})
turn = itertools.cycle(found)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = urlopen(f"http://{next(turn)}:8080{self.path}").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
