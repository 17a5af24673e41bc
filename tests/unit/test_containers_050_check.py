"""The verdicts on containers/050-copy-on-write's cellar, from what was seen alone."""

from __future__ import annotations

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_050 import CATALOGUE, Kept, Seen, _on_volume, judge

PLATES = "/opt/press/plates"
COPIED = Kept(CATALOGUE, 30_000_009, relabelled=False)
LABELLED = Kept(PLATES, 12_000_000, relabelled=True)


def test_a_small_layer_and_the_same_work_are_enough() -> None:
    """A few bytes of its own do no harm."""
    outcome = judge(Seen(kept=(Kept("/tmp/x", 400, relabelled=False),)))
    assert isinstance(outcome, Met)
    assert "400 bytes" in outcome.observed


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(status=""), "no container `cured`"),
        (Seen(status="exited"), "`cured` is exited"),
        (Seen(uid=0), "as user 0"),
        (Seen(sizes=((CATALOGUE, 30_000_009),)), f"`{PLATES}` has 0 bytes"),
        (Seen(owners=((CATALOGUE, 1000), (PLATES, 0))), f"`{PLATES}` belongs to user 0"),
        (Seen(grew=False), "does not grow"),
        (Seen(kept=(COPIED, LABELLED)), "42,000,009 bytes, 30,000,009 of them"),
        (Seen(kept=(COPIED,)), "written to, so copied whole"),
        (Seen(kept=(LABELLED,)), "only its owner or its rights changed"),
        (Seen(volume=False), "not on a volume"),
    ],
)
def test_each_way_to_fall_short_is_told(seen: Seen, says: str) -> None:
    """What was seen is said, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint


@pytest.mark.parametrize(
    ("place", "holds"),
    [("/srv", True), ("/srv/", True), (CATALOGUE, True), ("/srv/other", False), ("/s", False)],
)
def test_a_volume_counts_where_it_holds_the_catalogue(place: str, holds: bool) -> None:
    """The directory or the file itself, and nothing beside it."""
    assert _on_volume({"Mounts": [{"Destination": place}]}) is holds
