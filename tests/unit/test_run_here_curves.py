"""Plain figures are the figures that plotly's own classes make, and say what they show."""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go
import pytest

from helpers.analysis import queueing
from helpers.views import curves, theme

CREWS = [(1, 1), (3, 1), (10, 1), (10, 2), (12, 4), (30, 5)]


def layout(*crew: int) -> dict[str, Any]:
    made: dict[str, Any] = curves.throughput(*crew).as_json()["layout"]
    return made


@pytest.mark.parametrize("crew", CREWS)
def test_it_is_the_figure_of_plotlys_classes(crew: tuple[int, int]) -> None:
    """The same data and layout through go.Figure and theme.plot give the same JSON."""
    plain = curves.throughput(*crew)
    bare = {k: v for k, v in layout(*crew).items() if k not in ("template", "title", "meta")}
    figure = go.Figure(data=plain.as_json()["data"], layout=bare)
    classes = theme.plot(figure, title=layout(*crew)["title"]["text"], alt=plain.alt)
    assert json.loads(json.dumps(plain.as_json())) == classes.as_json()


@pytest.mark.parametrize("crew", CREWS)
def test_it_draws_the_model(crew: tuple[int, int]) -> None:
    """Curve, point, cap and words are the model's, rounded to what every Python agrees on."""
    workers, copies = crew
    plot = curves.throughput(workers, copies)
    curve, point = plot.as_json()["data"]
    for x, y in zip(curve["x"], curve["y"], strict=True):
        assert y == pytest.approx(queueing.deterministic(x, copies).throughput, abs=1e-6)
        assert y == round(y, 6)
    assert (point["x"], point["y"]) == ([workers], [curve["y"][workers - 1]])
    assert layout(*crew)["shapes"][0]["y0"] == 10 * copies
    assert f"{point['y'][0]:.1f} hashes/s" in plot.alt
    assert f"Workers: {workers}, copies of rng: {copies}." in plot.alt


@pytest.mark.parametrize(
    ("crew", "limit"), [((2, 1), "workers are"), ((3, 1), "just as many"), ((4, 1), "rng is")]
)
def test_its_title_says_what_is_scarce(crew: tuple[int, int], limit: str) -> None:
    """Below, at and past the corner the one message is another one."""
    assert limit in layout(*crew)["title"]["text"]


def test_its_axes_stay_while_the_sliders_move() -> None:
    """For all crews that the page's sliders reach, the axes are the same."""
    axes = {
        json.dumps([layout(workers, copies)[axis] for axis in ("xaxis", "yaxis")])
        for workers in (1, curves.MOST_WORKERS)
        for copies in (1, curves.MOST_COPIES)
    }
    assert len(axes) == 1


def test_nobody_at_work_is_refused() -> None:
    """There is no curve without workers, and the error says so."""
    with pytest.raises(ValueError, match="at least one worker"):
        curves.throughput(0)


@pytest.mark.parametrize(
    ("crew", "limit"),
    [((1, 1), "workers"), ((3, 1), "both"), ((4, 1), "rng"), ((6, 2), "both"), ((7, 2), "rng")],
)
def test_the_model_names_the_limit(crew: tuple[int, int], limit: str) -> None:
    """More of the limit, and of it alone, makes more; at the corner it takes both."""
    workers, copies = crew
    made = queueing.deterministic(workers, copies)
    assert made.limit == limit
    more_workers = queueing.deterministic(workers + 1, copies).throughput
    more_copies = queueing.deterministic(workers, copies + 1).throughput
    gains = (more_workers > made.throughput + 1e-9, more_copies > made.throughput + 1e-9)
    assert gains == {"workers": (True, False), "rng": (False, True), "both": (False, False)}[limit]
