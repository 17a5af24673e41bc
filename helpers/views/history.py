"""A history of dated events, each with a source: a table, and a time line that runs downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import plotly.graph_objects as go
import yaml

from helpers.errors import BookError
from helpers.text import _
from helpers.views import theme
from helpers.views.tables import Cell, Link, Table
from helpers.views.theme import COLOURS, Plot

PARTS: Final = ("engine", "given", "company", "elsewhere")
_COLOUR: Final = {
    "engine": COLOURS["measured"],
    "given": COLOURS["added"],
    "company": COLOURS["signal"],
    "elsewhere": COLOURS["limit"],
}
PIXELS_A_YEAR: Final = 46
PIXELS_AROUND: Final = 130  # title, axis, legend
LEAST: Final = 0.42  # years between two labels, so that neither covers the other
_MONTH: Final = 7  # characters of "2013-03"


@dataclass(frozen=True)
class Event:
    """One thing that happened. at: "2013-03-23", or "2014-03" where no source has the day."""

    at: str
    part: str
    label: str
    what: str
    source: Link

    @property
    def year(self) -> float:
        """The year and its fraction; the middle of a month that has no day."""
        day = date.fromisoformat(self.at if len(self.at) > _MONTH else f"{self.at}-15")
        return day.year + (day.timetuple().tm_yday - 1) / 365.25


def read(file: Path) -> tuple[Event, ...]:
    """Return the events in `file`, in order. Raises BookError."""
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    events = tuple(_event(raw) for raw in said["events"])
    if [each.year for each in events] != sorted(each.year for each in events):
        raise BookError(_("The events in {file} are not in order.").format(file=file))
    return events


def _event(raw: dict[str, Any]) -> Event:
    if raw["part"] not in PARTS:
        raise BookError(
            _("{label} is about none of {parts}.").format(
                label=raw["label"], parts=", ".join(PARTS)
            )
        )
    return Event(
        str(raw["at"]), raw["part"], str(raw["label"]), str(raw["what"]), Link(*raw["source"])
    )


def table(events: Sequence[Event]) -> Table:
    """Return the events as a table, each with where it stands."""
    caption = _("{count} events, each with its source").format(count=len(events))
    rows: list[list[Cell]] = [[each.at, each.what, each.source] for each in events]
    return Table(caption, [_("when"), _("what"), _("source")], rows)


def spread(places: Sequence[float], least: float) -> list[float]:
    """Return places in rising order moved on until `least` lies between each two."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    return moved


def timeline(events: Sequence[Event]) -> Plot:
    """Draw the events down a line of years, to scale, each with its label beside it."""
    figure = go.Figure()
    labels = spread([each.year for each in events], LEAST)
    for event, at in zip(events, labels, strict=True):
        figure.add_scatter(
            x=[0, 0.5, 0.8],
            y=[event.year, at, at],
            mode="lines",
            line={"color": COLOURS["muted"], "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_annotation(
            x=0.85, y=at, text=event.label, showarrow=False, xanchor="left", yanchor="middle"
        )
    for part in PARTS:
        mine = [each for each in events if each.part == part]
        figure.add_scatter(
            x=[0] * len(mine),
            y=[each.year for each in mine],
            mode="markers",
            name=_words(part),
            marker={"color": _COLOUR[part], "size": 11},
            text=[f"{each.at}: {each.label}" for each in mine],
            hovertemplate="%{text}<extra></extra>",
        )
    return _dress(figure, events, labels[-1])


def _dress(figure: go.Figure, events: Sequence[Event], last: float) -> Plot:
    begin, end = int(events[0].year), max(last, events[-1].year) + LEAST
    figure.update_xaxes(visible=False, range=[-0.15, 6], fixedrange=True)
    figure.update_yaxes(
        range=[end, begin], dtick=1, tickformat="d", ticks="outside", fixedrange=True
    )
    figure.update_yaxes(showgrid=False, showline=True, linecolor=COLOURS["muted"])
    figure.update_layout(
        height=PIXELS_AROUND + round(PIXELS_A_YEAR * (end - begin)),
        legend={"orientation": "h", "y": -0.02},
        hovermode="closest",
    )
    title = _title(events)
    lines = [f"{each.at} ({_words(each.part)}): {each.label}" for each in events]
    return theme.plot(figure, title=title, alt="\n".join([title, *lines]))


def _title(events: Sequence[Event]) -> str:
    given = [each for each in events if each.part == "given"]
    return _("Since {year}, {count} pieces have been given to foundations").format(
        year=given[0].at[:4], count=len(given)
    )


def _words(part: str) -> str:
    return {
        "engine": _("the engine"),
        "given": _("given to foundations"),
        "company": _("the company"),
        "elsewhere": _("elsewhere"),
    }[part]
