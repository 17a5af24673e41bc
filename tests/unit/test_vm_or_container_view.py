"""The figure of a machine beside a container says in words what its bars show."""

from __future__ import annotations

from helpers.records.footprints import Comparison, Footprint
from helpers.views.vm_or_container import compare

ROWS = (
    Comparison("time to start", 0.5, 10.0, "s"),
    Comparison("memory", 4.0, 200.0, "MB"),
    Comparison("time to compute", 0.2, 0.19, "s"),
)


def test_title_and_words_have_the_numbers() -> None:
    """Each ratio is in the title, each pair of values in the text equivalent and in the figure."""
    plot = compare(ROWS)
    assert plot.figure.layout.title.text == (
        "The machine took 20 times the time to start and 50 times the memory"
    )
    assert "memory: container 4 MB, machine 200 MB, 50 times as much." in plot.alt
    shown = [each.text for each in plot.figure.layout.annotations]
    assert shown[1] == "<b>memory</b>: container 4 MB, machine 200 MB"


def test_bars_begin_at_as_much() -> None:
    """A bar goes from 1 to the ratio, to the left where the machine took less."""
    (bars,) = compare(ROWS).figure.data
    ends = [base + length for base, length in zip(bars.base, bars.x, strict=True)]
    assert [round(end, 2) for end in ends] == [20, 50, 0.95]
    low, high = compare(ROWS).figure.layout.xaxis.range
    assert 10**low <= 0.95
    assert 10**high >= 50


def test_a_footprint_is_the_program_and_what_is_around_it() -> None:
    """Both together."""
    assert Footprint("one", 3, 4).total == 7
