"""What a first write costs, and a second: bars of milliseconds. Pure: acts in, a Plot out."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Final

import plotly.graph_objects as go

from helpers.records.container_layer import Act
from helpers.text import _
from helpers.views import theme
from helpers.views.layers import printable
from helpers.views.theme import COLOURS, Plot

PIXELS_A_BAR: Final = 34
PIXELS_AROUND: Final = 120  # title and axis


def writes(acts: Sequence[Act]) -> Plot:
    """Draw how long each act took, on a scale of tenfold steps, in the order they were done."""
    title = _("The first write to a file takes {first:.3g} ms, the second {second:.3g} ms").format(
        first=acts[-2].ms, second=acts[-1].ms
    )
    return timed([(f"{act.verb} {printable(act.path)}", act.ms) for act in acts], title)


def timed(bars: Sequence[tuple[str, float]], title: str) -> Plot:
    """Draw (what, milliseconds) as bars on a scale of tenfold steps, the first on top."""
    rows, took = [row for row, _ms in bars], [ms for _row, ms in bars]
    said = [_("{ms:.3g} ms").format(ms=ms) for ms in took]
    places = list(range(len(bars)))
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=places,
        x=took,
        width=0.6,
        marker={"color": COLOURS["measured"]},
        hovertemplate="%{x:.3g} ms<extra></extra>",
        showlegend=False,
    )
    for place, ms, text in zip(places, took, said, strict=True):
        figure.add_annotation(
            x=_log(ms), y=place, text=text, showarrow=False, xanchor="left", xshift=4
        )
    figure.update_xaxes(
        type="log",
        title=_("milliseconds (each step ten times the last)"),
        range=[_log(min(took)) - 0.7, _log(max(took)) + 0.9],
        dtick=1,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=places, ticktext=[f"{row} " for row in rows], autorange="reversed", fixedrange=True
    )
    figure.update_layout(
        height=PIXELS_AROUND + PIXELS_A_BAR * len(bars), yaxis={"automargin": True}
    )
    lines = [f"{row}: {text}" for row, text in zip(rows, said, strict=True)]
    return theme.plot(figure, title=title, alt="\n".join([title + ".", *lines]))


def _log(ms: float) -> float:
    return log10(max(ms, 1e-4))
