"""Scaling in figures: up against out, and an autoscaler at work. Pure: numbers in, a Plot out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot

CLOSE = 0.35  # what counts as "nothing": a factor of less than 1.35


def gains(factors: Mapping[str, tuple[float, float]]) -> Plot:
    """Draw what doubling brings. factors: by program, (up, out) as multiples of before."""
    figure = go.Figure()
    names = list(factors)
    for at, (label, colour) in enumerate(
        ((_("up: one copy, twice the CPU"), "model"), (_("out: two copies"), "measured"))
    ):
        values = [factors[name][at] for name in names]
        figure.add_bar(
            x=names,
            y=values,
            name=label,
            marker={"color": COLOURS[colour]},
            text=[f"{value:.1f}" for value in values],
            hoverinfo="skip",
        )
    figure.add_hline(y=1, line={"color": COLOURS["muted"], "dash": "dash", "width": 1})
    figure.update_yaxes(title=_("work done, as a multiple of before"), rangemode="tozero")
    deaf = [name for name in names if factors[name][0] < 1 + CLOSE]
    title = (
        _("More CPU does nothing for what {names}; another copy does").format(
            names=_(" and ").join(deaf)
        )
        if deaf
        else _("Both ways bring more")
    )
    words = " ".join(
        _("What {name}: {up:.1f} times as much by up, {out:.1f} by out.").format(
            name=name, up=up, out=out
        )
        for name, (up, out) in factors.items()
    )
    return theme.plot(figure, title=title, alt=f"{title}. {words}")


def autoscaler(history: Sequence[tuple[int, float]], limit: float) -> Plot:
    """Draw an autoscaler's rounds.

    history: of each (copies, seconds of waiting). limit: the wait from which it adds one.
    """
    rounds = list(range(1, len(history) + 1))
    waits = [1000 * wait for _copies, wait in history]
    figure = go.Figure()
    figure.add_bar(
        x=rounds,
        y=waits,
        marker={"color": COLOURS["measured"]},
        text=[
            _("{copies} rng: {wait:.0f} ms").format(copies=copies, wait=wait)
            for (copies, _wait), wait in zip(history, waits, strict=True)
        ],
        hoverinfo="skip",
    )
    figure.add_hline(
        y=1000 * limit,
        line={"color": COLOURS["limit"], "dash": "dash", "width": 1.5},
        annotation={
            "text": _("more than {limit:.0f} ms: one more").format(limit=1000 * limit),
            "font": {"color": COLOURS["limit"]},
        },
        annotation_position="top right",
    )
    figure.update_xaxes(title=_("round"), dtick=1)
    figure.update_yaxes(title=_("wait at rng (ms)"), rangemode="tozero")
    title = _(
        "From {first} rng to {last}: the wait falls from {long:.0f} ms to {short:.0f}"
    ).format(first=history[0][0], last=history[-1][0], long=waits[0], short=waits[-1])
    words = ", ".join(
        _("{copies} rng: {wait:.0f} ms").format(copies=copies, wait=wait)
        for (copies, _wait), wait in zip(history, waits, strict=True)
    )
    return theme.plot(figure, title=title, alt=f"{title}. {words}.")
