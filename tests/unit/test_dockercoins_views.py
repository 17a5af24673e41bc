"""DockerCoins' figures say one thing each, and say it in words as well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.analysis import queueing
from helpers.records.dockercoins import Measurement
from helpers.views import dockercoins as views
from helpers.views.theme import COLOURS, Plot


def measured(*crews: tuple[int, int], error: float = 0.98) -> list[Measurement]:
    """Measurements a little off the model for (workers, copies of rng)."""
    found = [queueing.deterministic(*crew) for crew in crews]
    return [
        Measurement(f.workers, f.copies, f.throughput * error, f.rng_latency / error) for f in found
    ]


def title(plot: Plot) -> str:
    return str(plot.as_json()["layout"]["title"]["text"])


def test_one_rng_shows_the_cap() -> None:
    """With workers past the knee at the cap, the title names knee and cap, the words all points."""
    plot = views.throughput(measured((1, 1), (3, 1), (5, 1), (10, 1)))
    assert title(plot) == "Past 3 workers, more workers bring nothing: rng gives 10/s"
    assert "1: 3.3, 3: 9.8, 5: 9.8, 10: 9.8" in plot.alt
    assert plot.as_json()["layout"]["meta"]["alt"] == plot.alt


def test_the_title_claims_no_cap_that_was_not_seen() -> None:
    """Before the knee, or where the cap does not hold, the title states the rate only."""
    assert title(views.throughput(measured((1, 1), (2, 1)))) == "2 workers make 6.5 hashes/s"
    odd = [Measurement(10, 1, 33.0, 0.1)]  # a threaded rng
    assert title(views.throughput(odd)) == "10 workers make 33.0 hashes/s"
    assert title(views.latency(odd)) == "With 10 workers, rng takes 100 ms to answer"


def test_a_second_rng_shows_what_it_brings() -> None:
    """With two crews the title compares the best of both, unless nothing was gained."""
    both = measured((3, 1), (10, 1), (10, 2))
    assert title(views.throughput(both)) == (
        "With 2 rng instead of 1: 19.6 hashes/s instead of 9.8"
    )
    idle = [*measured((10, 1)), Measurement(10, 2, 9.8)]
    assert "instead" not in title(views.throughput(idle))


def test_latency_grows_with_the_queue() -> None:
    """Past the knee each worker adds one draw; points without a latency are left out."""
    points = [*measured((1, 1), (5, 1), (10, 1)), Measurement(7, 1, 10.0)]
    plot = views.latency(points)
    assert title(plot) == "Each worker past 3 makes all wait 100 ms longer at rng"
    assert "1: 102, 5: 306, 10: 816" in plot.alt
    assert "7:" not in plot.alt


def test_colours_keep_their_meaning() -> None:
    """Points are measured, lines are model, dashed lines are limits; the model is named once."""
    spec = views.throughput(measured((1, 1), (10, 1), (10, 2))).as_json()
    dots = [trace for trace in spec["data"] if trace["mode"] == "markers"]
    lines = [trace for trace in spec["data"] if trace["mode"] == "lines"]
    assert {trace["marker"]["color"] for trace in dots} == {COLOURS["measured"]}
    assert {trace["line"]["color"] for trace in lines} == {COLOURS["model"]}
    assert [trace["showlegend"] for trace in lines] == [True, False]
    assert {shape["line"]["color"] for shape in spec["layout"]["shapes"]} == {COLOURS["limit"]}
    assert [shape["y0"] for shape in spec["layout"]["shapes"]] == [10, 20]
    assert spec["layout"]["xaxis"]["title"]["text"] == "workers"
    assert spec["layout"]["yaxis"]["title"]["text"] == "hashes/s"
    json.dumps(spec)


@pytest.mark.parametrize("build", [views.throughput, views.latency])
def test_nothing_measured_is_an_error(build: Any) -> None:
    """An empty figure would look like a result."""
    with pytest.raises(ValueError, match="nothing was measured"):
        build([])
