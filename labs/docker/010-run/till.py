"""A shop's till: keeps its sales in memory and writes them down when it is told to close.

It writes after every hundredth sale, and the rest on SIGTERM; then it says goodbye.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType

BOOK = Path("/sales.txt")
unwritten: list[str] = []


def write_down() -> None:
    """Move the sales from memory to the book."""
    with BOOK.open("a", encoding="utf-8") as book:
        book.writelines(f"{sale}\n" for sale in unwritten)
    unwritten.clear()


def close(_number: int, _frame: FrameType | None) -> None:
    """Write down what is left, and end."""
    write_down()
    print("closed, every sale is in the book", file=sys.stderr, flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, close)
count = 0
while True:
    count += 1
    unwritten.append(f"sale {count}")
    print(f"sale {count}", flush=True)
    if len(unwritten) == 100:
        write_down()
    time.sleep(0.2)
