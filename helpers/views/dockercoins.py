"""DockerCoins in figures: throughput and latency against workers.

Builders are pure: measurements in, a Plot out, its title and words computed from them. What
moves while it is measured is drawn by coins_monitor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.analysis import queueing
from helpers.records.dockercoins import Measurement
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot

CLOSE: Final = 0.25  # what counts as "at the cap", on a busy machine too
SYMBOLS: Final = ("circle", "diamond", "square", "cross")  # by copies of rng, beside the label
# Where each figure is empty: throughput levels off, latency begins low.
BOTTOM_RIGHT: Final = {"orientation": "v", "x": 1, "xanchor": "right", "y": 0, "yanchor": "bottom"}
TOP_LEFT: Final = {"orientation": "v", "x": 0.02, "xanchor": "left", "y": 1, "yanchor": "top"}


# -- against workers


def throughput(points: Iterable[Measurement], times: queueing.Times = queueing.DOCKERCOINS) -> Plot:
    """Draw hashes/s against workers: measured, the model's line, the cap of each crew of rng."""
    crews = _by_copies(points)
    figure = go.Figure()
    most = max(point.workers for crew in crews.values() for point in crew)
    for copies, crew in crews.items():
        model = [queueing.deterministic(n, copies, times) for n in range(1, most + 1)]
        _line(figure, [p.workers for p in model], [p.throughput for p in model])
        _dots(figure, copies, crew, [point.hashes_per_second for point in crew])
        _cap(figure, copies, queueing.cap(copies, times))
    figure.update_xaxes(title=_("workers"), rangemode="tozero", dtick=1 if most <= 12 else None)
    figure.update_yaxes(title=_("hashes/s"), rangemode="tozero")
    figure.update_layout(legend=BOTTOM_RIGHT)
    title = _throughput_title(crews, times)
    return theme.plot(figure, title=title, alt=f"{title}. {_throughput_words(crews, times)}")


def latency(points: Iterable[Measurement], times: queueing.Times = queueing.DOCKERCOINS) -> Plot:
    """Draw how long rng takes to answer against workers: measured, and the model's line.

    Measurements without `rng_seconds` are left out.
    """
    crews = _by_copies(point for point in points if point.rng_seconds is not None)
    figure = go.Figure()
    most = max(point.workers for crew in crews.values() for point in crew)
    for copies, crew in crews.items():
        model = [queueing.deterministic(n, copies, times) for n in range(1, most + 1)]
        _line(figure, [p.workers for p in model], [p.rng_latency * 1000 for p in model])
        _dots(figure, copies, crew, [_milliseconds(point) for point in crew])
    figure.update_xaxes(title=_("workers"), rangemode="tozero", dtick=1 if most <= 12 else None)
    figure.update_yaxes(title=_("time for rng to answer (ms)"), rangemode="tozero")
    figure.update_layout(legend=TOP_LEFT)
    title = _latency_title(crews, times)
    return theme.plot(figure, title=title, alt=f"{title}. {_latency_words(crews, times)}")


def _by_copies(points: Iterable[Measurement]) -> dict[int, list[Measurement]]:
    ordered = sorted(points, key=lambda point: (point.rngs, point.workers))
    if not ordered:
        raise ValueError("nothing was measured: there is nothing to draw")
    crews: dict[int, list[Measurement]] = {}
    for point in ordered:
        crews.setdefault(point.rngs, []).append(point)
    return crews


def _line(figure: go.Figure, x: Sequence[float], y: Sequence[float]) -> None:
    style = {"color": COLOURS["model"], "width": 2}
    figure.add_scatter(
        x=x, y=y, mode="lines", line=style, name=_("model"), legendgroup="model",
        showlegend=not any(trace.legendgroup == "model" for trace in figure.data),
    )  # fmt: skip


def _dots(
    figure: go.Figure, copies: int, crew: Sequence[Measurement], values: Sequence[float]
) -> None:
    symbol = SYMBOLS[(copies - 1) % len(SYMBOLS)]
    figure.add_scatter(
        x=[point.workers for point in crew],
        y=values,
        mode="markers",
        marker={"color": COLOURS["measured"], "symbol": symbol, "size": 10},
        name=_("measured, {copies} rng").format(copies=copies),
        showlegend=True,
        hovertemplate="%{x}: %{y:.1f}<extra></extra>",
    )


def _cap(figure: go.Figure, copies: int, limit: float) -> None:
    figure.add_hline(
        y=limit,
        line={"color": COLOURS["limit"], "dash": "dash", "width": 1.5},
        annotation={
            "text": _("cap of {copies} rng: {limit:g}/s").format(copies=copies, limit=limit),
            "font": {"color": COLOURS["limit"]},
        },
        annotation_position="top left",
    )


# -- what the figures say, in words


def _throughput_title(crews: dict[int, list[Measurement]], times: queueing.Times) -> str:
    few, many = min(crews), max(crews)
    low = queueing.cap(few, times)
    best = {copies: _best(crew) for copies, crew in crews.items()}
    if many > few and best[many].hashes_per_second > low * (1 + CLOSE):
        return _(
            "With {many} rng instead of {few}: {high:.1f} hashes/s instead of {low:.1f}"
        ).format(
            many=many, few=few, high=best[many].hashes_per_second, low=best[few].hashes_per_second
        )
    past = [point for point in crews[few] if point.workers > queueing.knee(few, times)]
    if past and all(_near(point.hashes_per_second, low) for point in past):
        return _("Past {knee:g} workers, more workers bring nothing: rng gives {low:g}/s").format(
            knee=queueing.knee(few, times), low=low
        )
    top = best[few]
    return _("{workers} workers make {rate:.1f} hashes/s").format(
        workers=top.workers, rate=top.hashes_per_second
    )


def _throughput_words(crews: dict[int, list[Measurement]], times: queueing.Times) -> str:
    return " ".join(
        _("Workers and hashes/s with {copies} rng (cap {limit:g}): {pairs}.").format(
            copies=copies,
            limit=queueing.cap(copies, times),
            pairs=", ".join(f"{p.workers}: {p.hashes_per_second:.1f}" for p in crew),
        )
        for copies, crew in crews.items()
    )


def _latency_title(crews: dict[int, list[Measurement]], times: queueing.Times) -> str:
    few = min(crews)
    past = [point for point in crews[few] if point.workers > queueing.knee(few, times)]
    expected = [queueing.deterministic(p.workers, few, times).rng_latency for p in past]
    if past and all(
        _near(_milliseconds(point), seconds * 1000)
        for point, seconds in zip(past, expected, strict=True)
    ):
        return _("Each worker past {knee:g} makes all wait {more:.0f} ms longer at rng").format(
            knee=queueing.knee(few, times), more=1000 * times.rng / few
        )
    slowest = max(crews[few], key=_milliseconds)
    return _("With {workers} workers, rng takes {wait:.0f} ms to answer").format(
        workers=slowest.workers, wait=_milliseconds(slowest)
    )


def _latency_words(crews: dict[int, list[Measurement]], times: queueing.Times) -> str:
    return " ".join(
        _(
            "Workers and milliseconds with {copies} rng (one draw takes {draw:.0f}): {pairs}."
        ).format(
            copies=copies,
            draw=times.rng * 1000,
            pairs=", ".join(f"{p.workers}: {_milliseconds(p):.0f}" for p in crew),
        )
        for copies, crew in crews.items()
    )


def _best(crew: Iterable[Measurement]) -> Measurement:
    return max(crew, key=lambda point: point.hashes_per_second)


def _near(value: float, expected: float) -> bool:
    return abs(value - expected) <= CLOSE * expected


def _milliseconds(point: Measurement) -> float:
    return (point.rng_seconds or 0.0) * 1000
