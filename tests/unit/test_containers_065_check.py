"""The verdicts on containers/065-lxc's office, from what was seen alone."""

from __future__ import annotations

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_065 import Seen, judge


def test_a_running_office_with_its_page_is_enough() -> None:
    """It runs and says when it is open."""
    assert isinstance(judge(Seen()), Met)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(state=""), "no container `office`"),
        (Seen("STOPPED", "/usr/lib/init", False, ""), "starts /usr/lib/init, which is not there"),
        (Seen("STOPPED", "/bin/init", True, ""), "starts /bin/init, which is there"),
        (Seen(said=""), "its page says: nothing"),
    ],
)
def test_each_way_to_fall_short_is_told(seen: Seen, says: str) -> None:
    """What was seen is said, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint
