"""What a check of an exercise can say: met, not yet, or that the check itself broke."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Met:
    """The exercise is solved. observed: what the check saw, a sentence."""

    observed: str


@dataclass(frozen=True)
class NotYet:
    """Not solved yet. observed: what the check saw; hint: where to look next."""

    observed: str
    hint: str = ""


@dataclass(frozen=True)
class Broken:
    """The check could not look: the fault is not the reader's. error: what went wrong."""

    error: str


Outcome = Met | NotYet | Broken
