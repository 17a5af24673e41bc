"""Figures as plain plotly JSON, for models that also run in the reader's browser.

There, plotly's Python classes would be 12 MB to fetch; its JSON is data. Jupyter and the
page draw the same figure from it. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.views.palette import CONFIG, LAYOUT, PLOTLY_MIME


@dataclass(frozen=True)
class PlainPlot:
    """A figure as plotly's JSON, and what it says in words; shows both, as theme.Plot does."""

    spec: Mapping[str, Any]
    alt: str

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        return {PLOTLY_MIME: self.as_json(), "text/plain": self.alt}

    def as_json(self) -> dict[str, Any]:
        """Return the figure as plotly's JSON, with the text equivalent in `layout.meta.alt`."""
        return dict(self.spec)


def plot(
    data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], *, title: str, alt: str
) -> PlainPlot:
    """Dress plotly traces and a layout in the book's look.

    title: the figure's one message, a sentence. alt: its text equivalent.
    """
    dressed = {
        **layout,
        "template": {"layout": LAYOUT},
        "title": {"text": title},
        "meta": {"alt": alt},
    }
    spec = {"data": [dict(trace) for trace in data], "layout": dressed, "config": dict(CONFIG)}
    return PlainPlot(spec, alt)
