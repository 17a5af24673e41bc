"""The exercise of containers/060-engines: two programs in one container, to be parted.

The check looks at the processes of the containers `front` and `ledger`, at their restart
policies, and at what the window says. `judge` decides from what was seen alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

KIOSK: Final = "kiosk"  # the image, and the container that holds both
PARTS: Final = ("front", "ledger")
NETWORK: Final = "street"


@dataclass(frozen=True)
class Part:
    """What the check saw of one container. state: "" where there is none.

    programs: which of the two programs run in it. policy: its restart policy.
    """

    state: str = "running"
    programs: tuple[str, ...] = ()
    policy: str = "always"


@dataclass(frozen=True)
class Seen:
    """What the check saw, before it judges. said: the window's answer to one sale."""

    parts: dict[str, Part] = field(default_factory=dict)
    said: str = "sold: 1"


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    for name, part in seen.parts.items():
        if part.state != "running":
            return _absent(name, part.state)
        if part.programs != (name,):
            inside = ", ".join(f"{each}.py" for each in part.programs) or _("neither program")
            return NotYet(
                _("In `{name}` there runs: {inside}.").format(name=name, inside=inside),
                _("What stands after the image replaces its command: `python3 /{name}.py`.").format(
                    name=name
                ),
            )
        if part.policy not in ("always", "unless-stopped", "on-failure"):
            return NotYet(
                _("Each program has its container, but nobody restarts `{name}`.").format(
                    name=name
                ),
                _("`docker run --restart always`, or `docker update --restart always`."),
            )
    if not seen.said.startswith("sold"):
        return NotYet(
            _("Both run, and the window says: {said}").format(said=seen.said),
            _("127.0.0.1 is another one now. `-e LEDGER=NAME:7000`, on a network both are in."),
        )
    return Met(
        _("Each program has its own container and is restarted; the window says: {said}.").format(
            said=seen.said
        )
    )


def _absent(name: str, state: str) -> NotYet:
    if not state:
        return NotYet(
            _("There is no container `{name}`.").format(name=name),
            _("Run the kiosk's image twice, each time with another command."),
        )
    return NotYet(
        _("`{name}` is {state}.").format(name=name, state=state),
        _("`docker logs` tells why."),
    )


@exercise("containers/060-engines", "split")
class Split:
    """A kiosk whose ledger died unseen, in a container that runs."""

    hints = (
        "The engine watches process 1 of each container. So each program must be a process 1.",
        "The kiosk's image serves for both: `docker run ... IMAGE python3 /ledger.py`.",
        "Apart, they no longer share 127.0.0.1. `docker network create`, `--network` for both, "
        "and `-e LEDGER=NAME_OF_THE_LEDGER:7000` for the front.",
        "`--restart always` for both.",
    )

    def start(self, here: Session) -> None:
        """Run the kiosk, and let its ledger crash."""
        build(here)
        with engine_errors():
            for name in (KIOSK, *PARTS):
                _remove(here, name)
            _run(here, KIOSK)
            _await(here, KIOSK, "sold")
            here.container(KIOSK).exec_run(["python3", "/ask.py", "crash"])
            _await(here, KIOSK, "closed")

    def check(self, here: Session) -> Outcome:
        """See what runs where, and what the window says."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """One container for each, on a network of their own."""
        with engine_errors():
            for name in (KIOSK, *PARTS):
                _remove(here, name)
            if not here.docker.networks.list(names=[here.name(NETWORK)]):
                here.docker.networks.create(here.name(NETWORK), labels=here.labels)
            ledger = {"LEDGER": f"{here.name('ledger')}:7000"}
            for name in PARTS:
                _run(here, name, ["python3", f"/{name}.py"], ledger)
            _await(here, "front", "sold")


def build(here: Session) -> str:
    """Make the kiosk's image, if it is not there, and return its name."""
    with engine_errors():
        if here.docker.images.list(name=here.name(KIOSK)):
            return here.name(KIOSK)
        here.docker.images.build(
            path=str(here.files / "kiosk"),
            tag=here.name(KIOSK),
            labels=here.labels,
            buildargs={"BASE": here.image("python")},
            rm=True,
        )
    return here.name(KIOSK)


def look(here: Session) -> Seen:
    """Look at the two containers. Raises whatever keeps it from looking."""
    from docker.errors import NotFound

    parts: dict[str, Part] = {}
    for name in PARTS:
        try:
            parts[name] = _part(here.docker.containers.get(here.name(name)))
        except NotFound:
            parts[name] = Part(state="")
    if any(part.state != "running" for part in parts.values()):
        return Seen(parts, "")
    return Seen(parts, _ask(here.docker.containers.get(here.name("front"))))


def _part(container: Container) -> Part:
    state = container.attrs["State"]["Status"]
    policy = container.attrs["HostConfig"]["RestartPolicy"]["Name"]
    if state != "running":
        return Part(state, (), policy)
    words = [" ".join(row) for row in container.top()["Processes"]]
    programs = [name for name in PARTS if any(f"/{name}.py" in line for line in words)]
    return Part(state, tuple(programs), policy)


def _ask(container: Container) -> str:
    said = container.exec_run(["python3", "/ask.py"]).output
    return said.decode("utf-8", "replace").strip() if isinstance(said, bytes) else ""


def _run(
    here: Session,
    name: str,
    command: list[str] | None = None,
    environment: dict[str, str] | None = None,
) -> None:
    here.docker.containers.run(
        here.name(KIOSK),
        command,
        name=here.name(name),
        labels=here.labels,
        environment=environment,
        restart_policy={"Name": "always"} if command else None,
        network=here.name(NETWORK) if command else None,
        detach=True,
    )


def _remove(here: Session, name: str) -> None:
    for old in here.docker.containers.list(all=True, filters={"name": f"^/?{here.name(name)}$"}):
        old.remove(force=True, v=True)


def _await(here: Session, name: str, word: str) -> None:
    container = here.container(name)
    wait_until(
        lambda: _ask(container),
        lambda said: said.startswith(word),
        what=_("the window to say {word}").format(word=word),
    )
