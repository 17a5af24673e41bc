"""A virtual machine beside a container: how many times as much it takes, of each thing measured.

Pure: comparisons in, a Plot out; its title and its text equivalent are computed from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.records.footprints import Comparison
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot

PIXELS_A_ROW: Final = 62
PIXELS_AROUND: Final = 130  # title and axis
THICK: Final = 0.55  # of a bar, in rows


def compare(rows: Sequence[Comparison]) -> Plot:
    """Draw one bar for each thing measured, from 1 (as much as a container) to the machine's."""
    figure = go.Figure()
    places = list(range(len(rows)))
    figure.add_bar(
        orientation="h",
        y=places,
        base=[1.0] * len(rows),
        x=[row.times - 1 for row in rows],
        width=THICK,
        marker={"color": COLOURS["measured"]},
        hoverinfo="skip",
        showlegend=False,
    )
    for place, row in zip(places, rows, strict=True):
        figure.add_annotation(
            x=0.0,  # the logarithm of 1
            y=place - 0.42,
            text=f"<b>{row.what}</b>: {_values(row)}",
            showarrow=False,
            xanchor="left",
            yanchor="middle",
            xshift=2,
        )
    most = max([10.0, *(row.times for row in rows)])
    least = min([1.0, *(row.times for row in rows)])
    figure.update_yaxes(visible=False, range=[len(rows) - 0.5, -0.75])
    figure.update_xaxes(
        type="log",
        range=[math.log10(least), math.log10(most * 1.2)],
        dtick=1,
        title={"text": _("times what a container takes")},
    )
    figure.update_layout(height=PIXELS_AROUND + PIXELS_A_ROW * len(rows), margin={"l": 16})
    title = _title(rows)
    lines = [
        _("{what}: {values}, {digits} times as much.").format(
            what=row.what, values=_values(row), digits=_digits(row)
        )
        for row in rows
    ]
    return theme.plot(figure, title=title, alt="\n".join([title, *lines]))


def _title(rows: Sequence[Comparison]) -> str:
    told = [
        _("{digits} times the {what}").format(digits=_digits(row), what=row.what)
        for row in rows[:2]
    ]
    return _("The machine took {told}").format(told=_(" and ").join(told))


def _digits(row: Comparison) -> str:
    return f"{row.times:.0f}" if row.times >= 9.5 else f"{row.times:.1f}"


def _values(row: Comparison) -> str:
    return _("container {container:.3g} {unit}, machine {machine:.3g} {unit}").format(
        container=row.container, machine=row.machine, unit=row.unit
    )
