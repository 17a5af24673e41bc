"""The exercise of containers/030-namespaces: a clerk who waits in a network that is gone.

The check looks at the namespaces that the kernel shows for the containers `counter` and `clerk`,
at whose network they are said to join, and at what the clerk logs. `judge` decides from what was
seen alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis.namespace_watch import shared, with_host
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.drivers.namespace_watch import Watch
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

COUNTER: Final = "counter"
CLERK: Final = "clerk"
HOLDER: Final = "holder"  # of the reference solution
PRICE: Final = "4 coins"
# 127.0.0.1 alone: only who shares the counter's network reaches it.
SERVES: Final = ("sh", "-c", f"echo {PRICE} > /price; exec httpd -f -p 127.0.0.1:8080 -h /")
ASKS: Final = (
    *("sh", "-c"),
    "while sleep 0.3; do wget -qO- http://127.0.0.1:8080/price 2>&1 | head -n 1; done",
)


@dataclass(frozen=True)
class Seen:
    """What the check saw.

    states: by container, "" where there is none. together: the kernel shows one network for both.
    host: it is the machine's own. lends: the container whose network the counter joins, "" where
    it has its own. said: the last line of the clerk's log.
    """

    states: Mapping[str, str] = field(
        default_factory=lambda: {COUNTER: "running", CLERK: "running"}
    )
    together: bool = True
    host: bool = False
    lends: str = HOLDER
    said: str = PRICE


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    for name, state in seen.states.items():
        if state != "running":
            return NotYet(
                _("`{name}` is {state}.").format(name=name, state=state or _("not there")),
                _("`docker logs` tells why; `here.start('clerk')` sets the scene anew."),
            )
    if not seen.together:
        return NotYet(
            _("The kernel shows two different net namespaces, and the clerk says: {said}").format(
                said=seen.said or _("nothing")
            ),
            _("A container joins a network when it starts, and then stays. Which of the two "
              "started last?"),
        )  # fmt: skip
    if seen.host:
        return NotYet(
            _("Both are in the machine's own net namespace."),
            _("Then anybody on the machine reaches the counter. They should share one of theirs."),
        )
    if not seen.said.startswith(PRICE):
        return NotYet(
            _("Both share a net namespace, and the clerk says: {said}").format(
                said=seen.said or _("nothing")
            ),
            _("The counter must listen on port 8080 of 127.0.0.1, as it did."),
        )
    return _lasting(seen)


def _lasting(seen: Seen) -> Outcome:
    if seen.lends in ("", CLERK):
        return NotYet(
            _("Both share a net namespace; it is that of `{name}`, and goes with it.").format(
                name=seen.lends or COUNTER
            ),
            _("Let a third container hold the network, one that has no reason to restart."),
        )
    return Met(
        _("The kernel shows one net namespace for both; `{holder}` holds it, and the clerk says: "
          "{said}").format(holder=seen.lends, said=seen.said)
    )  # fmt: skip


@exercise("containers/030-namespaces", "clerk")
class Clerk:
    """Two containers that should share a network, and say they do."""

    hints = (
        "`docker inspect` says what was asked for. The kernel says what is: compare the links "
        "/proc/1/ns/net of both, or `explorer.show(\"counter\", \"clerk\")`.",
        "A restarted container gets a new net namespace. Whoever joined the old one stays there.",
        "`docker restart` for the clerk brings them together, until the next time. For good: a "
        "container that only sleeps, and `--network container:HOLDER` for both.",
    )  # fmt: skip

    def start(self, here: Session) -> None:
        """Let the clerk ask at the counter, then restart the counter."""
        with engine_errors():
            for name in (CLERK, COUNTER, HOLDER):
                _remove(here, name)
            _run(here, COUNTER, SERVES)
            _run(here, CLERK, ASKS, COUNTER)
            _await(here, lambda said: said.startswith(PRICE))
            here.container(COUNTER).restart(timeout=0)
            _await(here, lambda said: "refused" in said)

    def check(self, here: Session) -> Outcome:
        """See who is in which net namespace, and what the clerk says."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """Both join the network of a third, which only sleeps."""
        with engine_errors():
            for name in (CLERK, COUNTER, HOLDER):
                _remove(here, name)
            _run(here, HOLDER, ("sleep", "86400"))
            _run(here, COUNTER, SERVES, HOLDER)
            _run(here, CLERK, ASKS, HOLDER)
            _await(here, lambda said: said.startswith(PRICE))


def look(here: Session) -> Seen:
    """Look at the two containers. Raises whatever keeps it from looking."""
    found = {name: _found(here, name) for name in (COUNTER, CLERK)}
    states = {name: each.status if each else "" for name, each in found.items()}
    counter = found[COUNTER]
    if counter is None or set(states.values()) != {"running"}:
        return Seen(states, False, False, "", "")
    watch = Watch(here.docker, here.labels, here.engine)
    seen = watch.look()
    return Seen(
        states,
        together="net" in shared(seen, COUNTER, CLERK),
        host="net" in with_host(seen, COUNTER),
        lends=_lender(here, counter),
        said=_said(here),
    )


def _lender(here: Session, container: Container) -> str:
    """Return the short name of the container whose network this one joins, if it runs."""
    from docker.errors import NotFound

    kind, mark, ident = str(container.attrs["HostConfig"]["NetworkMode"]).partition(":")
    if kind != "container" or not mark:
        return ""
    try:
        lender = here.docker.containers.get(ident)
    except NotFound:
        return ""
    name = str(lender.name)
    return name.removeprefix(here.name("")) if lender.status == "running" else ""


def _found(here: Session, name: str) -> Container | None:
    found = here.docker.containers.list(all=True, filters={"name": f"^/?{here.name(name)}$"})
    return found[0] if found else None


def _said(here: Session) -> str:
    """Return the clerk's last line: it asks three times a second."""
    said: bytes = here.container(CLERK).logs(tail=1)
    return said.decode("utf-8", "replace").strip()


def _run(here: Session, name: str, command: tuple[str, ...], joins: str | None = None) -> None:
    options: dict[str, Any] = {}
    if joins:
        options["network_mode"] = f"container:{here.name(joins)}"
    here.docker.containers.run(
        here.image("busybox"),
        list(command),
        name=here.name(name),
        labels=here.labels,
        detach=True,
        **options,
    )


def _remove(here: Session, name: str) -> None:
    old = _found(here, name)
    if old is not None:
        old.remove(force=True, v=True)


def _await(here: Session, good: Any) -> None:
    wait_until(lambda: _said(here), good, what=_("the clerk's answer"), seconds=30)
