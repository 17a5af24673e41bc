"""A process that tells what happens to it: for `docker stop`, `docker kill` and `attach`.

stdout: "alive", twice a second. stderr: each signal, and when it came (seconds since start).
It ends when SIGTERM or SIGINT tells it to, after tidying up; any other signal it only notes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

BEGAN = time.monotonic()
TOLD_TO_END = {signal.SIGTERM, signal.SIGINT}
UNHEARD = {signal.SIGKILL, signal.SIGSTOP}  # the kernel lets no process catch these


def note(what: str) -> None:
    """Write one line to stderr; stdout may be in the middle of a line."""
    print(f"{time.monotonic() - BEGAN:.2f} s {what}", file=sys.stderr, flush=True)


def hear(number: int, _frame: FrameType | None) -> None:
    """Note a signal; end if it tells to."""
    note(signal.Signals(number).name)
    if number in TOLD_TO_END:
        note("tidied up, goodbye")
        sys.exit(0)


for each in set(signal.Signals) - UNHEARD:
    signal.signal(each, hear)
note(f"started as process {os.getpid()}")
while True:
    print("alive", flush=True)
    time.sleep(0.5)
