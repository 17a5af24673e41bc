"""The verdicts on docker/050-volumes' bakery, and what the lab shows, without an engine."""

from __future__ import annotations

import pytest

from helpers.analysis import volumes
from helpers.checks import Met, NotYet
from helpers.checks.docker_050 import Seen, judge
from helpers.errors import BookError
from helpers.kernel.mounts import parse_mountinfo
from helpers.views import volumes as figures

MOUNTINFO = (
    b"188 207 0:52 / / rw - overlay overlay rw\n"
    b"281 188 254:0 /var/lib/docker/volumes/ledger/_data /srv/volume rw - ext4 /dev/vda rw\n"
    b"282 188 254:0 /volumes/" + b"ab12" * 16 + b"/_data /srv/anonymous rw - ext4 /dev/vda rw\n"
    b"283 188 0:69 / /srv/memory rw - tmpfs tmpfs rw\n"
    b"284 188 254:0 /else /srvother rw - ext4 /dev/vda rw\n"
)


def test_a_bakery_that_writes_is_enough() -> None:
    """Whatever the reader did to get there."""
    outcome = judge(Seen())
    assert isinstance(outcome, Met)
    assert "User 1000" in outcome.observed


@pytest.mark.parametrize(
    ("what", "says", "hints"),
    [
        (Seen(state=""), "no container `bakery`", "start('orders')"),
        (Seen(state="exited", said="can't `create`"), "exited. Its last words: `can't 'create'`",
         "numbers"),
        (Seen(mounted=False), "not at its `/srv`", "orders"),
        (Seen(kept=False), "first three orders are not", "brings them back"),
        (Seen(uid=0), "as user 0, not 1000", "breaks in"),
        (Seen(open_to_all=("/srv", "/srv/book")), "everybody: `/srv`, `/srv/book`", "Whose"),
        (Seen(grew=False), "no order came in within 5 s", "same work"),
    ],
)  # fmt: skip
def test_each_way_to_fall_short_is_told(what: Seen, says: str, hints: str) -> None:
    """What was seen is said, and the hint fits it."""
    outcome = judge(what)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert hints in outcome.hint


def test_mounts_below_a_folder_are_found_and_told_apart() -> None:
    """A neighbour whose name begins alike is none of them; long ids are cut."""
    found = volumes.below(parse_mountinfo(MOUNTINFO), "/srv/")
    assert [each.point for each in found] == ["/srv/anonymous", "/srv/memory", "/srv/volume"]
    table = figures.mounts(found)
    assert table.caption.startswith("2 folders of a file system, 1 with")
    assert "`…/volumes/ab12ab12…/_data`" in table.rows[0]
    assert "`…/volumes/ledger/_data`" in table.rows[2]


def test_costs_are_read_and_drawn() -> None:
    """The words have the title, with the two numbers that the figure is about, and all bars."""
    found = volumes.costs(["/srv/layer 178.2 0.6", "/srv/volume 0.067 0.9"])
    plot = figures.costs(found)
    assert "178 ms, 0.067 on a volume" in plot.alt
    assert "an entry, volume: 0.9 ms" in plot.alt


@pytest.mark.parametrize("line", ["", "/srv/layer 1", "Traceback (most recent"])
def test_what_is_no_cost_is_refused(line: str) -> None:
    """An error in the container must not become a figure."""
    with pytest.raises(BookError, match="No line of writes"):
        volumes.costs([line])
