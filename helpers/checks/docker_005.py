"""The exercise of docker/005-what-docker-is: a container by three requests, and a field unheard.

The reader's requests pass a tap, which notes who asked; the rest is the engine's own word: its
events and what it says of the container. `judge` decides from what was seen alone.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis.engine_calls import short, step
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import docker as engine
from helpers.drivers import tap
from helpers.drivers.engine import engine_errors
from helpers.records.engine import Endpoint
from helpers.records.engine_calls import EngineCall
from helpers.records.host import Engine
from helpers.records.labels import RUN
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

LAB: Final = "docker/005-what-docker-is"
AUDIT: Final = "audit"  # the container
DOOR: Final = "door"  # the socket through which the reader asks
STEPS: Final = (
    "POST /containers/create",
    "POST /containers/…/start",
    "POST /containers/…/wait",
)
CREATED, REFUSED = 201, 400  # of HTTP
EVENTS: Final = ("create", "start", "die")
_AGENTS: Final = {"docker-client": "docker", "docker-sdk-python": "docker SDK"}


@dataclass(frozen=True)
class Seen:
    """What the check saw. state: "" where there is no container.

    sealed: the engine says that its root is read-only. said: what it printed. events: the
    engine's, of this container. asked: the steps heard at the door, for this container.
    clients: programs among those who asked there that are no work by hand.
    """

    state: str = "exited"
    exit_code: int = 0
    sealed: bool = True
    said: str = "sealed"
    labelled: bool = True
    events: tuple[str, ...] = EVENTS
    asked: tuple[str, ...] = STEPS
    clients: tuple[str, ...] = ()
    connected: bool = True


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return _unready(seen) or _unheard(seen) or _open(seen) or _done(seen)


def _unready(seen: Seen) -> NotYet | None:
    if not seen.connected:
        return NotYet(
            _("Nobody listens at the door of this exercise."),
            _("`here.start('three-calls')` opens it, and sets the scene."),
        )
    if not seen.state:
        return NotYet(
            _("There is no container `audit`."),
            _("The first request makes it: `POST /containers/create?name=…`."),
        )
    if seen.state != "exited" or any(each not in seen.events for each in EVENTS):
        told = ", ".join(seen.events) or _("nothing")
        return NotYet(
            _("`audit` is {state}; the engine's events of it: {events}.").format(
                state=seen.state, events=told
            ),
            _("Three requests: create, start, wait. The third returns when it has ended."),
        )
    return None


def _unheard(seen: Seen) -> NotYet | None:
    """Say what did not come through the door, or not by hand."""
    if seen.clients:
        return NotYet(
            _("Through the door came {clients}.").format(clients=", ".join(seen.clients)),
            _("By hand this time: `ask.py`, `curl`, or Python's own `http.client`."),
        )
    missing = [each for each in STEPS if each not in seen.asked]
    if missing:
        return NotYet(
            _("At the door of this exercise nobody asked `{step}` for this container.").format(
                step=missing[0]
            ),
            _("`DOCKER_HOST=` with the door's address, before the command, leads it there."),
        )
    return None


def _open(seen: Seen) -> NotYet | None:
    """Say that the container was not what was wanted."""
    if not seen.labelled:
        return NotYet(
            _("`audit` has no label of this run, so nobody would remove it."),
            _('`"Labels"` stands beside `"Image"`; `order` has it already.'),
        )
    if not seen.sealed or seen.said != "sealed":
        return NotYet(
            _("`audit` said `{said}`, and the engine's `ReadonlyRootfs` of it is {word}.").format(
                said=seen.said, word="true" if seen.sealed else "false"
            ),
            _("What is that field called in the API? `GET /containers/NAME/json` shows them all."),
        )
    return None


def _done(seen: Seen) -> Met:
    return Met(
        _("Create, start, wait, by hand; `audit` said `{said}` and ended with {code}.").format(
            said=seen.said, code=seen.exit_code
        )
    )


# -- by hand


class _Door(http.client.HTTPConnection):
    """HTTP through a socket."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__("engine")
        self._endpoint = endpoint

    def connect(self) -> None:
        self.sock = tap.dial(self._endpoint)


def ask(endpoint: Endpoint, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Send one request; return the answer's status and its JSON, None where it has none."""
    door = _Door(endpoint)
    try:
        text = None if body is None else json.dumps(body)
        door.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = door.getresponse()
        told = answer.read()
        return answer.status, json.loads(told) if told else None
    finally:
        door.close()


def order(here: Session) -> dict[str, Any]:
    """Return the colleague's order: it is taken, and one of its fields is not heard."""
    said: dict[str, Any] = json.loads((here.files / "order.json").read_text(encoding="utf-8"))
    return {**said, "Image": here.image("busybox"), "Labels": here.labels}


def _three_calls(here: Session, wanted: dict[str, Any]) -> None:
    """Make, start and await the container, anew, through the door."""
    name, door = here.name(AUDIT), Endpoint(f"unix://{here.scratch / DOOR}.sock", DOOR)
    for old in here.docker.containers.list(all=True, filters={"name": f"^/?{name}$"}):
        old.remove(force=True)
    ask(door, "POST", f"/containers/create?name={name}", wanted)
    ask(door, "POST", f"/containers/{name}/start")
    ask(door, "POST", f"/containers/{name}/wait")
    made = here.docker.containers.get(name)
    wait_until(made.logs, what=_("the log of `audit`"))  # which a busy engine may write later


def open_door(here: Session) -> None:
    """Listen at the door of this run, if nobody does."""
    if tap.listening(here.scratch, DOOR) or not isinstance(here.engine, Engine):
        return
    made = tap.Tap(here.engine.endpoint, here.scratch, DOOR)
    here.at_end(made.close)


@exercise(LAB, "three-calls")
class ThreeCalls:
    """A container made by the API alone; the order asks for what the engine does not hear."""

    hints = (
        "`ask.py` of this lab sends what you tell it: `DOCKER_HOST={door} {ask} POST "
        "'/containers/create?name=…' '{json}'`. Then `…/start` and `…/wait`. The name is taken: "
        "`docker rm` the colleague's container first.",
        "All went well and nothing was done: look for what the engine made of the order. "
        "`docker inspect` shows the whole `HostConfig`, in the API's words.",
        "`--read-only` is the command line's word, and `read_only` is Compose's. The engine "
        "passes over what it does not know.",
        'In the API it is `"ReadonlyRootfs": true`, in `HostConfig`.',
    )

    def start(self, here: Session) -> None:
        """Open the door and let the colleague's order through."""
        with engine_errors():
            open_door(here)
            _three_calls(here, order(here))

    def check(self, here: Session) -> Outcome:
        """Ask the engine, and what was heard at the door."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """Say it in the API's words."""
        with engine_errors():
            open_door(here)
            right = order(here)
            right["HostConfig"]["ReadonlyRootfs"] = right["HostConfig"].pop("ReadOnly")
            _three_calls(here, right)


# -- looking


def look(here: Session) -> Seen:
    """Look at the container, its events and the door. Raises whatever keeps it from looking."""
    from docker.errors import NotFound

    heard = tap.heard(here.scratch, DOOR)
    try:
        found = here.docker.containers.get(here.name(AUDIT))
    except NotFound:
        return Seen(state="", connected=heard is not None)
    told = engine.events(
        here.docker, since=_born(found), until=time.time(), filters={"container": found.id}
    )
    calls = about(heard or (), str(found.id), here.name(AUDIT))
    return Seen(
        state=found.attrs["State"]["Status"],
        exit_code=found.attrs["State"]["ExitCode"],
        sealed=bool(found.attrs["HostConfig"].get("ReadonlyRootfs")),
        said=found.logs().decode(errors="replace").strip()[:40],
        labelled=found.labels.get(RUN) == here.run,
        events=tuple(each.action for each in told if each.action in EVENTS),
        asked=tuple(step(each) for each in calls),
        clients=clients(calls),
        connected=heard is not None,
    )


def _born(container: Container) -> float:
    """Return an instant just before the container was made."""
    return datetime.fromisoformat(container.attrs["Created"]).timestamp() - 1


def about(heard: Sequence[EngineCall], ident: str, name: str) -> tuple[EngineCall, ...]:
    """Return the steps that made the container as it is, from its last `create` on."""
    makes = [
        at
        for at, each in enumerate(heard)
        if step(each) == STEPS[0] and each.status == CREATED and f"name={name}" in each.path
    ]
    if not makes:
        return ()
    after = (each for each in heard[makes[-1] + 1 :] if step(each) in STEPS[1:])
    mine = (each for each in after if _named(short(each.path).split("/")[2], ident, name))
    return (heard[makes[-1]], *(each for each in mine if each.status < REFUSED))


def _named(word: str, ident: str, name: str) -> bool:
    """Tell whether an address means this container: by its name, its id, or a part of that."""
    return word == name or (bool(word) and ident.startswith(word))


def clients(calls: Sequence[EngineCall]) -> tuple[str, ...]:
    """Return which of the known programs asked, by what they call themselves."""
    found = (
        name
        for each in calls
        for word, name in _AGENTS.items()
        if each.agent.lower().startswith(word)
    )
    return tuple(dict.fromkeys(found))
