"""The exercise of docker/070-safe: a till that was given far too much.

The check buys something, then reads from the kernel what the till's process may do. `judge`
decides from what was seen alone, so that each verdict can be tested without an engine.
"""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel.isolation import isolation
from helpers.kernel.mounts import read_mounts
from helpers.kernel.processes import read_status
from helpers.records.host import Unavailable
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

TILL: Final = "till"
MEMORY: Final = 128 * 1024 * 1024
SAYS: Final = "rung up by user"


@dataclass(frozen=True)
class Seen:
    """What the check saw of the till. answer: to a customer, empty for none. capabilities: those
    it has or may ever get. writable: its root file system. pids, memory: the limits, 0: none."""

    state: str = "running"
    answer: str = ""
    user: int = 0
    capabilities: tuple[str, ...] = ()
    no_new_privs: bool = False
    filtered: bool = False
    writable: bool = True
    pids: int = 0
    memory: int = 0
    address: str = "127.0.0.1"


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return _down(seen) or _holes(seen) or Met(
        _(
            "The till sells, as user {user}, without a capability or a way to gain one, filtered, "
            "on a read-only root, with at most {pids} processes and {memory} MiB."
        ).format(user=seen.user, pids=seen.pids, memory=seen.memory >> 20)
    )  # fmt: skip


def _down(seen: Seen) -> NotYet | None:
    if seen.state != "running":
        return NotYet(
            _("The container `till` is {state}.").format(state=seen.state or _("not there")),
            _("`docker logs` says why it ended; `here.start('till')` sets the scene anew."),
        )
    if seen.address != "127.0.0.1":
        return NotYet(
            _("The till's port is published at {address}.").format(
                address=seen.address or _("no address")
            ),
            _("`-p 127.0.0.1:PORT:80`, with the port of the given command."),
        )
    if SAYS not in seen.answer:
        return NotYet(
            _("A customer at the till's port was not served."),
            _(
                "Ask it yourself with `curl`, then read `docker logs`: what can it not write? "
                "A `--tmpfs` gives it a place."
            ),
        )
    return None


def _holes(seen: Seen) -> NotYet | None:
    """Say what is left open, with the hint for the first of it."""
    holes = [(told, hint) for is_open, told, hint in _looked_at(seen) if is_open]
    if not holes:
        return None
    told = _("; ").join(each for each, _hint in holes)
    return NotYet(
        _("The till sells, but {count} of 7 holes are left: {told}.").format(
            count=len(holes), told=told
        ),
        holes[0][1],
    )


def _looked_at(seen: Seen) -> list[tuple[bool, str, str]]:
    names = ", ".join(seen.capabilities[:3]) + (", …" if len(seen.capabilities) > 3 else "")
    return [
        (
            seen.user == 0,
            _("it runs as root"),
            _("`--user 1000`; its folder must then belong to that user, or to everybody."),
        ),
        (
            bool(seen.capabilities),
            _("{count} capabilities within reach ({names})").format(
                count=len(seen.capabilities), names=names
            ),
            _("`--cap-drop ALL`, and no `--cap-add`. See CapBnd in /proc/PID/status."),
        ),
        (
            not seen.no_new_privs,
            _("a setuid program may give it more"),
            _("`--security-opt no-new-privileges`."),
        ),
        (
            not seen.filtered,
            _("no filter on system calls"),
            _("Leave out `seccomp=unconfined`: the default is a filter."),
        ),
        (
            seen.writable,
            _("its root file system can be written"),
            _("`--read-only`, and `--tmpfs` for /var/till, where the sales are."),
        ),
        (not seen.pids, _("any number of processes"), _("`--pids-limit 50`, say.")),
        (not seen.memory, _("any amount of memory"), _("`--memory 128m`, say.")),
    ]


@exercise("docker/070-safe", "till")
class Till:
    """A service that was made to work with whatever the internet advised."""

    hints = (
        "Take the options of the given command away first: which does the till need at all? "
        "`docker rm -f` it, `docker run` it anew, buy something.",
        "A user that is not root, `--cap-drop ALL`, `--security-opt no-new-privileges`. Port 80 "
        "is no obstacle: you have seen who may open it.",
        "`--read-only` breaks the till: it writes /var/till/sales. `--tmpfs /var/till` gives it "
        "a place in memory that user 1000 can write too. Then `--memory` and `--pids-limit`.",
    )

    def start(self, here: Session) -> None:
        """Run the till with far too much."""
        with engine_errors():
            build(here)
            _remove(here)
            here.docker.containers.run(
                here.name("room"), ["python3", "/till.py"], name=here.name(TILL),
                labels=here.labels, user="root", cap_add=["SYS_ADMIN", "NET_ADMIN"],
                security_opt=["seccomp=unconfined"], pids_limit=-1,
                ports={"80/tcp": ("127.0.0.1", here.port(TILL))}, detach=True,
            )  # fmt: skip
        _await(here)

    def check(self, here: Session) -> Outcome:
        """Buy something, and look at the process."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """All that it needs, and nothing that it does not."""
        with engine_errors():
            _remove(here)
            here.docker.containers.run(
                here.name("room"), ["python3", "/till.py"], name=here.name(TILL),
                labels=here.labels, user="1000", cap_drop=["ALL"],
                security_opt=["no-new-privileges"], read_only=True, tmpfs={"/var/till": ""},
                pids_limit=50, mem_limit=MEMORY,
                ports={"80/tcp": ("127.0.0.1", here.port(TILL))}, detach=True,
            )  # fmt: skip
        _await(here)


def build(here: Session) -> None:
    """Build the room's image, unless a cell has. Raises BuildError of the SDK."""
    if here.docker.images.list(name=here.name("room")):
        return
    here.docker.images.build(
        path=str(here.files / "room"), tag=here.name("room"), labels=here.labels,
        buildargs={"BASE": here.image("python")}, rm=True,
    )  # fmt: skip


def _remove(here: Session) -> None:
    for old in here.docker.containers.list(all=True, filters={"name": f"^/?{here.name(TILL)}$"}):
        old.remove(force=True, v=True)


def _await(here: Session) -> None:
    wait_until(lambda: SAYS in _ask(here.port(TILL)), what=_("the till to sell"))


# -- looking


def look(here: Session) -> Seen:
    """Look at the till, and buy something. Raises whatever keeps it from looking."""
    from docker.errors import NotFound

    try:
        till: Container = here.docker.containers.get(here.name(TILL))
    except NotFound:
        return Seen(state="")
    state = till.attrs["State"]
    if state["Status"] != "running":
        return Seen(state=state["Status"])
    bindings = (till.attrs["NetworkSettings"]["Ports"] or {}).get("80/tcp") or []
    address = (bindings[0].get("HostIp") or "0.0.0.0") if bindings else ""
    answer = _ask(int(bindings[0]["HostPort"])) if address == "127.0.0.1" else ""
    return _process(here, till, state["Pid"], answer, address)


def _process(here: Session, till: Container, pid: int, answer: str, address: str) -> Seen:
    status = read_status(here.kernel, pid)
    if isinstance(status, Unavailable):
        raise LabError(status.reason, remedy=status.remedy)
    most = isolation(here.kernel, pid, beside=pid).pids_max
    if isinstance(most, Unavailable):  # no control group counts here: what the engine was told
        most = max(till.attrs["HostConfig"].get("PidsLimit") or 0, 0)
    roots = [each for each in read_mounts(here.kernel, pid) if each.point == "/"]
    within = status.capabilities.bounding | status.capabilities.permitted
    return Seen(
        answer=answer,
        user=status.uid.effective,
        capabilities=tuple(sorted(within)),
        no_new_privs=status.no_new_privs is True,
        filtered=status.seccomp == "filter",
        writable=not roots or "ro" not in roots[-1].options,
        pids=most or 0,
        memory=int(till.attrs["HostConfig"]["Memory"]),
        address=address,
    )


def _ask(port: int) -> str:
    """Return what the till says to a customer; nothing where it does not serve."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            text: str = answer.read(1000).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
    return text
