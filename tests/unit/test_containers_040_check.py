"""What the check of containers/040-cgroups says of each state of the service."""

from __future__ import annotations

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_040 import Seen, judge
from helpers.records.cgroup_spells import Lap, Spell, Usage
from helpers.records.cgroups import CpuMax
from helpers.views.cgroup_stairs import staircase

AS_IT_WAS = CpuMax(20_000, 100_000)
THROTTLED = Spell(4, 0.52, 40, 22, 1.0)
FREE = Spell(4, 0.56, 4, 0, 1.0)
BUSY = Spell(4, 0.1, 40, 0, 0.0)


@pytest.mark.parametrize(
    ("limit", "spell", "said"),
    [
        (None, None, "no running container"),
        (CpuMax(None, 100_000), FREE, "the limit has gone"),
        (AS_IT_WAS, THROTTLED, "22 of its last 40 periods were throttled"),
        (CpuMax(25_000, 100_000), THROTTLED, "four processes"),
        (AS_IT_WAS, BUSY, "too busy"),
        (CpuMax(400_000, 100_000), FREE, "allows 4 CPUs"),
    ],
)
def test_what_is_not_solved(limit: CpuMax | None, spell: Spell | None, said: str) -> None:
    """Each state that is none says what was seen, and where to look."""
    outcome = judge(Seen(limit, spell))
    assert isinstance(outcome, NotYet)
    assert said in outcome.observed
    assert outcome.hint


@pytest.mark.parametrize(
    "limit", [CpuMax(200_000, 1_000_000), CpuMax(100_000, 100_000), CpuMax(60_000, 100_000)]
)
def test_both_ways_out_are_met(limit: CpuMax) -> None:
    """A longer period with the same share, or more for each period."""
    outcome = judge(Seen(limit, FREE))
    assert isinstance(outcome, Met)
    assert "14% of a CPU" in outcome.observed


def test_a_staircase_is_drawn_and_said() -> None:
    """The title follows what was measured: steps, or none."""
    usec, usages = 0, [Usage(5.0, 0)]
    for number in range(1, 51):
        usec += 10_000 if number % 10 < 5 else 0
        usages.append(Usage(5 + number / 100, usec))
    plot = staircase(usages, CpuMax(50_000, 100_000))
    assert plot.alt == (
        "It runs, stands still, and runs again. "
        "In 0.5 s it used 250 ms of CPU time and stood still 5 times."
    )
    assert plot.figure.data[0].y == (0, 250.0)
    flat = staircase([Usage(0, 0), Usage(0.5, 500_000)])
    assert flat.alt.startswith("It runs without a pause to be seen.")
    with pytest.raises(ValueError, match="no line"):
        staircase(usages[:1])


def test_a_lap_is_said_with_and_without_pressure() -> None:
    """Where the kernel does not count pressure, nothing is said of it."""
    assert str(Lap("a", 4, 1.0, 0.75)) == "a: 1.00 s of CPU in 4.0 s, waited 75% of the time"
    assert str(Lap("a", 4, 1.0, None)) == "a: 1.00 s of CPU in 4.0 s"
    assert Lap("a", 4, 1.0, None).cores == 0.25
