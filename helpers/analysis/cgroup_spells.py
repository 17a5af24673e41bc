"""Spells of a control group, from its counters: pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from helpers.analysis.cgroups import increase
from helpers.errors import LabError
from helpers.records.cgroup_spells import Lap, Moment, Spell, Usage
from helpers.records.cgroups import Figure
from helpers.records.host import Unavailable
from helpers.text import _

TICK: Final = 100  # of /proc/stat, a second, on every machine that Linux shows to programs


def known(figure: Figure) -> int:
    """Return a figure. Raises LabError where it is not there."""
    if isinstance(figure, Unavailable):
        raise LabError(
            _("A figure of the kernel is missing: {why}.").format(why=figure.reason),
            remedy=_("`labs doctor` says which control groups this machine has."),
        )
    return figure


def idle_of(stat: str) -> tuple[float, int]:
    """Return from /proc/stat the idle seconds of all cores together, and how many cores."""
    lines = stat.splitlines()
    fields = lines[0].split()
    cores = sum(line.startswith("cpu") for line in lines) - 1
    return (int(fields[4]) + int(fields[5])) / TICK, max(cores, 1)


def between(before: Moment, after: Moment) -> Spell:
    """Return the spell between two moments. Raises LabError where a counter is missing."""
    seconds = after.at - before.at
    then, now = before.cpu, after.cpu
    return Spell(
        seconds,
        known(increase(then.usage_usec, now.usage_usec)) / 1e6,
        known(increase(then.nr_periods, now.nr_periods)),
        known(increase(then.nr_throttled, now.nr_throttled)),
        max(after.idle - before.idle, 0.0) / seconds,
    )


def lap(
    name: str, before: tuple[float, int, int | None], after: tuple[float, int, int | None]
) -> Lap:
    """Return what a group got between two looks: (when, CPU time so far, time waited so far)."""
    seconds = after[0] - before[0]
    waited = None
    if before[2] is not None and after[2] is not None:
        waited = (after[2] - before[2]) / (seconds * 1e6)
    return Lap(name, seconds, (after[1] - before[1]) / 1e6, waited)


def stairs(usages: Sequence[Usage], still: float = 0.02) -> int:
    """Return how many times the CPU time stood still for at least `still` seconds."""
    count, since = 0, usages[0].at if usages else 0.0
    counted = True
    for before, after in itertools.pairwise(usages):
        if after.usec - before.usec > 0.2e6 * (after.at - before.at):
            since, counted = after.at, False
        elif not counted and after.at - since >= still:
            count, counted = count + 1, True
    return count
