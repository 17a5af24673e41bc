"""Curves of models, as plain figures: they are drawn in Jupyter and in the published page.

Pure, and standard library only.
"""

from __future__ import annotations

from typing import Any, Final

from helpers.analysis import queueing
from helpers.text import _
from helpers.views import plain
from helpers.views.palette import COLOURS
from helpers.views.plain import PlainPlot

MOST_WORKERS: Final = 20  # the axes stay where they are for crews up to these,
MOST_COPIES: Final = 4  # so that one sees the curve move and not the axes
_DIGITS: Final = 6  # as the last ones differ between versions of Python


def throughput(
    workers: int, copies: int = 1, times: queueing.Times = queueing.DOCKERCOINS
) -> PlainPlot:
    """Draw hashes/s against workers for so many copies of rng, with the point of one crew.

    Raises ValueError where there is no worker or no rng.
    """
    crew = queueing.deterministic(workers, copies, times)
    most = max(workers, MOST_WORKERS)
    model = [queueing.deterministic(n, copies, times) for n in range(1, most + 1)]
    limit = queueing.cap(copies, times)
    curve = {
        "type": "scatter",
        "mode": "lines",
        "x": [point.workers for point in model],
        "y": [round(point.throughput, _DIGITS) for point in model],
        "line": {"color": COLOURS["model"], "width": 2},
        "showlegend": False,
        "hovertemplate": "%{x}: %{y:.1f}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": _("workers")}, "range": [0, most + 1]},
        "yaxis": {"title": {"text": _("hashes/s")}, "range": [0, _highest(limit, times)]},
        "shapes": [_cap_line(limit)],
        "annotations": [_cap_label(copies, limit)],
    }
    title = _title(crew, limit)
    return plain.plot([curve, _point(crew)], layout, title=title, alt=_words(title, crew, times))


def _highest(limit: float, times: queueing.Times) -> float:
    return round(1.1 * max(limit, queueing.cap(MOST_COPIES, times)), _DIGITS)


def _point(crew: queueing.Prediction) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [crew.workers],
        "y": [round(crew.throughput, _DIGITS)],
        "text": [f"{crew.throughput:.1f}"],
        "textposition": "bottom right",
        "cliponaxis": False,
        "marker": {"color": COLOURS["model"], "size": 12},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _cap_line(limit: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": round(limit, _DIGITS),
        "y1": round(limit, _DIGITS),
        "line": {"color": COLOURS["limit"], "dash": "dash", "width": 1.5},
    }


def _cap_label(copies: int, limit: float) -> dict[str, Any]:
    return {
        "text": _("cap of {copies} rng: {limit:g}/s").format(copies=copies, limit=limit),
        "font": {"color": COLOURS["limit"]},
        "showarrow": False,
        "xref": "x domain",
        "x": 0,
        "xanchor": "left",
        "yref": "y",
        "y": round(limit, _DIGITS),
        "yanchor": "bottom",
    }


def _title(crew: queueing.Prediction, limit: float) -> str:
    sentences = {
        "workers": _("{rate:.1f} hashes/s: workers are the limit, rng could give {limit:g}"),
        "rng": _("{rate:.1f} hashes/s: rng is the limit, more workers would only wait"),
        "both": _("{rate:.1f} hashes/s: just as many workers as rng can serve"),
    }
    return sentences[crew.limit].format(rate=crew.throughput, limit=limit)


def _words(title: str, crew: queueing.Prediction, times: queueing.Times) -> str:
    return _(
        "{title}. Workers: {workers}, copies of rng: {copies}. The model's curve rises to "
        "{limit:g} hashes/s at {knee:g} workers and stays level from there."
    ).format(
        title=title,
        workers=crew.workers,
        copies=crew.copies,
        limit=queueing.cap(crew.copies, times),
        knee=queueing.knee(crew.copies, times),
    )
