"""What an autoscaler of DockerCoins looks at: how long workers wait, and what they make, now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.drivers import dockercoins
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from helpers.drivers.dockercoins import DockerCoins


def wait_at_rng(coins: DockerCoins) -> float:
    """Return the mean seconds that workers waited for rng, over a second that begins now.

    Takes about two seconds: workers report once a second, and the first report still holds some
    of the past. Raises LabError, TimedOut.
    """
    workers = coins.containers["worker"]
    dockercoins.settle(workers)
    began = time.time()
    dockercoins.settle(workers)
    return dockercoins.waits(workers, began)["rng"]


def rate(coins: DockerCoins, reports: int = 3) -> float:
    """Return the hashes a second of the present crew, from its workers' next reports.

    Each counts what came after its first report, over the time from that to its last: so there
    is no step to be averaged out, and four seconds suffice. Raises LabError, TimedOut.
    """
    workers, began = coins.containers["worker"], time.time()

    def look() -> list[list[dict[str, Any]]]:
        return [
            [line for line in dockercoins.log_lines(each, began) if line["event"] == "reported"]
            for each in workers
        ]

    found = wait_until(
        look,
        lambda told: all(len(lines) > reports for lines in told),
        what=_("the workers' reports"),
        every=0.25,
    )
    return sum(map(pace, found))


def pace(reports: Sequence[Mapping[str, Any]]) -> float:
    """Return the hashes a second that one worker's reports tell: those after the first."""
    hashes = sum(int(line["hashes"]) for line in reports[1:])
    return hashes / float(reports[-1]["time"] - reports[0]["time"])
