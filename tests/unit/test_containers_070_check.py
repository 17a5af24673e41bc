"""The verdicts on containers/070-podman's pod, from what was seen alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_070 import Seen, judge

GOOD = Seen(True, {"menu": "running", "prices": "running"}, {}, ("menu", "prices"))
GONE = {"menu": "running", "prices": "exited"}


def test_both_in_one_pod_answer() -> None:
    """Two running containers and the two pages: that is all it takes, in either order."""
    assert isinstance(judge(GOOD), Met)
    assert isinstance(judge(replace(GOOD, answers=("prices", "menu"))), Met)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(False, {}, {}, ()), "no pod"),
        (replace(GOOD, states=GONE, last_words={"prices": "in use"}), "`prices` is exited. The"),
        (replace(GOOD, states={"menu": "running", "prices": ""}), "no container `prices`"),
        (replace(GOOD, answers=("menu", None)), "answer: menu, nothing"),
        (replace(GOOD, answers=("menu", "menu")), "answer: menu, menu"),
        (replace(GOOD, answers=()), "answer: nothing"),
    ],
)
def test_each_way_to_fall_short_is_told(seen: Seen, says: str) -> None:
    """What was seen is said, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint
