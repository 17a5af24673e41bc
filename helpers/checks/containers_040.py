"""The exercise of containers/040-cgroups: throttled, and nobody is busy.

The check reads the kernel: the container's quota, and how many of its periods were throttled in
a few seconds. `judge` decides from what was seen alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.analysis.cgroups import cores_allowed
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.records.cgroup_spells import Spell
from helpers.records.cgroups import CpuMax
from helpers.records.host import Unavailable
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from helpers.labs.session import Session

NAME: Final = "slow"
GUESTS: Final = "guests"  # the image
PERIOD, QUOTA = 100_000, 20_000  # what it starts with: a fifth of a CPU
LONGER: Final = 1_000_000  # the solution's period; the longest there is
MOST: Final = 1.0  # cores: more than that is no limit to speak of
FEW: Final = 0.1  # of its periods throttled
SECONDS: Final = 3.0


@dataclass(frozen=True)
class Seen:
    """What the check saw. limit: None where there is no such container."""

    limit: CpuMax | None
    spell: Spell | None = None


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if seen.limit is None or seen.spell is None:
        return NotYet(
            _("There is no running container `slow`."),
            _("`here.start('slow')` sets the scene anew."),
        )
    allowed = cores_allowed(seen.limit)
    quota, period = seen.limit.quota_usec, seen.limit.period_usec
    if allowed is None or isinstance(allowed, Unavailable) or quota is None:
        return NotYet(
            _("`cpu.max` is `max {period}`: the limit has gone.").format(period=period),
            _("It may not use more than one CPU on average. Which two numbers would do?"),
        )
    words = _("`cpu.max` is `{quota} {period}`; it used {cores:.0%} of a CPU, and {cut} of its "
              "last {periods} periods were throttled").format(
        quota=quota, period=period, cores=seen.spell.cores, cut=seen.spell.cut,
        periods=seen.spell.periods,
    )  # fmt: skip
    if allowed > MOST:
        return NotYet(
            _("{words}. That allows {allowed:g} CPUs.").format(words=words, allowed=allowed),
            _("One is more than enough: it needs an eighth of one."),
        )
    if seen.spell.throttled >= FEW:
        return NotYet(
            _("{words}: four processes spend them together, at the same time.").format(words=words),
            _("`docker update` changes a running container. What would let short bursts through?"),
        )
    if (quota, period) == (QUOTA, PERIOD):
        return NotYet(
            _("{words}. But the limit is what it was: the machine is too busy for it to be met.")
            .format(words=words),
            _("52 ms of work do not fit into 20. What would let them through?"),
        )  # fmt: skip
    return Met(_("{words}. Short bursts pass, and a limit is there.").format(words=words))


@exercise("containers/040-cgroups", "slow")
class Slow:
    """A service that is throttled though it does next to nothing."""

    hints = (
        "`here.cgroup('slow').show('cpu.max', 'cpu.stat')`: how many ms may it use in a period, "
        "and how many does one request need? Four hands, 13 ms each.",
        "Two ways out: more for each period, or a longer period with as much for it on average.",
        "`docker update --cpu-period 1000000 --cpu-quota 200000 NAME`: still a fifth of a CPU, but "
        "200 ms at once, where 20 were.",
    )

    def start(self, here: Session) -> None:
        """Run the service with a fifth of a CPU."""
        from docker.errors import ImageNotFound

        with engine_errors():
            name = here.name(NAME)
            for old in here.docker.containers.list(all=True, filters={"name": f"^/?{name}$"}):
                old.remove(force=True)
            try:
                here.docker.images.get(here.name(GUESTS))
            except ImageNotFound:
                build(here)
            here.docker.containers.run(
                here.name(GUESTS),
                name=name,
                labels=here.labels,
                cpu_period=PERIOD,
                cpu_quota=QUOTA,
                detach=True,
            )
            container = here.container(NAME)
            wait_until(container.logs, what=_("the first answer"), seconds=60)

    def check(self, here: Session) -> Outcome:
        """Read its quota, and what was throttled in a few seconds."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """As much on average, in longer periods."""
        with engine_errors():
            here.container(NAME).update(cpu_period=LONGER, cpu_quota=LONGER * QUOTA // PERIOD)


def build(here: Session) -> None:
    """Make the image of the lab's guests."""
    here.docker.images.build(
        path=str(here.files / "guests"),
        tag=here.name(GUESTS),
        labels=here.labels,
        buildargs={"BASE": here.image("python")},
        rm=True,
    )


def look(here: Session) -> Seen:
    """Read the kernel's files. Raises LabError."""
    with engine_errors():
        name = here.name(NAME)
        running = here.docker.containers.list(filters={"name": f"^/?{name}$"})
    if not running:
        return Seen(None)
    group = here.cgroup(NAME)
    limit = group.detail().cpu_max
    if isinstance(limit, Unavailable):
        raise LabError(
            _("The quota of slow cannot be read: {why}.").format(why=limit.reason),
            remedy=_("`labs doctor` says which control groups this machine has."),
        )
    return Seen(limit, group.spell(SECONDS))
