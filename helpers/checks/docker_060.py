"""The exercise of docker/060-networks: a shop of three containers that do not reach each other.

The check sends a request the way a customer does and reads what the window says of its
neighbours; networks, ports and listening sockets only explain what came. `judge` decides from
what was seen alone, so that each verdict can be tested without an engine.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel.sockets import parse_listeners
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

IMAGE: Final = "mall"
NETWORK: Final = "mall"
PORTS: Final = {"window": 80, "stock": 8000, "ledger": 7000}
GOOD: Final = {"stock": "12 cups", "ledger": "3 sales"}


@dataclass(frozen=True)
class Part:
    """One container. networks: their names; listening: addresses at which it waits."""

    state: str = "running"
    networks: tuple[str, ...] = ("mall",)
    listening: tuple[str, ...] = ("0.0.0.0",)


@dataclass(frozen=True)
class Seen:
    """What the check saw. port: of the window, as (address, port, port inside), None where none
    is published. said: by name what the window said of each; empty where it did not answer."""

    parts: Mapping[str, Part]
    port: tuple[str, int, int] | None = ("127.0.0.1", 18080, 80)
    said: Mapping[str, str] = field(default_factory=dict)


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return _missing(seen) or _closed(seen) or _deaf(seen) or Met(
        _("A customer asked at 127.0.0.1:{port} and the window knew: {stock}, {ledger}.").format(
            port=(seen.port or ("", 0, 0))[1], **seen.said
        )
    )  # fmt: skip


def _missing(seen: Seen) -> NotYet | None:
    for name in PORTS:
        if seen.parts[name].state != "running":
            return NotYet(
                _("The container `{name}` is {state}.").format(
                    name=name, state=seen.parts[name].state or _("not there")
                ),
                _("Its log says why it ended; `here.start('mall')` sets the scene anew."),
            )
    return None


def _closed(seen: Seen) -> NotYet | None:
    """Say why no customer reaches the window."""
    if seen.port is None:
        return NotYet(
            _("No port of the machine leads to the window."),
            _("`-p 127.0.0.1:PORT:80`, when the container is made: it cannot be added later."),
        )
    address, port, inside = seen.port
    if address != "127.0.0.1":
        return NotYet(
            _("Port {port} is published at {address}: for the whole neighbourhood.").format(
                port=port, address=address
            ),
            _("Put 127.0.0.1 in front of the port: `-p 127.0.0.1:{port}:80`.").format(port=port),
        )
    if not seen.said:
        return NotYet(
            _(
                "At 127.0.0.1:{port} nobody answers. That port leads to port {inside} of the "
                "window, and the window listens at 80."
            ).format(port=port, inside=inside),
            _("`docker port` shows where a port leads; `/proc/net/tcp` inside, who listens."),
        )
    return None


def _deaf(seen: Seen) -> NotYet | None:
    """Say which neighbour the window does not reach, and what can be seen of it."""
    for name, good in GOOD.items():
        if seen.said.get(name) == good:
            continue
        part = seen.parts[name]
        saw = _(
            "The window says `{name}: {said}`. It is on {ours}, `{name}` on {theirs}, where it "
            "listens at {addresses}."
        ).format(
            name=name,
            said=seen.said.get(name) or _("nothing"),
            ours=" and ".join(seen.parts["window"].networks),
            theirs=" and ".join(part.networks) or _("no network"),
            addresses=", ".join(part.listening) or _("no address"),
        )
        return NotYet(saw, _hint(name, seen))
    return None


def _hint(name: str, seen: Seen) -> str:
    part, said = seen.parts[name], seen.said.get(name, "")
    if not set(part.networks) & set(seen.parts["window"].networks):
        return _("They share no network. `docker network connect` needs no restart.")
    if said == "unknown name":
        return _(
            "They share a network, but nobody there is called `{name}`. A name of one's own is "
            "given with `--alias` or `--network-alias`, on each network anew."
        ).format(name=name)
    if part.listening and all(each.startswith("127.") for each in part.listening):
        return _("127.0.0.1 is each container's own. mall.py says what LISTEN is for.")
    return _("Ask from the window's place: `docker run --rm --network container:...`.")


@exercise("docker/060-networks", "mall")
class Mall:
    """A window that sells nothing: a port that leads nowhere, a wrong network, a shy ledger."""

    hints = (
        "Begin where the customer stands and go on inwards: `docker port` for the window, and "
        "compare with the port at which mall.py listens.",
        "`docker inspect` shows the networks of each. A container on the wrong one can be "
        "connected to another while it runs, with `--alias` for the name it is asked by.",
        "`connection refused` means: name and network are right, and nobody listens at that "
        "address. `cat /proc/net/tcp` shows 0100007F, which is 127.0.0.1.",
        "`docker rm -f` and `docker run` the window with `-p 127.0.0.1:PORT:80`; connect the "
        "stock with `--alias stock`; run the ledger without LISTEN, `--network-alias ledger`.",
    )

    def start(self, here: Session) -> None:
        """Build the mall's image and run the three, each with its fault."""
        with engine_errors():
            _build(here)
            _clear(here)
            for name in ("mall", "yard"):
                if not here.docker.networks.list(names=[here.name(name)]):
                    here.docker.networks.create(here.name(name), labels=here.labels)
            _run(here, "window", "mall", port=8080)
            _run(here, "stock", "yard")
            _run(here, "ledger", "mall", listen="127.0.0.1")
            _await(here, "ledger")

    def check(self, here: Session) -> Outcome:
        """Ask as a customer, and look at the three."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """The right port, the right network with the right name, every address."""
        with engine_errors():
            _run(here, "window", "mall", port=80)
            mall = here.docker.networks.get(here.name("mall"))
            stock = here.container("stock")
            if mall.name not in stock.attrs["NetworkSettings"]["Networks"]:
                mall.connect(stock, aliases=["stock"])
            _run(here, "ledger", "mall")
            _await(here, "window")
            _await(here, "ledger")


def _build(here: Session) -> None:
    here.docker.images.build(
        path=str(here.files / IMAGE), tag=here.name(IMAGE), labels=here.labels,
        buildargs={"BASE": here.image("python")}, rm=True,
    )  # fmt: skip


def _clear(here: Session) -> None:
    for name in PORTS:
        _remove(here, name)


def _remove(here: Session, name: str) -> None:
    for old in here.docker.containers.list(all=True, filters={"name": f"^/?{here.name(name)}$"}):
        old.remove(force=True, v=True)


def _run(
    here: Session, name: str, network: str, *, port: int | None = None, listen: str = ""
) -> None:
    """Run one anew. port: of the container, published at the reader's port "window"."""
    _remove(here, name)
    network = here.name(network)
    published = {f"{port}/tcp": ("127.0.0.1", here.port("window"))} if port else None
    endpoint = here.docker.api.create_endpoint_config(aliases=[name])
    here.docker.containers.run(
        here.name(IMAGE),
        ["python3", "/mall.py", name],
        name=here.name(name),
        labels=here.labels,
        environment={"LISTEN": listen} if listen else None,
        network=network,
        networking_config={network: endpoint},
        ports=published,
        detach=True,
    )


def _await(here: Session, name: str) -> None:
    container = here.container(name)
    wait_until(
        lambda: _listening(container, PORTS[name]), what=_("{name} to listen").format(name=name)
    )


# -- looking


def look(here: Session) -> Seen:
    """Look at the three, and ask. Raises whatever keeps it from looking."""
    from docker.errors import NotFound

    parts: dict[str, Part] = {}
    window: Container | None = None
    for name, port in PORTS.items():
        try:
            container = here.docker.containers.get(here.name(name))
        except NotFound:
            parts[name] = Part(state="")
            continue
        parts[name] = _part(here, container, port)
        window = container if name == "window" else window
    published = _published(window.attrs) if window is not None else None
    said = _ask(published[1]) if published and published[0] == "127.0.0.1" else {}
    return Seen(parts, published, said)


def _part(here: Session, container: Container, port: int) -> Part:
    state = container.attrs["State"]["Status"]
    prefix = here.name("")
    networks = tuple(
        name.removeprefix(prefix) for name in sorted(container.attrs["NetworkSettings"]["Networks"])
    )
    return Part(state, networks, _listening(container, port) if state == "running" else ())


def _listening(container: Container, port: int) -> tuple[str, ...]:
    said = container.exec_run(["cat", "/proc/net/tcp"]).output
    try:
        found = parse_listeners(said.decode("utf-8", "replace") if isinstance(said, bytes) else "")
    except LabError:
        return ()
    return tuple(each.address for each in found if each.port == port)


def _published(attrs: Mapping[str, Any]) -> tuple[str, int, int] | None:
    for inside, bindings in sorted((attrs["NetworkSettings"]["Ports"] or {}).items()):
        for binding in bindings or []:
            address = binding.get("HostIp") or "0.0.0.0"
            return address, int(binding["HostPort"]), int(inside.partition("/")[0])
    return None


def _ask(port: int) -> dict[str, str]:
    """Return what the window says of its neighbours; nothing where it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            text = answer.read(1000).decode("utf-8", "replace")
    except (OSError, ValueError):
        return {}
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
