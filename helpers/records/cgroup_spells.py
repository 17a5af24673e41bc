"""What a control group used of the CPU in a spell of time."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.records.cgroups import CpuStat


@dataclass(frozen=True)
class Usage:
    """CPU time used so far, in microseconds. at: seconds on a monotonic clock."""

    at: float
    usec: int


@dataclass(frozen=True)
class Moment:
    """Counters at one time. idle: the machine's idle time, seconds of all cores together."""

    at: float
    cpu: CpuStat
    idle: float
    cores: int


@dataclass(frozen=True)
class Spell:
    """Between two moments. used: seconds of CPU time; periods, cut: how many, and throttled ones.

    idle: how many of the machine's cores, on average, had nothing to do: what the container
    could have had besides.
    """

    seconds: float
    used: float
    periods: int
    cut: int
    idle: float

    @property
    def throttled(self) -> float:
        """The share of its periods that were throttled, 0 to 1."""
        return self.cut / self.periods if self.periods else 0.0

    @property
    def cores(self) -> float:
        """CPU seconds per second."""
        return self.used / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.used:.2f} s of CPU in {self.seconds:.1f} s; "
            f"throttled in {self.cut} of {self.periods} periods"
        )


@dataclass(frozen=True)
class Lap:
    """What one group got in a race. used: CPU seconds; waited: the share of the time in which
    somebody in it wanted a CPU and had none, None where pressure is not counted."""

    name: str
    seconds: float
    used: float
    waited: float | None

    @property
    def cores(self) -> float:
        """CPU seconds per second."""
        return self.used / self.seconds

    def __str__(self) -> str:
        waited = "" if self.waited is None else f", waited {self.waited:.0%} of the time"
        return f"{self.name}: {self.used:.2f} s of CPU in {self.seconds:.1f} s{waited}"
