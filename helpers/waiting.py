"""Wait for a state with a deadline, and say what was seen when it does not come.

LABS_PATIENCE makes every deadline so many times as long, for a machine that is slow throughout.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from helpers.errors import TimedOut

T = TypeVar("T")


def patience() -> float:
    """Return how many times as long as usual to wait here."""
    return max(1.0, float(os.environ.get("LABS_PATIENCE", "1")))


def wait_until(
    look: Callable[[], T],
    met: Callable[[T], bool] = bool,
    *,
    what: str,
    seconds: float = 30.0,
    every: float = 0.05,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call `look` every `every` seconds until `met` accepts its answer; return that answer.

    what: names the state, for the error. Raises TimedOut after `seconds`, with the last
    answer. `look` is always called at least once, and once more at the deadline.
    """
    seconds *= patience()
    deadline = clock() + seconds
    while True:
        late = clock() >= deadline
        seen = look()
        if met(seen):
            return seen
        if late:
            raise TimedOut(what, seconds, seen)
        sleep(every)
