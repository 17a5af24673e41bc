"""A dated table of systems is read strictly, and drawn with its end or today's."""

from __future__ import annotations

import pytest

from helpers.analysis import lifelines
from helpers.errors import BookError
from helpers.paths import LABS
from helpers.views.lifelines import timeline

TABLE = """\
read: 2026-11-28
systems:
  - {name: Young, began: 2020-03, ended: null, sources: ["https://example.org/1"]}
  - {name: Old, began: 2013-10, ended: 2020-05, sources: ["https://example.org/2"]}
"""


def test_months_are_parts_of_years() -> None:
    """October is three quarters past the year's beginning."""
    table = lifelines.parse(TABLE)
    assert table.systems[1].began == 2013.75
    assert table.systems[0].ended is None
    assert round(table.read, 3) == 2026.833


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('["https://example.org/1"]', "[]", "Young has no source"),
        ("https://example.org/1", "heard of it", "Young has no source"),
        ("2013-10", "2013", "2013 is no month"),
        ("2013-10", "2013-13", "2013-13 is no month"),
        ("ended: 2020-05", "ended: 2011-05", "Old ends before it begins"),
    ],
)
def test_a_row_without_date_or_source_is_refused(before: str, after: str, says: str) -> None:
    """The book says nothing of which it cannot say whence."""
    with pytest.raises(BookError, match=says):
        lifelines.parse(TABLE.replace(before, after))


def test_the_figure_tells_the_living_from_the_dead() -> None:
    """In order of their beginnings; each label and the words say who has ended, and when."""
    plot = timeline(lifelines.parse(TABLE))
    assert plot.figure.layout.title.text == "1 of 2 container operating systems have ended"
    assert [each.text for each in plot.figure.layout.annotations] == ["Old, ended 2020", "Young"]
    assert "Old: 2013-10 to 2020-05." in plot.alt
    assert "Young: since 2020-03." in plot.alt


def test_the_labs_table_is_whole() -> None:
    """Every date of the book's own table has a source that can be opened."""
    text = (LABS / "containers/080-container-os/systems.yml").read_text(encoding="utf-8")
    table = lifelines.parse(text)
    assert len(table.systems) >= 8
    assert all(each.began < table.read for each in table.systems)
