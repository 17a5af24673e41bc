"""Rates and shares from two samples of a control group: pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.records.cgroups import (
    CgroupDetail,
    CgroupSample,
    CpuMax,
    CpuStat,
    Figure,
    Limit,
    Pressure,
)
from helpers.records.host import Unavailable
from helpers.text import _

Rate = float | Unavailable


@dataclass(frozen=True)
class CpuRates:
    """cores: CPU seconds per second (1.0 is one core busy), and its user and system part.

    throttled: the share of scheduling periods (0 to 1) cut short by the quota; waited: the
    seconds per second that its threads together were held back (may pass 1).
    """

    cores: Rate
    user: Rate
    system: Rate
    throttled: Rate
    waited: Rate


@dataclass(frozen=True)
class PressureShares:
    """The share of the time (0 to 1) between two samples in which some, or all, tasks waited.

    More prompt than avg10, which remembers the last ten seconds.
    """

    some: Rate
    full: Rate


@dataclass(frozen=True)
class IoRates:
    """Bytes and operations per second, of all devices together."""

    rbytes: Rate
    wbytes: Rate
    rios: Rate
    wios: Rate


def _apart(before: float, after: float) -> float | Unavailable:
    if after <= before:
        return Unavailable(_("a rate needs two moments"))
    return after - before


def increase(before: Figure, after: Figure) -> int | Unavailable:
    """Return by how much a counter grew; Unavailable where it began anew in between."""
    if isinstance(before, Unavailable):
        return before
    if isinstance(after, Unavailable):
        return after
    if after < before:
        return Unavailable(_("the counter began anew: another container, or a restart"))
    return after - before


def per_second(before: Figure, after: Figure, seconds: float | Unavailable) -> Rate:
    """Return a counter's increase per second."""
    grown = increase(before, after)
    if isinstance(grown, Unavailable):
        return grown
    return seconds if isinstance(seconds, Unavailable) else grown / seconds


def cpu_rates(before: CgroupSample, after: CgroupSample) -> CpuRates | Unavailable:
    """Return what the cgroup used of the CPU between two samples."""
    then, now = before.cpu, after.cpu
    for each in (then, now):
        if isinstance(each, Unavailable):
            return each
    assert isinstance(then, CpuStat)
    assert isinstance(now, CpuStat)
    seconds = _apart(before.at, after.at)
    micro = seconds if isinstance(seconds, Unavailable) else seconds * 1e6
    return CpuRates(
        per_second(then.usage_usec, now.usage_usec, micro),
        per_second(then.user_usec, now.user_usec, micro),
        per_second(then.system_usec, now.system_usec, micro),
        _throttled(then, now),
        per_second(then.throttled_usec, now.throttled_usec, micro),
    )


def _throttled(then: CpuStat, now: CpuStat) -> Rate:
    periods = increase(then.nr_periods, now.nr_periods)
    cut = increase(then.nr_throttled, now.nr_throttled)
    if isinstance(cut, Unavailable):
        return cut
    if isinstance(periods, Unavailable):
        return periods
    return cut / periods if periods else 0.0


def pressure_shares(
    before: Pressure | Unavailable, after: Pressure | Unavailable, seconds: float
) -> PressureShares | Unavailable:
    """Return how much of `seconds`, the time between two readings, was lost to waiting."""
    for each in (before, after):
        if isinstance(each, Unavailable):
            return each
    assert isinstance(before, Pressure)
    assert isinstance(after, Pressure)
    micro = _apart(0, seconds * 1e6)
    full = [
        Unavailable("") if isinstance(p.full, Unavailable) else p.full.total
        for p in (before, after)
    ]
    return PressureShares(
        per_second(before.some.total, after.some.total, micro),
        after.full if isinstance(after.full, Unavailable) else per_second(full[0], full[1], micro),
    )


def io_rates(before: CgroupDetail, after: CgroupDetail) -> IoRates | Unavailable:
    """Return what the cgroup read and wrote between two details."""
    was, now = before.io, after.io
    if isinstance(was, Unavailable):
        return was
    if isinstance(now, Unavailable):
        return now
    seconds = _apart(before.at, after.at)

    def rate(name: str) -> Rate:
        # A device may be new, so sums are compared; one that went makes the sum fall.
        first, last = (sum(getattr(device, name) for device in io) for io in (was, now))
        return per_second(first, last, seconds)

    return IoRates(rate("rbytes"), rate("wbytes"), rate("rios"), rate("wios"))


def cores_allowed(limit: CpuMax | Unavailable) -> float | Unavailable | None:
    """Return the cores that a quota allows; None without one."""
    if isinstance(limit, Unavailable):
        return limit
    if limit.quota_usec is None:
        return None
    if limit.period_usec <= 0:
        return Unavailable(_("a quota needs a period"))
    return limit.quota_usec / limit.period_usec


def working_set(current: Figure, inactive_file: Figure) -> Figure:
    """Return usage without the page cache that goes first: Docker's and Kubernetes' "memory"."""
    if isinstance(current, Unavailable):
        return current
    if isinstance(inactive_file, Unavailable):
        return inactive_file
    return max(0, current - inactive_file)


def share(used: Figure, limit: Limit) -> float | Unavailable | None:
    """Return used/limit; None where there is no limit."""
    if isinstance(used, Unavailable):
        return used
    if limit is None or isinstance(limit, Unavailable):
        return limit
    return used / limit if limit else Unavailable(_("the limit is zero"))
