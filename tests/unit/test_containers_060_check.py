"""The verdicts on containers/060-engines' kiosk, from what was seen alone."""

from __future__ import annotations

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_060 import Part, Seen, judge

FRONT, LEDGER = Part(programs=("front",)), Part(programs=("ledger",))
BOTH = Part(programs=("front", "ledger"))
NEVER = Part(programs=("ledger",), policy="no")


def seen(front: Part = FRONT, ledger: Part = LEDGER, said: str = "sold: 3") -> Seen:
    return Seen({"front": front, "ledger": ledger}, said)


def test_two_watched_containers_that_sell_are_enough() -> None:
    """One program each, restarted, and the window sells."""
    assert isinstance(judge(seen()), Met)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (seen(front=Part(state="")), "no container `front`"),
        (seen(ledger=Part(state="exited")), "`ledger` is exited"),
        (seen(front=BOTH), "In `front` there runs: front.py, ledger.py."),
        (seen(ledger=Part()), "In `ledger` there runs: neither program."),
        (seen(ledger=NEVER), "nobody restarts `ledger`"),
        (seen(said="closed: nobody keeps the ledger"), "the window says: closed"),
    ],
)
def test_each_way_to_fall_short_is_told(what: Seen, says: str) -> None:
    """What was seen is said, with a hint."""
    outcome = judge(what)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint
