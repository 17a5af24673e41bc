"""One look for every figure: colours with one meaning each (see palette), a text equivalent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from helpers.views.palette import COLOURS, CONFIG, LAYOUT, PLOTLY_MIME, SERIES

__all__ = ["COLOURS", "PLOTLY_MIME", "SERIES", "TEMPLATE", "Plot", "plot"]

TEMPLATE = go.layout.Template(layout=LAYOUT)


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
        spec["config"] = dict(CONFIG)
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
