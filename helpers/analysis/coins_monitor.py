"""From what workers log and engines count to hashes a second, waits and CPU: pure functions.

Workers report about once a second what they made since. Credited evenly to that second,
their reports give the rate of any span of time without the steps of a counter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from helpers.records.coins_monitor import Report, Usage

WINDOW: Final = 5.0  # seconds that a rate looks back: several reports of each worker
SHORTEST: Final = 1.5  # seconds that a rate needs
PATIENCE: Final = 4.0  # seconds without a report from which a worker counts as making nothing

Reports = Mapping[str, Sequence[Report]]  # by container, each in order of time


def reports(log: str) -> tuple[Report, ...]:
    """Return the reports in a worker's log. What is no report is passed over.

    When it began is a report of no hashes.
    """
    found: list[Report] = []
    before: float | None = None
    for line in map(_event, log.splitlines()):
        at = line.get("time", 0.0)
        if line.get("event") == "ready":
            found.append(Report(None, at, 0))
        elif line.get("event") == "reported":
            waited = line.get("seconds") or {}
            found.append(
                Report(before, at, line["hashes"], waited.get("rng"), waited.get("hasher"))
            )
        before = found[-1].at if found else None
    return tuple(found)


def _event(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("time"), float) else {}


def span(running: Reports, now: float) -> tuple[float, float] | None:
    """Return the last seconds of which every running worker has reported; None where too few.

    now: of the workers' clock. A worker that is silent for long does not hold up the others:
    it made nothing in the meantime.
    """
    last = [each[-1].at for each in running.values() if each]
    first = [report.at if report.begin is None else report.begin
             for each in running.values() for report in each]  # fmt: skip
    if not last:
        return None
    end = max(min(last), now - _patience(running))
    begin = max(end - WINDOW, min(first))
    return (begin, end) if end - begin >= SHORTEST else None


def _patience(running: Reports) -> float:
    """Return seconds: where a queue is long, reports are rare."""
    recent = [report for each in running.values() for report in each[-2:]]
    return max([PATIENCE, *(1.5 * (r.at - r.begin) for r in recent if r.begin is not None)])


def rate(made: Reports, begin: float, end: float) -> float:
    """Return hashes a second between two instants. made: of the workers that have gone, too."""
    hashes = sum(
        report.hashes * _shared(report, begin, end) for each in made.values() for report in each
    )
    return hashes / (end - begin)


def _shared(report: Report, begin: float, end: float) -> float:
    """Return which part of a report's time lies between two instants."""
    if report.begin is None or report.at <= report.begin:
        return 0.0
    common = min(report.at, end) - max(report.begin, begin)
    return max(common, 0.0) / (report.at - report.begin)


def waits(running: Reports, begin: float, end: float) -> tuple[float | None, float | None]:
    """Return the mean seconds that workers waited for rng and for hasher between two instants."""
    weighed = [
        (report.hashes * _shared(report, begin, end), report)
        for each in running.values()
        for report in each
    ]
    return (
        _mean((weight, report.rng) for weight, report in weighed),
        _mean((weight, report.hasher) for weight, report in weighed),
    )


def _mean(weighed: Iterable[tuple[float, float | None]]) -> float | None:
    known = [(weight, value) for weight, value in weighed if weight and value is not None]
    total = sum(weight for weight, _value in known)
    return sum(weight * value for weight, value in known) / total if total else None


def busiest(containers: Iterable[Sequence[Usage]]) -> float | None:
    """Return the part of a core that the busiest of some containers uses.

    containers: for each what it had used at several moments, in order. One that was counted
    only once so far is left out; one that is not counted makes the answer None.
    """
    parts = []
    for usages in containers:
        if usages[-1].seconds is None:
            return None
        known = [(usage.at, usage.seconds) for usage in usages if usage.seconds is not None]
        (began, low), (ended, high) = known[0], known[-1]
        if ended > began and high >= low:
            parts.append((high - low) / (ended - began))
    return max(parts, default=None)
