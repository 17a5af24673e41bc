"""One look for every figure: colours with one meaning each, and a text equivalent.

The palette is Okabe and Ito's (2008, jfly.uni-koeln.de/color), distinguishable with the
common forms of colour blindness; every colour here keeps 3:1 contrast on white and on
the dark theme's background.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

_BLUE, _VERMILION, _GREEN = "#0072B2", "#D55E00", "#009E73"
_ORANGE, _SKY, _PURPLE, _GREY = "#E69F00", "#56B4E9", "#CC79A7", "#7F7F7F"

COLOURS: Final[dict[str, str]] = {
    "measured": _BLUE,  # what this machine answered
    "model": _GREY,  # what arithmetic predicts
    "limit": _VERMILION,  # a cap, a quota, a bottleneck
    "image": _SKY,  # read-only, from the image
    "added": _GREEN,
    "changed": _ORANGE,
    "deleted": _VERMILION,
    "running": _GREEN,
    "stopped": _GREY,
    "signal": _PURPLE,
    "muted": _GREY,
}
SERIES: Final[tuple[str, ...]] = (_BLUE, _ORANGE, _GREEN, _PURPLE, _SKY, _VERMILION)

_GRID = "rgba(127,127,127,0.25)"
_TEXT = "#7F7F7F"  # legible on white and on dark where the page does not set its own
_AXIS = {"gridcolor": _GRID, "zerolinecolor": _GRID, "linecolor": _GRID, "automargin": True}

TEMPLATE = go.layout.Template(
    layout={
        "colorway": list(SERIES),
        "font": {"family": "system-ui, sans-serif", "size": 14, "color": _TEXT},
        "title": {"x": 0, "xanchor": "left", "font": {"size": 16}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 16, "t": 56, "b": 48},
        "height": 360,
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": {"orientation": "h", "y": -0.2},
    }
)

PLOTLY_MIME: Final = "application/vnd.plotly.v1+json"


@dataclass(frozen=True)
class Plot:
    """A figure and what it says in words; shows both to whoever can read only one."""

    figure: go.Figure
    alt: str

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        return {PLOTLY_MIME: self.as_json(), "text/plain": self.alt}

    def as_json(self) -> dict[str, Any]:
        """Return the figure as plotly's JSON, with the text equivalent in `layout.meta.alt`."""
        spec: dict[str, Any] = self.figure.to_plotly_json()
        spec["config"] = {"displayModeBar": False, "responsive": True}
        return _plain(spec)  # type: ignore[no-any-return]


def _plain(value: object) -> Any:
    """Return `value` with tuples and numpy-likes as the lists and numbers JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def plot(figure: go.Figure, *, title: str, alt: str) -> Plot:
    """Dress `figure` in the book's look.

    title: the figure's one message, a sentence. alt: its text equivalent.
    """
    figure.update_layout(template=TEMPLATE, title={"text": title}, meta={"alt": alt})
    return Plot(figure, alt)
