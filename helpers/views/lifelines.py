"""Systems as bars on a time line, from their beginning to their end or to this day.

Pure: a dated table in, a Plot out; its title and its text equivalent are computed from it.
"""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from helpers.records.lifelines import Lifeline, Lifelines
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot

PIXELS_A_ROW: Final = 46
PIXELS_AROUND: Final = 130  # title and axis
THICK: Final = 0.4  # of a bar, in rows


def timeline(table: Lifelines) -> Plot:
    """Draw one row for each system, in order of their beginnings."""
    rows = sorted(table.systems, key=lambda each: each.began)
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=list(range(len(rows))),
        base=[row.began for row in rows],
        x=[_end(row, table) - row.began for row in rows],
        width=THICK,
        marker={
            "color": [COLOURS["running" if row.ended is None else "stopped"] for row in rows],
        },
        hoverinfo="skip",
        showlegend=False,
    )
    middle = (rows[0].began + table.read) / 2
    for place, row in enumerate(rows):
        late = row.began > middle  # what stands at the right is written towards the left
        figure.add_annotation(
            x=_end(row, table) if late else row.began,
            y=place - 0.44,
            text=_label(row),
            showarrow=False,
            xanchor="right" if late else "left",
        )
    first = int(min(row.began for row in rows))
    figure.update_yaxes(visible=False, range=[len(rows) - 0.5, -0.8])
    figure.update_xaxes(range=[first, table.read + 0.2], dtick=2, tickformat="d")
    figure.update_layout(height=PIXELS_AROUND + PIXELS_A_ROW * len(rows), margin={"l": 16})
    title = _title(table)
    lines = [_line(row) for row in rows]
    return theme.plot(figure, title=title, alt="\n".join([title, *lines]))


def _end(row: Lifeline, table: Lifelines) -> float:
    return table.read if row.ended is None else row.ended


def _title(table: Lifelines) -> str:
    ended = sum(row.ended is not None for row in table.systems)
    return _("{ended} of {all} container operating systems have ended").format(
        all=len(table.systems), ended=ended
    )


def _label(row: Lifeline) -> str:
    if row.ended is None:
        return row.name
    return _("{name}, ended {year}").format(name=row.name, year=int(row.ended))


def _line(row: Lifeline) -> str:
    if row.ended is None:
        return _("{name}: since {began}.").format(name=row.name, began=_month(row.began))
    return _("{name}: {began} to {ended}.").format(
        name=row.name, began=_month(row.began), ended=_month(row.ended)
    )


def _month(year: float) -> str:
    whole, month = int(year), round((year - int(year)) * 12) + 1
    return f"{whole}-{month:02}"
