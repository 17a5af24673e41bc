"""The time line of Docker's history: dated, sourced, in order, and legible."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from helpers.errors import BookError
from helpers.paths import LABS
from helpers.views import history
from helpers.views.tables import Link

FILE = LABS / "docker" / "005-what-docker-is" / "history.yml"
EVENTS = history.read(FILE)


def test_every_event_has_a_date_and_a_source() -> None:
    """None without an address to read it at, and the table shows each."""
    assert len(EVENTS) >= 15
    made = history.table(EVENTS)
    assert made.caption == f"{len(EVENTS)} events, each with its source"
    for row in made.rows:
        assert isinstance(row[-1], Link)
        assert row[-1].url.startswith("https://")


def test_a_month_without_a_day_lies_in_its_middle() -> None:
    """No source has the day, so neither have we."""
    event = history.Event("2014-07", "engine", "x", "x", Link("x", "x"))
    assert event.year == pytest.approx(2014.53, abs=0.01)


def test_labels_keep_their_distance() -> None:
    """Each moves on only as far as the one before pushes it."""
    assert history.spread([1.0, 1.1, 3.0], 0.5) == [1.0, 1.5, 3.0]
    assert history.spread([], 0.5) == []


def test_the_figure_says_all_events_in_words() -> None:
    """Title, and a line for each event; its labels do not cover one another."""
    shown = history.timeline(EVENTS)
    assert shown.alt.splitlines()[0] == "Since 2015, 4 pieces have been given to foundations"
    assert len(shown.alt.splitlines()) == len(EVENTS) + 1
    places = [note.y for note in shown.figure.layout.annotations]
    assert all(b - a >= history.LEAST - 1e-9 for a, b in pairwise(places))
    assert max(places) < shown.figure.layout.yaxis.range[0]


def test_what_is_out_of_order_or_about_nothing_is_refused(tmp_path: Path) -> None:
    """The file is checked when it is read."""
    line = "{at: %s, part: %s, label: l, what: w, source: [s, 'https://x']}"
    file = tmp_path / "history.yml"
    file.write_text(f"events: [{line % ('2015-01', 'engine')}, {line % ('2014-01', 'engine')}]")
    with pytest.raises(BookError, match="not in order"):
        history.read(file)
    file.write_text(f"events: [{line % ('2015-01', 'weather')}]")
    with pytest.raises(BookError, match="l is about none of"):
        history.read(file)
