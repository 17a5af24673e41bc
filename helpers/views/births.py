"""Who was born and who stayed while a container started, as bars on a time line.

Pure: births in, a Plot out; its title and its text equivalent are computed from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.records.births import Birth
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot

PIXELS_A_ROW: Final = 44
PIXELS_AROUND: Final = 130  # title and axis
THICK: Final = 0.6  # of a bar, in rows
LEAST_SHOWN: Final = 0.5  # seconds on the axis
ON_FULL: Final = "#000000"  # text on a full bar
LEAST: Final = 0.005  # seconds: a bar of one look would not be seen


def timeline(births: Sequence[Birth], *, until: float) -> Plot:
    """Draw one row for each process, from its first to its last sight.

    until: seconds; who was seen within the last tenth of a second before it has stayed.
    """
    begin = min((birth.first for birth in births), default=0.0)
    stayed = [birth.last > until - 0.1 for birth in births]
    rows = [f"{birth.name} " for birth in births]
    spans = [max(birth.last - birth.first, LEAST) for birth in births]
    ends = [birth.last - begin for birth, stays in zip(births, stayed, strict=True) if not stays]
    shown = max([LEAST_SHOWN, *(1.5 * end for end in ends)])
    figure = go.Figure()
    for here, name in ((False, _("gone again")), (True, _("still there"))):
        places = [row for row, stays in enumerate(stayed) if stays is here]
        figure.add_bar(
            orientation="h",
            y=places,
            x=[spans[row] for row in places],
            base=[births[row].first - begin for row in places],
            name=name,
            width=THICK,
            marker={"color": COLOURS["running" if here else "stopped"]},
            hovertemplate="%{base:.2f} s<extra></extra>",
            showlegend=False,
        )
    for row, birth in enumerate(births):
        at = birth.first - begin if stayed[row] else birth.last - begin
        figure.add_annotation(
            x=max(at, LEAST),
            y=row,
            text=_("still there")
            if stayed[row]
            else _("gone after {seconds:.2f} s").format(seconds=birth.last - birth.first),
            showarrow=False,
            xanchor="left",
            xshift=6,
            font={"color": ON_FULL} if stayed[row] else {},
        )
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=rows, autorange="reversed", showgrid=False
    )
    figure.update_xaxes(title={"text": _("seconds since the first of them")}, range=[0, shown])
    figure.update_layout(height=PIXELS_AROUND + PIXELS_A_ROW * len(rows), barmode="overlay")
    title = _title(births, stayed)
    return theme.plot(figure, title=title, alt="\n".join([title, *_lines(births, stayed, begin)]))


def _title(births: Sequence[Birth], stayed: Sequence[bool]) -> str:
    keep = _(" and ").join(birth.name for birth, stays in zip(births, stayed, strict=True) if stays)
    gone = sum(not stays for stays in stayed)
    if not keep:
        return _("Nobody stayed.")
    return _("{gone} came and went; {names} stayed.").format(gone=gone, names=keep)


def _lines(births: Sequence[Birth], stayed: Sequence[bool], begin: float) -> list[str]:
    return [
        _("{name}: from {first:.2f} s, still there").format(
            name=birth.name, first=birth.first - begin
        )
        if stays
        else _("{name}: from {first:.2f} to {last:.2f} s").format(
            name=birth.name, first=birth.first - begin, last=birth.last - begin
        )
        for birth, stays in zip(births, stayed, strict=True)
    ]
