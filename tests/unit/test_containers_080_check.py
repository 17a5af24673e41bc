"""The verdicts on containers/080-container-os's kiosk, from what was seen alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_080 import Seen, judge
from helpers.records.surface import Surface

LEAN = Surface("kiosk", packages=0, files=8, programs=2, setuid=0, ports=1, processes=2)


def test_a_page_and_nothing_beside_is_enough() -> None:
    """Two programs and a page."""
    assert isinstance(judge(Seen(LEAN)), Met)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(None), "No container called `kiosk` runs"),
        (Seen(LEAN, ""), "The page says: nothing"),
        (Seen(LEAN, "closed"), "The page says: closed"),
        (Seen(replace(LEAN, packages=88)), "88 packages"),
        (Seen(replace(LEAN, setuid=1)), "1 setuid files"),
        (Seen(replace(LEAN, programs=6)), "6 programs"),
    ],
)
def test_each_way_to_fall_short_is_told(seen: Seen, says: str) -> None:
    """What was counted is said, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint
