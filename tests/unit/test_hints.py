"""Hints come one at a time, and each says how to get the next."""

from __future__ import annotations

import pytest

from helpers import checks
from helpers.labs import catalog
from helpers.labs.session import Session
from helpers.records.host import Unavailable

LAB, EXERCISE = "docker/010-run", "till"
HINTS = checks.find(LAB, EXERCISE).hints


@pytest.fixture
def here() -> Session:
    """A session without an engine: hints need none."""
    return Session(catalog.load(LAB), "7f3a", Unavailable("none", "none"), "nobody")


def test_the_first_hint_names_the_call_for_the_second(here: Session) -> None:
    """Which hint it is, of how many, and the next one's call to copy."""
    shown = str(here.hint(EXERCISE))
    assert shown == (f"Hint 1 of {len(HINTS)}. {HINTS[0]}\n`here.hint('till', 2)` gives the next.")
    assert str(here.hint(EXERCISE, 2)).startswith(f"Hint 2 of {len(HINTS)}. {HINTS[1]}")


@pytest.mark.parametrize("step", [len(HINTS), len(HINTS) + 1, 99])
def test_the_last_hint_promises_no_other(here: Session, step: int) -> None:
    """Asking on and on gives the last one, and no call that would give it again."""
    shown = str(here.hint(EXERCISE, step))
    assert shown == f"Hint {len(HINTS)} of {len(HINTS)}. {HINTS[-1]}"


@pytest.mark.parametrize("step", [0, -1])
def test_there_is_no_hint_before_the_first(here: Session, step: int) -> None:
    """A number below 1 is the first, not the last counted from behind."""
    assert str(here.hint(EXERCISE, step)) == str(here.hint(EXERCISE))
