"""What is mounted in a container for its data, and what writing there costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WriteCost:
    """What writing in `place` took, in milliseconds.

    first: one byte into a large file. entry: a small one that is on the disk, the median.
    """

    place: str
    first: float
    entry: float
