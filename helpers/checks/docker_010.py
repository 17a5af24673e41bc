"""The exercise of docker/010-run: a till that is killed with sales in its memory.

The check looks at how the container ended, at its log, at the file with the sales and at the
program inside. `judge` then decides from what was seen alone, so that each verdict can be
tested without an engine.
"""

from __future__ import annotations

import io
import re
import tarfile
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import lifecycle
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import docker as engine
from helpers.drivers.engine import engine_errors
from helpers.records.lifecycle import Ending
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

TILL: Final = "till"  # the container
SHOP: Final = "shop"  # its image
PROGRAM: Final = "/till.py"
BOOK: Final = "/sales.txt"
FAREWELL: Final = "closed, every sale is in the book"
CLEAN: Final = (0, 143)  # ended by itself, or by SIGTERM
GRACE: Final = 2  # seconds that `start` gives the till: enough to see, short enough to wait for
SOME: Final = 3  # sales to wait for before the till is stopped


@dataclass(frozen=True)
class Seen:
    """What the check saw of the till's last run, before it judges.

    state: "" where there is no container. sold: sales it rang up, by its log; written: lines
    in its book. ending: what the engine's events tell, None where it forgot them.
    """

    state: str = "exited"
    exit_code: int = 0
    sold: int = SOME
    written: int = SOME
    farewell: bool = True
    same_program: bool = True
    ending: Ending | None = None


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return _unready(seen) or _unfair(seen) or _lost(seen) or _kept(seen)


def _unready(seen: Seen) -> NotYet | None:
    """Say what is missing before anything can be judged."""
    if not seen.state:
        return NotYet(
            _("There is no container `till`."),
            _("`here.start('till')` sets the scene anew; or run one from the shop's image."),
        )
    if seen.state != "exited":
        return NotYet(
            _("The till is {state}; sales so far: {sold}.").format(
                state=seen.state, sold=seen.sold
            ),
            _("Stop it with `docker stop` and check again: its end is what counts."),
        )
    if not seen.sold:
        return NotYet(
            _("The till ended with {code} before it sold anything.").format(code=seen.exit_code),
            _("`docker logs` tells why; a sale takes it 0.2 s."),
        )
    return None


def _unfair(seen: Seen) -> NotYet | None:
    if seen.same_program:
        return None
    return NotYet(
        _("The program in this container is not the shop's: till.py differs."),
        _("till.py does hear SIGTERM. Who gets the signal in its stead?"),
    )


def _lost(seen: Seen) -> NotYet | None:
    """Say how sales were lost, if they were."""
    if seen.exit_code in CLEAN and seen.farewell and seen.written >= seen.sold:
        return None
    saw = _("The till ended with {code}{how}: of {sold} sales, {written} are in its book.").format(
        code=seen.exit_code, how=_how(seen), sold=seen.sold, written=seen.written
    )
    if seen.exit_code in CLEAN:
        return NotYet(
            saw,
            _(
                "Quick, and yet the till never said goodbye. SIGTERM ended somebody, but "
                "whom? When PID 1 is gone, the kernel kills the rest."
            ),
        )
    return NotYet(
        saw,
        _("Which process is PID 1 in there, and what does it do with SIGTERM? `docker top`."),
    )


def _how(seen: Seen) -> str:
    """Return what the engine's events add to an exit code: `, SIGKILL 2.0 s after SIGTERM`."""
    if seen.ending is None or seen.ending.seconds is None:
        return ""
    first, last = seen.ending.signals[0], seen.ending.signals[-1]
    if first is last:
        return _(", {seconds:.1f} s after {signal}").format(
            seconds=seen.ending.seconds, signal=first.name
        )
    return _(", {last} {seconds:.1f} s after {first}").format(
        last=last.name, seconds=last.at - first.at, first=first.name
    )


def _kept(seen: Seen) -> Met:
    return Met(
        _("The till ended with {code}{how}, and said goodbye: all {sold} sales are there.").format(
            code=seen.exit_code, how=_how(seen), sold=seen.sold
        )
    )


@exercise("docker/010-run", "till")
class Till:
    """A shop's till ends with 137 and loses its last sales; its program is not to blame."""

    hints = (
        "till.py writes its sales when it hears SIGTERM, and SIGTERM was sent. "
        "Who heard it? Run the shop's image again and look at `docker top`.",
        "A signal goes to PID 1. `docker inspect` shows what that is: the image's command "
        "(`.Config.Cmd`) starts a script, and a shell does not pass signals on.",
        "`--init` gives the signal to the script, which dies of it at once: quick, and the "
        "sales are still lost. The till itself must be PID 1.",
        "Either run the shop's image with the till as its command (what stands after the image "
        "replaces the image's own), or let start.sh end in `exec python3 /till.py`.",
    )

    def start(self, here: Session) -> None:
        """Build the shop, run its till, sell, and stop it: the wreck is the exercise."""
        with engine_errors():
            here.docker.images.build(
                path=str(here.files),
                tag=here.name(SHOP),
                labels=here.labels,
                buildargs={"BASE": here.image("python")},
                rm=True,
            )
            _sell_and_stop(here, timeout=GRACE)

    def check(self, here: Session) -> Outcome:
        """See how the till ended and what is in its book."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """Run the till itself as PID 1."""
        with engine_errors():
            _sell_and_stop(here, command=["python3", PROGRAM])


def _sell_and_stop(here: Session, *, command: list[str] | None = None, timeout: int = 10) -> None:
    """Run a new till until it has sold something, then stop it. timeout: seconds of grace."""
    for old in here.docker.containers.list(all=True, filters={"name": f"^/?{here.name(TILL)}$"}):
        old.remove(force=True, v=True)
    till = here.docker.containers.run(
        here.name(SHOP), command, name=here.name(TILL), labels=here.labels, detach=True
    )
    wait_until(
        lambda: _sales(till.logs(stderr=False)),
        lambda sold: sold >= SOME,
        what=_("the till's first sales"),
    )
    till.stop(timeout=timeout)


# -- looking


def look(here: Session) -> Seen:
    """Look at the container `till`. Raises whatever keeps it from looking."""
    from docker.errors import NotFound

    try:
        till = here.docker.containers.get(here.name(TILL))
    except NotFound:
        return Seen(state="")
    state = till.attrs["State"]
    began = _seconds(state["StartedAt"])
    log = till.logs(since=began)  # of its last run: a log outlives a restart
    return Seen(
        state=state["Status"],
        exit_code=state["ExitCode"],
        sold=_sales(log),
        written=_sales(_file(till, BOOK) or b""),
        farewell=FAREWELL.encode() in log,
        same_program=_file(till, PROGRAM) == (here.files / "till.py").read_bytes(),
        ending=_ending(here, till, began),
    )


def _sales(text: bytes) -> int:
    return len(re.findall(rb"^sale \d+\r?$", text, flags=re.MULTILINE))


def _seconds(timestamp: str) -> float:
    """Return the engine's RFC 3339 time as seconds since the epoch; 0 for its year 1."""
    moment = datetime.fromisoformat(timestamp)
    return max(0.0, moment.timestamp())


def _file(container: Container, path: str) -> bytes | None:
    """Return a file from a container, running or not; None where there is none."""
    from docker.errors import NotFound

    try:
        chunks, _facts = container.get_archive(path)
    except NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.next()
        found = archive.extractfile(member) if member else None
        return found.read() if found else None


def _ending(here: Session, till: Container, began: float) -> Ending | None:
    """Return how the last run ended, by the engine's events, as far as it remembers them."""
    filters: dict[str, Any] = {"container": till.id}
    told = engine.events(here.docker, since=began, until=time.time(), filters=filters)
    endings = [ending for life in lifecycle.lives(told) for ending in life.endings]
    return endings[-1] if endings else None
