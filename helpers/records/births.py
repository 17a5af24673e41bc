"""Processes that were born while somebody watched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Birth:
    """One process under one name; it has another after it became another program (exec).

    first, last: seconds since the watching began, when it was seen. words: its command line.
    """

    pid: int
    parent: int
    name: str
    first: float
    last: float
    words: str
