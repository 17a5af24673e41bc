"""The exercise of docker/080-dockercoins: ten workers, one rng, and nobody may touch rng's code.

The check looks at containers and at the name `rng` as the services themselves see it, tries
whether each rng still serves one request at a time, and measures the throughput. `judge`
then decides from what was seen alone, so that each verdict can be tested without an engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import queueing
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import dockercoins
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.records import labels
from helpers.text import _

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

LAB: Final = "docker/080-dockercoins"
WORKERS: Final = 10
ENOUGH: Final = 13.0  # hashes/s: one rng gives 10 at most, two nearly 20
SECONDS: Final = 8.0  # of measuring: within some 3 %, and 10, 13 and 19 lie further apart
AT_ONCE: Final = 4  # requests sent together to see whether they are served one at a time
CREW: Final = ("redis", "rng", "hasher", "webui", *(f"worker-{n}" for n in range(1, WORKERS + 1)))
ASKED: Final = ("redis", "rng", "hasher")  # services that others ask for by name

# Runs inside hasher's container, because only there do the names resolve and the addresses
# answer wherever the engine lives. Prints what DNS says and how long AT_ONCE requests took
# (null: a copy that did not answer; one that has only just started is given its time).
PROBE: Final = """
import json, socket, sys, time
from threading import Thread
from urllib.request import urlopen

def ask(address):
    urlopen(f"http://{address}:8080/1", timeout=20).read()

def answers(address, within):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            ask(address)
            return True
        except OSError:
            time.sleep(0.1)

def seconds(address, at_once):
    if not answers(address, within=10):
        return None
    began = time.monotonic()
    asking = [Thread(target=ask, args=(address,)) for _ in range(at_once)]
    for thread in asking: thread.start()
    for thread in asking: thread.join()
    return time.monotonic() - began

def addresses(name):
    try:
        return sorted({info[4][0] for info in socket.getaddrinfo(name, 8080, socket.AF_INET)})
    except OSError:
        return []

at_once, *copies = sys.argv[1:]
print(json.dumps({
    "rng": addresses("rng"),
    "hasher": addresses("hasher"),
    "seconds": [seconds(address, int(at_once)) for address in copies],
}))
"""


@dataclass(frozen=True)
class Seen:
    """What the check saw, before it judges.

    down: members of the crew that do not run. ended: rng containers that do not run.
    rngs: rng containers that run on the application's network; elsewhere: those that run
    off it; silent: those on it that do not answer. answers, hashers: addresses that DNS
    gives for rng and for hasher. drawn_at: the fastest of the rngs that answer, in seconds
    for AT_ONCE requests. rate: hashes a second.
    """

    down: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    rngs: int = 1
    answers: int = 1
    hashers: int = 1
    workers: int = WORKERS
    drawn_at: float = AT_ONCE * queueing.DOCKERCOINS.rng
    rate: float = 0.0


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return _broken_up(seen) or _unfair(seen) or _lifted(seen) or _still_slow(seen)


def _broken_up(seen: Seen) -> Outcome | None:
    if not seen.down:
        return None
    return NotYet(
        _("Not all of the application runs: {names}.").format(names=", ".join(seen.down)),
        _("All ten workers must take part; `here.start('lift')` sets the scene anew."),
    )


def _unfair(seen: Seen) -> Outcome | None:
    one_by_one = AT_ONCE * queueing.DOCKERCOINS.rng
    if 0 < seen.drawn_at < 0.9 * one_by_one:
        return NotYet(
            _(
                "An rng answered {many} requests in {took:.2f} s: it does not draw one at a "
                "time, 0.1 s each, any more."
            ).format(many=AT_ONCE, took=seen.drawn_at),
            _("rng stands for a device whose speed cannot be changed. What else can?"),
        )
    if seen.rate > 1.1 * queueing.cap(max(seen.rngs, 1)):
        return NotYet(
            _("{rate:.1f} hashes/s are more than {copies} rng can draw for.").format(
                rate=seen.rate, copies=seen.rngs
            ),
            _("The bytes come from elsewhere. Leave what rng does to rng."),
        )
    return None


def _lifted(seen: Seen) -> Outcome | None:
    if seen.rate <= ENOUGH:
        return None
    return Met(
        _(
            "{rate:.1f} hashes/s with {workers} workers and {copies} rng, each still drawing "
            "one at a time: the cap of one rng, 10, is lifted."
        ).format(rate=seen.rate, workers=seen.workers, copies=seen.rngs)
    )


def _still_slow(seen: Seen) -> NotYet:
    measured = _("{rate:.1f} hashes/s with {workers} workers; the goal is more than {goal:g}.")
    saw, hint = _why_slow(seen)
    return NotYet(
        " ".join([measured.format(rate=seen.rate, workers=seen.workers, goal=ENOUGH), saw]).strip(),
        hint,
    )


def _why_slow(seen: Seen) -> tuple[str, str]:
    """Return what explains a throughput that is still too low, and where to look next."""
    if seen.ended:
        return (
            _("An rng has ended: {names}.").format(names=", ".join(seen.ended)),
            _("`docker logs` tells why."),
        )
    if seen.silent:
        return (
            _("An rng runs, but does not answer: {names}.").format(names=", ".join(seen.silent)),
            _("`docker logs` tells what it says of itself."),
        )
    if seen.elsewhere:
        return (
            _("An rng runs, but not on the application's network: {names}.").format(
                names=", ".join(seen.elsewhere)
            ),
            _("`docker network connect` can join a running container, with `--alias`."),
        )
    if seen.rngs > seen.answers:
        return (
            _("{copies} rng run, but the name rng leads to {answers} address.").format(
                copies=seen.rngs, answers=seen.answers
            ),
            _("What did `--network-alias` do for the first one?"),
        )
    if seen.rngs > 1:
        return "", _(
            "That is less than {n} rng can give: is this machine busy? Check again."
        ).format(n=seen.rngs)
    if seen.hashers > 1:
        return (
            _("The name hasher leads to {n} addresses, the name rng to one.").format(
                n=seen.hashers
            ),
            _("Which of the two did the workers wait for?"),
        )
    return _("The name rng leads to one address."), _("Who draws for all these workers?")


@exercise(LAB, "lift")
class Lift:
    """Ten workers, one rng: find a way past ten hashes a second."""

    hints = (
        "The workers know rng by its name only. What does DNS answer for it? "
        "`docker exec CONTAINER getent ahostsv4 rng`",
        "Several containers on a network may bear the same `--network-alias`: DNS then gives "
        "all their addresses, and each worker takes them in turn.",
        "Start another container from rng's image with `--network ... --network-alias rng` and "
        "a name of its own.",
    )

    def start(self, here: Session) -> None:
        """Have one rng and ten workers; what runs already goes on running."""
        kept = {here.name(short) for short in CREW}
        with engine_errors():
            _network(here)
            for container in _labelled(here):
                if container.name not in kept:
                    container.remove(force=True, v=True)
            standing = _standing(here)
            for short in CREW:
                _stand(here, short, standing)

    def check(self, here: Session) -> Outcome:
        """See who runs, what DNS says, how rng serves, and how fast it all goes."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Start a second rng behind the same name."""
        with engine_errors():
            _stand(here, "rng-2", _standing(here))


# -- setting the scene


def _network(here: Session) -> None:
    if not here.docker.networks.list(names=[here.name("net")]):
        here.docker.networks.create(here.name("net"), labels=here.labels)


def _stand(here: Session, short: str, standing: Mapping[str, Container]) -> None:
    """Have the container `short` ("worker-3") run on the network, under its service's name."""
    service = short.split("-")[0]
    name = here.name(short)
    if container := standing.get(name):
        named = service not in ASKED or service in _aliases(here, container)
        if named and _on_network(here, container):
            return
        container.remove(force=True, v=True)
    port = {f"{dockercoins.PORT}/tcp": ("127.0.0.1", here.port("webui"))}
    alias = here.docker.api.create_endpoint_config(aliases=[service])
    here.docker.containers.create(
        _image(here, service),
        name=name,
        labels=here.labels,
        network=here.name("net"),
        networking_config={here.name("net"): alias},
        ports=port if service == "webui" else {},
    ).start()


def _image(here: Session, service: str) -> str:
    """Return the image of `service`, built from the book's files where the page has not yet."""
    from docker.errors import ImageNotFound

    if service == "redis":
        return here.image("redis")
    image = f"{here.name(service)}:1"
    try:
        here.docker.images.get(image)
    except ImageNotFound:
        base = here.image("python")
        dockercoins.build(here.docker, here.name, here.labels, base=base)
    return image


# -- looking


def look(here: Session, seconds: float = SECONDS) -> Seen:
    """Look at this run's DockerCoins and measure it for `seconds`. Raises LabError."""
    with engine_errors():
        standing = _standing(here)
        down = tuple(s for s in CREW if not _works(here, standing.get(here.name(s))))
        if down:
            return Seen(down=down)
        rngs = [c for c in standing.values() if _runs(c, "rng.py")]
        joined = [c for c in rngs if _on_network(here, c)]
        found = _probe(here, [_address(here, c) for c in joined])
        took = dict(zip([str(c.name) for c in joined], found["seconds"], strict=True))
        url = f"http://127.0.0.1:{_port(standing[here.name('webui')])}"
    return Seen(
        ended=tuple(str(c.name) for c in rngs if c.status != "running"),
        elsewhere=tuple(str(c.name) for c in rngs if c.status == "running" and c not in joined),
        silent=tuple(name for name, seconds in took.items() if seconds is None),
        rngs=len(joined),
        answers=len(found["rng"]),
        hashers=len(found["hasher"]),
        workers=sum(_runs(c, "worker.py") and _on_network(here, c) for c in standing.values()),
        drawn_at=min((each for each in took.values() if each), default=0.0),
        rate=dockercoins.measure(url, seconds).hashes_per_second,
    )


def _probe(here: Session, addresses: Iterable[str]) -> dict[str, Any]:
    command = ["python3", "-c", PROBE, str(AT_ONCE), *addresses]
    ran = here.container("hasher").exec_run(command, demux=True)
    printed: Any = ran.output  # (stdout, stderr), either may be None
    said, failed = ((part or b"").decode(errors="replace").strip() for part in printed)
    if ran.exit_code != 0:
        raise LabError(
            _("A look from inside hasher's container failed: {error}.").format(
                error=failed.splitlines()[-1] if failed else ran.exit_code
            ),
            remedy=_("Run the cell again; if it stays, `here.start('lift')` begins anew."),
        )
    return json.loads(said)  # type: ignore[no-any-return]


def _labelled(here: Session) -> list[Container]:
    """Return the containers that this run made."""
    run = f"{labels.RUN}={here.run}"
    return here.docker.containers.list(all=True, filters={"label": run})


def _standing(here: Session) -> dict[str, Container]:
    """Return by name what this run made and what else joined its network (a reader may have
    typed `docker run` in a terminal, where nothing adds labels)."""
    joined = here.docker.containers.list(filters={"network": here.name("net")})
    return {str(c.name): c for c in [*_labelled(here), *joined]}


def _runs(container: Container, program: str) -> bool:
    """Tell by the command, not by the image: a reader may well build that anew."""
    command = [container.attrs["Path"], *container.attrs["Args"]]
    return any(word.endswith(f"/{program}") for word in command)


def _works(here: Session, container: Container | None) -> bool:
    return container is not None and _on_network(here, container)


def _on_network(here: Session, container: Container) -> bool:
    return container.status == "running" and bool(_address(here, container))


def _address(here: Session, container: Container) -> str:
    return str(_endpoint(here, container).get("IPAddress") or "")


def _aliases(here: Session, container: Container) -> frozenset[str]:
    return frozenset(_endpoint(here, container).get("Aliases") or ())


def _endpoint(here: Session, container: Container) -> dict[str, Any]:
    networks: dict[str, Any] = container.attrs["NetworkSettings"]["Networks"]
    return networks.get(here.name("net")) or {}


def _port(webui: Container) -> int:
    bound = webui.ports.get(f"{dockercoins.PORT}/tcp")
    if not bound:
        raise LabError(
            _("webui has no port on this machine, so nothing can be measured."),
            remedy=_("`docker rm -f` it; `here.start('lift')` then sets the scene anew."),
        )
    return int(bound[0]["HostPort"])
