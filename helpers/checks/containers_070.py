"""The exercise of containers/070-podman: a pod whose two servers want the same port.

The check looks at the pod's containers, at what the one that ended said, and at what answers
at the ports the pod publishes. `judge` decides from what was seen alone.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.command import tail
from helpers.drivers import pages, podman
from helpers.drivers.engine import engine_errors
from helpers.records.podman import Store
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from helpers.labs.session import Session

PAIR: Final = "pair"
SERVERS: Final = ("menu", "prices")
PATIENCE: Final = 3.0  # seconds for servers that were started a moment ago


@dataclass(frozen=True)
class Seen:
    """What the check saw. pod: whether there is one of this name.

    states: by server, "" where there is none. last_words: by server that has ended. answers:
    what the published ports said, None where one said nothing.
    """

    pod: bool
    states: dict[str, str]
    last_words: dict[str, str]
    answers: tuple[str | None, ...]


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if not seen.pod:
        return NotYet(
            _("There is no pod `pair`."),
            _("`podman kube play --replace` with your pair.yaml makes it; its name must stay."),
        )
    for server, state in seen.states.items():
        if state != "running":
            return _gone(server, state, seen.last_words.get(server, ""))
    if sorted(filter(None, seen.answers)) != sorted(SERVERS):
        said = ", ".join(each or _("nothing") for each in seen.answers) or _("nothing")
        return NotYet(
            _("Both containers run, and the pod's ports answer: {said}.").format(said=said),
            _("`containerPort` must be the port on which that container listens."),
        )
    return Met(_("Two containers of one pod run, and its ports answer: menu, prices."))


def _gone(server: str, state: str, words: str) -> NotYet:
    if not state:
        return NotYet(
            _("The pod has no container `{server}`.").format(server=server),
            _("Both are to be containers of one pod."),
        )
    saw = _("`{server}` is {state}.").format(server=server, state=state)
    if words:
        saw += " " + _("The last it said: {words}").format(words=words)
    return NotYet(saw, _("What do the containers of a pod share?"))


@exercise("containers/070-podman", "pair")
class Pair:
    """A pod in which one of two servers is always gone."""

    hints = (
        "`podman ps --all --pod` shows which of the two has ended, `podman logs` why.",
        "Containers of a pod share one network namespace. How many can listen on 8080 in it?",
        "Give one of them another port: in its command (`httpd -p`) and in `containerPort`. "
        "`hostPort` is the host's, and can stay.",
    )

    def start(self, here: Session) -> None:
        """Write pair.yaml, play it, and wait until one of the two is gone."""
        with engine_errors():
            store, name = here.podman, here.image("busybox")
            image = podman.load(store, here.docker.images.get(name).save(named=True))
        text = Template((here.files / "pair.yaml").read_text(encoding="utf-8"))
        ports = {server: here.port(server) for server in SERVERS}
        plan = text.substitute(pod=here.name(PAIR), image=image, **ports)
        (here.scratch / "pair.yaml").write_text(plan, encoding="utf-8")
        play(here)
        wait_until(
            lambda: set(look(here, patience=0).states.values()),
            lambda states: "exited" in states,
            what=_("one of the two to end"),
        )

    def check(self, here: Session) -> Outcome:
        """See which of the two run, and what answers."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Let `prices` listen on a port of its own."""
        file = here.scratch / "pair.yaml"
        before, mark, after = file.read_text(encoding="utf-8").partition("name: prices")
        file.write_text(before + mark + after.replace("8080", "8081"), encoding="utf-8")
        play(here)
        wait_until(
            lambda: judge(look(here)), lambda seen: isinstance(seen, Met), what=_("both to answer")
        )


def play(here: Session) -> None:
    """Play pair.yaml, in place of a pod that it made before."""
    podman.call(here.podman, "kube", "play", "--replace", str(here.scratch / "pair.yaml"))


def look(here: Session, patience: float = PATIENCE) -> Seen:
    """Look at the pod. patience: seconds for its ports to answer. Raises LabError."""
    store, name = here.podman, here.name(PAIR)
    if podman.call(store, "pod", "exists", name, check=False).status == 1:
        return Seen(False, {}, {}, ())
    found = podman.ask(store, "ps", "--all", "--filter", f"pod={name}") or []
    mine = {each["Names"][0].removeprefix(f"{name}-"): each for each in found}
    states = {server: mine.get(server, {}).get("State", "") for server in SERVERS}
    words = {
        server: _last_words(store, mine[server]["Id"])
        for server, state in states.items()
        if state not in ("", "running")
    }
    return Seen(True, states, words, _answers(_ports(store, name), patience))


def _last_words(store: Store, ident: str) -> str:
    said = podman.call(store, "logs", ident, check=False)
    return tail(said.stdout + said.stderr, 1)


def _ports(store: Store, pod: str) -> list[int]:
    """Return the ports of the host that a pod publishes."""
    told = json.loads(podman.call(store, "pod", "inspect", pod).stdout)
    told = told[0] if isinstance(told, list) else told  # a list since Podman 5
    bindings = (told.get("InfraConfig") or {}).get("PortBindings") or {}
    return sorted(int(each["HostPort"]) for rule in bindings.values() for each in rule or ())


def _answers(ports: list[int], patience: float) -> tuple[str | None, ...]:
    deadline = time.monotonic() + patience
    while True:
        said = tuple(pages.page(port) for port in ports)
        if None not in said or time.monotonic() >= deadline:
            return said
        time.sleep(0.1)
