"""The exercise of containers/090-why-orchestrate: a plan that only ever adds.

The check brings about the drift, has the reader's plan say what to do, does it, and looks at
what runs then. `judge` decides from what was seen alone.
"""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.drivers.reconcile import LABEL, Fleet
from helpers.errors import BookError
from helpers.records.reconcile import Copy
from helpers.text import _

if TYPE_CHECKING:
    from helpers.labs.session import Session

SCRIPT: Final = "plan.py"
STRAY: Final = "till-by-hand"
UNDECLARED: Final = "sauna"

SOLUTION: Final = '''"""What is to be done, so that what is declared runs, and nothing else."""


def plan(wanted, seen):
    """Return steps, ("start", service) or ("remove", container)."""
    steps = []
    for each in seen:
        if not each.running or each.service not in wanted:
            steps.append(("remove", each.name))
    for service, copies in wanted.items():
        alive = [each.name for each in seen if each.running and each.service == service]
        steps += [("remove", name) for name in alive[copies:]]
        steps += [("start", service)] * (copies - len(alive))
    return steps
'''


@dataclass(frozen=True)
class Seen:
    """What the check saw after the plan's steps. error: why there were none.

    again: what the plan wants to do after that.
    """

    error: str = ""
    wanted: Mapping[str, int] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    again: tuple[Any, ...] = ()


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if seen.error:
        return NotYet(
            _("The plan cannot be carried out: {error}").format(error=seen.error),
            _('It returns a list of ("start", SERVICE) and ("remove", CONTAINER).'),
        )
    running = Counter(copy.service for copy in seen.copies if copy.running)
    for service, copies in seen.wanted.items():
        if running[service] < copies:
            return NotYet(
                _("{running} of {copies} `{service}` run.").format(
                    running=running[service], copies=copies, service=service
                ),
                _("A container that has ended is there, and does not work: `.running` tells."),
            )
        if running[service] > copies:
            return NotYet(
                _("{running} `{service}` run, and {copies} are declared.").format(
                    running=running[service], copies=copies, service=service
                ),
                _("A negative number of steps is none: what is to become of the surplus?"),
            )
    for service in running:
        if service not in seen.wanted:
            return NotYet(
                _("A `{service}` runs that nobody declared.").format(service=service),
                _("The loop goes through what is wanted. Who goes through what is there?"),
            )
    if seen.again:
        return NotYet(
            _("What is declared runs; but a second look finds {count} more to do.").format(
                count=len(seen.again)
            ),
            _("When all is as declared, the list must be empty."),
        )
    shown = ", ".join(f"{copies} {service}" for service, copies in seen.wanted.items())
    return Met(
        _(
            "From a crash, a stray and a sauna back to what is declared: {shown}; then nothing."
        ).format(shown=shown)
    )


@exercise("containers/090-why-orchestrate", "drift")
class Drift:
    """A shop with a crashed till, a till too many and a sauna; and half a plan."""

    hints = (
        "Print what `fleet.seen()` returns: each has .name, .service and .running.",
        "Count only what runs, and remove what has ended.",
        "`alive[copies:]` is the surplus, and empty where there is none.",
        "Whatever belongs to a service that is not in `wanted` goes as well.",
    )

    def start(self, here: Session) -> None:
        """Put the shop into its state, and the half plan into the scratch folder."""
        text = (here.files / SCRIPT).read_text(encoding="utf-8")
        (here.scratch / SCRIPT).write_text(text, encoding="utf-8")
        spoil(here)

    def check(self, here: Session) -> Outcome:
        """Bring about the drift, have the plan carried out, and look."""
        if not spoiled(here):
            spoil(here)
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Write the whole plan."""
        (here.scratch / SCRIPT).write_text(SOLUTION, encoding="utf-8")


def look(here: Session) -> Seen:
    """Carry out the reader's plan, and see what runs. Raises whatever keeps it from looking."""
    fleet = Fleet(here, here.files / "shop.yaml")
    wanted = fleet.wanted()
    try:
        fleet.act(_steps(here, wanted, fleet.seen()))
        return Seen("", wanted, fleet.seen(), tuple(_steps(here, wanted, fleet.seen())))
    except BookError as error:
        return Seen(error=error.what)


def _steps(here: Session, wanted: Mapping[str, int], seen: Sequence[Copy]) -> list[Any]:
    """Ask the reader's plan. Raises BookError, whatever is wrong with it."""
    try:
        plan = runpy.run_path(str(here.scratch / SCRIPT))["plan"]
        return [(str(verb), str(what)) for verb, what in plan(dict(wanted), tuple(seen))]
    except Exception as error:
        raise BookError(f"{type(error).__name__}: {error}") from error


def spoiled(here: Session) -> bool:
    """Tell whether all three faults are there."""
    seen = {(copy.name, copy.running) for copy in Fleet(here, here.files / "shop.yaml").seen()}
    return {
        (here.name("till-1"), False),
        (here.name(STRAY), True),
        (here.name(UNDECLARED), True),
    } <= seen


def spoil(here: Session) -> None:
    """Bring the shop to where it was, and then away from there."""
    fleet = Fleet(here, here.files / "shop.yaml")
    fleet.clear()
    fleet.act(
        [("start", name) for name, copies in fleet.wanted().items() for _copy in range(copies)]
    )
    with engine_errors():
        here.container("till-1").kill()
        here.container("till-1").wait()
        for name, service in ((STRAY, "till"), (UNDECLARED, UNDECLARED)):
            here.docker.containers.run(
                here.image("busybox"),
                ["sleep", "3600"],
                name=here.name(name),
                labels={**here.labels, LABEL: service},
                network_mode="none",
                init=True,
                detach=True,
            )
