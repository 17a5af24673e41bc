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
    rows = [f"{act.verb} {printable(act.path)}" for act in acts]
    said = [_("{ms:.3g} ms").format(ms=act.ms) for act in acts]
    places = list(range(len(acts)))
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=places,
        x=[act.ms for act in acts],
        width=0.6,
        marker={"color": COLOURS["measured"]},
        hovertemplate="%{x:.3g} ms<extra></extra>",
        showlegend=False,
    )
    for place, act, text in zip(places, acts, said, strict=True):
        figure.add_annotation(
            x=_log(act.ms), y=place, text=text, showarrow=False, xanchor="left", xshift=4
        )
    low, high = min(act.ms for act in acts), max(act.ms for act in acts)
    figure.update_xaxes(
        type="log",
        title=_("milliseconds (each step ten times the last)"),
        range=[_log(low) - 0.7, _log(high) + 0.9],
        dtick=1,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=places, ticktext=[f"{row} " for row in rows], autorange="reversed", fixedrange=True
    )
    figure.update_layout(
        height=PIXELS_AROUND + PIXELS_A_BAR * len(acts), yaxis={"automargin": True}
    )
    title = _("The first write to a file takes {first:.3g} ms, the second {second:.3g} ms").format(
        first=acts[-2].ms, second=acts[-1].ms
    )
    lines = [f"{row}: {text}" for row, text in zip(rows, said, strict=True)]
    return theme.plot(figure, title=title, alt="\n".join([title + ".", *lines]))


def _log(ms: float) -> float:
    return log10(max(ms, 1e-4))
