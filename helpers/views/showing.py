"""A live widget that is displayed again and again, and goes on where it was.

Each display has what was seen so far; the one before stands still, with its words stored. So
each section of a page keeps what was to be seen then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from helpers.views.still import Still

if TYPE_CHECKING:
    from helpers.views.live import Widget

Frame = Mapping[str, Any]


class Showing:
    """Displays widgets one after the other over one time line.

    sample: gives the next frame, or None. still: words and table of a widget's time line and
    state. every: seconds between two looks.
    """

    def __init__(
        self,
        sample: Callable[[], Frame | None],
        still: Callable[[list[dict[str, Any]], Mapping[str, Any]], Still],
        every: float,
    ) -> None:
        self._sample, self._still, self._every = sample, still, every
        self._shown: tuple[Widget, Any, Any] | None = None

    @property
    def widget(self) -> Widget | None:
        """The widget that is shown now."""
        return self._shown[0] if self._shown else None

    def show(self, make: Callable[[list[dict[str, Any]]], Widget]) -> Widget:
        """Display what `make` returns for the frames so far, and go on."""
        from IPython.display import display

        from helpers.views import live  # not at the top: it takes its time to import

        widget = make(self.settle())
        handle = display(widget, display_id=True)  # type: ignore[no-untyped-call]
        self._shown = widget, handle, live.follow(widget, self._sample, every=self._every)
        return widget

    def pause(self) -> None:
        """Look no more until the next display; what is shown is not finished yet."""
        if self._shown is not None:
            self._shown[2].stop()

    def settle(self) -> list[dict[str, Any]]:
        """End what is shown, with its whole time line and its words stored; return the line."""
        if self._shown is None:
            return []
        widget, handle, following = self._shown
        self._shown = None
        following.stop()
        widget.still = self._still(widget.frames, widget.state)
        if handle is not None:  # outside of a notebook there is nothing to renew
            handle.update(widget)
        return list(widget.frames)
