"""Bridges, cables and containers, drawn: who is wired to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.records.network import Cable
from helpers.text import _
from helpers.views.theme import COLOURS, Plot, plot

# x of the edges of what is drawn; y grows downwards, one container a step
_BRIDGE: Final = (0.0, 0.35)
_BOX: Final = (0.66, 1.0)
_ROW: Final = 64  # px
_HALF: Final = 0.36  # of a step: half a box's height


def drawing(cables: Sequence[Cable], names: Mapping[str, str] | None = None) -> Plot:
    """Return a drawing of bridges on the left, containers on the right and their cables.

    names: what bridges are called besides their interface's name.
    """
    called = names or {}
    boxes = list(dict.fromkeys(cable.end.container for cable in cables))
    bridges = list(dict.fromkeys(cable.bridge for cable in cables))
    rows = {name: float(row) for row, name in enumerate(boxes)}
    heights = {name: _mean(rows[c.end.container] for c in cables if c.bridge == name)
               for name in bridges}  # fmt: skip
    heights = _apart(heights)
    figure = go.Figure()
    for cable in cables:
        _draw_cable(figure, cable, heights[cable.bridge], rows[cable.end.container], cables)
    for name in bridges:
        label = f"<b>{called[name]}</b><br>{name}" if name in called else f"<b>{name}</b>"
        _draw_box(figure, _BRIDGE, heights[name], label, COLOURS["image"])
    for name in boxes:
        ends = [c.end for c in cables if c.end.container == name]
        lines = [f"{end.ifname} {end.address}" for end in ends]
        _draw_box(figure, _BOX, rows[name], "<br>".join([f"<b>{name}</b>", *lines]),
                  COLOURS["running"])  # fmt: skip
    last = max([*rows.values(), *heights.values(), 0.0])
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[-0.01, 1.01], **hidden)
    figure.update_yaxes(range=[last + 0.6, -0.6], **hidden)
    figure.add_trace(go.Scatter(x=[0], y=[0], mode="markers", opacity=0, hoverinfo="skip"))
    figure.update_layout(
        height=round(_ROW * (last + 1.2)) + 70, margin={"l": 4, "r": 4, "t": 56, "b": 8},
        showlegend=False, hovermode=False,
    )  # fmt: skip
    return plot(figure, title=_title(cables, boxes), alt=_alt(cables, called))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _apart(heights: Mapping[str, float]) -> dict[str, float]:
    """Return heights at which no bridge covers another, in the same order."""
    found: dict[str, float] = {}
    free = 0.0
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        found[name] = max(height, free)
        free = found[name] + 1
    return found


def _draw_cable(
    figure: go.Figure, cable: Cable, bridge: float, row: float, cables: Sequence[Cable]
) -> None:
    siblings = [each for each in cables if each.end.container == cable.end.container]
    at = row + (siblings.index(cable) - (len(siblings) - 1) / 2) * 0.3
    figure.add_shape(
        type="line", x0=_BRIDGE[1], y0=bridge, x1=_BOX[0], y1=at,
        line={"color": COLOURS["muted"], "width": 2}, layer="below",
    )  # fmt: skip
    figure.add_annotation(
        x=(_BRIDGE[1] + _BOX[0]) / 2, y=(bridge + at) / 2,
        text=cable.port.ifname, showarrow=False, yshift=9, font={"size": 11},
    )  # fmt: skip


def _draw_box(
    figure: go.Figure, edges: tuple[float, float], height: float, text: str, colour: str
) -> None:
    figure.add_shape(
        type="rect", x0=edges[0], x1=edges[1], y0=height - _HALF, y1=height + _HALF,
        line={"color": colour, "width": 2}, layer="below",
    )  # fmt: skip
    figure.add_annotation(
        x=(edges[0] + edges[1]) / 2, y=height, text=text, showarrow=False, font={"size": 11}
    )


def _title(cables: Sequence[Cable], boxes: Sequence[str]) -> str:
    for name in boxes:
        wired = {cable.bridge for cable in cables if cable.end.container == name}
        if len(wired) > 1:
            return _("{name} has a cable to each of {count} bridges").format(
                name=name, count=len(wired)
            )
    bridges = {cable.bridge for cable in cables}
    if len(bridges) == 1:
        return _("Each container has one cable to the bridge")
    return _("No container is wired to two bridges")


def _alt(cables: Sequence[Cable], called: Mapping[str, str]) -> str:
    return " ".join(
        _("{container}'s {ifname} ({address}) is wired to {port}, a port of {bridge}.").format(
            container=cable.end.container,
            ifname=cable.end.ifname,
            address=cable.end.address or _("no address"),
            port=cable.port.ifname,
            bridge=called.get(cable.bridge, cable.bridge),
        )
        for cable in cables
    )
