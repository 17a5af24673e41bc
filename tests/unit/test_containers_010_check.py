"""The verdicts on containers/010-vm-or-container's houses, from what was seen alone."""

from __future__ import annotations

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_010 import Seen, judge


def test_each_in_the_right_house_is_enough() -> None:
    """The stranger on a kernel of its own, ours in a container, both answering."""
    assert isinstance(judge(Seen()), Met)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen("machine", "container"), "`tenant` runs in a container, on the kernel of everybody"),
        (Seen("container", "none"), "`tenant` runs nowhere"),
        (Seen("container", "both"), "`tenant` runs in a container and in a machine"),
        (Seen("machine", "machine"), "`menu` runs in a machine"),
        (Seen("none", "machine"), "`menu` runs nowhere"),
        (Seen(tenant_says=""), "the page of `tenant` says: nothing"),
        (Seen(menu_says="hello"), "the page of `menu` says: hello"),
    ],
)
def test_each_way_to_fall_short_is_told(seen: Seen, says: str) -> None:
    """What was seen is said, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint
