"""Colours with one meaning each, and what all figures have in common, as plain data.

The palette is Okabe and Ito's (2008, jfly.uni-koeln.de/color), distinguishable with the
common forms of colour blindness. Each keeps 3:1 contrast on the dark theme's background, and on
white too, save orange and sky (2.3:1): those two fill areas with a name beside them, and are
never a line or a text. Names that share a colour share its sense: green is there and well,
vermilion ends something, grey stands back.

Standard library only: figures of models are also made in the reader's browser.
"""

from __future__ import annotations

from typing import Any, Final

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

PLOTLY_MIME: Final = "application/vnd.plotly.v1+json"
CONFIG: Final[dict[str, Any]] = {"displayModeBar": False, "responsive": True}

_GRID = "rgba(127,127,127,0.25)"
_TEXT = "#7F7F7F"  # legible on white and on dark where the page does not set its own
_AXIS = {"gridcolor": _GRID, "zerolinecolor": _GRID, "linecolor": _GRID, "automargin": True}

LAYOUT: Final[dict[str, Any]] = {
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
