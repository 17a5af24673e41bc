"""Widgets: an anywidget for each, drawn by a module of `book/_static/widgets/` from state alone.

The only home of ipywidgets. A widget holds what it shows (`state`, `frames`) and nothing
else, so the recorded one on a page without a kernel is drawn by the same module.

    widget = show("layers", state=..., still=Still(words, head, rows), ...)
    following = follow(widget, sample, every=1.0)     # live: until nobody looks, or stop()
    following.stop()
    answer(widget, handle)                            # the front end may ask: see `answer`
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import anywidget
import traitlets

from helpers import paths
from helpers.errors import LabError
from helpers.records.lab import Level
from helpers.text import _
from helpers.views.still import Still
from helpers.views.theme import COLOURS

FOLDER: Final = paths.BOOK / "_static" / "widgets"
MOST_FRAMES: Final = 600  # kept of a time line; from there on every other one goes
VIEW: Final = "application/vnd.jupyter.widget-view+json"

Frame = Mapping[str, Any]
Handle = Callable[[Mapping[str, Any]], str]

_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.mjs";\n', re.MULTILINE)


@cache
def front_end(name: str) -> str:
    """Return the module `name` as one text: the neighbours it imports, then its own.

    JupyterLab gets a module as a text without an address, so it cannot import a neighbour.
    """
    neighbours: dict[str, str] = {}

    def read(module: str) -> str:
        text = (FOLDER / f"{module}.mjs").read_text(encoding="utf-8")
        for neighbour in _IMPORT.findall(text):
            if neighbour not in neighbours:
                neighbours[neighbour] = read(neighbour)
        return _IMPORT.sub("", text)

    own = read(name)
    if "house" not in neighbours:
        raise ValueError(f"{name}.mjs must import from ./house.mjs, on lines of its own")
    return "".join(neighbours.values()) + own


def _shared_texts() -> dict[str, str]:
    """Return the sentences of `house.mjs`."""
    return {
        "live": _("Live"),
        "recorded": _("Recorded on {date}"),
        "simulated": _("Simulated"),
        "picture": _("Picture"),
        "table": _("Table"),
        "play": _("Play"),
        "pause": _("Pause"),
        "time line": _("Time line"),
        "seconds": _("{seconds} s"),
        "more": _("… and {count} more"),
    }


class Widget(anywidget.AnyWidget):
    """A widget of the book. See `show` for what it is given.

    watched: whether anyone can see it, told by the front end. error: a sentence that takes
    the place of the words. answers: whether the front end may ask for something (see `answer`).
    """

    _esm = traitlets.Unicode().tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    level = traitlets.Unicode("live").tag(sync=True)
    recorded = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    frames: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)
    colours = traitlets.Dict().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    watched = traitlets.Bool(True).tag(sync=True)
    answers = traitlets.Bool(False).tag(sync=True)

    def __init__(self, name: str, *, still: Still, **traits: Any) -> None:
        self.still = still
        self.handle: Handle | None = None
        super().__init__(name=name, _esm=front_end(name), **traits)
        self.on_msg(self._asked)

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        question = content.get("ask") if isinstance(content, dict) else None
        if not isinstance(question, dict):
            return
        try:
            if self.handle is None:
                raise LabError(
                    _("Nobody answers here any more."), remedy=_("Run the notebook again.")
                )
            said, done = self.handle(question), True
        except Exception as error:  # the reader waits: whatever it is, it is the answer
            said = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
            done = False
        self.send({"answer": {"done": done, "said": said}})

    def append(self, frame: Frame) -> None:
        """Add a frame at the end of the time line, and show it if that is what is looked at.

        Only the frame is sent: the whole line again, five times a second, would be too much.
        """
        self.frames.append(dict(frame))
        if len(self.frames) > MOST_FRAMES:
            self.frames = self.frames[::2]
        else:
            self.send({"frame": dict(frame)})

    def settle(self) -> None:
        """Send the whole time line: it is what a recording, or a reloaded page, shows."""
        self.send_state("frames")

    def view(self) -> Any:
        """Return the value of the view's mime type alone (application/vnd.jupyter...)."""
        data, _metadata = super()._repr_mimebundle_() or ({}, {})
        return data[VIEW]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/html": self.still.html(), "text/plain": str(self.still)}, metadata


def show(
    name: str,
    *,
    title: str,
    state: Mapping[str, Any],
    texts: Mapping[str, str],
    still: Still,
    frames: Sequence[Frame] = (),
    level: Level = "live",
) -> Widget:
    """Return the widget `name`, to be the last line of a cell.

    title: one message. state: what does not change. frames: a time line, each with `at`
    (seconds). texts: its sentences with {fields}. still: what stands where nothing moves.
    """
    return Widget(
        name,
        still=still,
        title=title,
        level=level,
        state=dict(state),
        frames=[dict(frame) for frame in frames],
        texts={**_shared_texts(), **texts},
        colours=dict(COLOURS),
    )


def restore(state: Mapping[str, Any], date: str) -> Widget:
    """Return a recorded widget again. state: its model's, as a notebook stores it.

    Its front end is today's, not the stored one. date: when it was recorded.
    """
    kept = {key: state[key] for key in ("title", "state", "frames", "texts", "colours")}
    level = "simulated" if state.get("level") == "simulated" else "recorded"
    nothing = Still("", (), ())  # the output it is restored for has its own
    return Widget(state["name"], still=nothing, level=level, recorded=date, **kept)


class Following:
    """A thread that adds a frame now and then while the widget can be seen."""

    def __init__(self, widget: Widget, sample: Callable[[], Frame | None], every: float) -> None:
        # Not the widget itself: a thread that held it would keep it alive for ever.
        self._widget = weakref.ref(widget)
        self._sample = sample
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"live-{widget.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and send the whole time line. Returns once the thread is done."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        widget = self._widget()
        if widget is not None:
            widget.settle()

    @property
    def running(self) -> bool:
        """Whether more frames may come."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped.wait(max(due - time.monotonic(), 0)):
            due = max(due + self._every, time.monotonic())
            widget = self._widget()
            if widget is None or widget.comm is None:  # closed
                return
            if not widget.watched:
                continue
            try:
                frame = self._sample()
            except LabError as error:
                widget.error = str(error)
                return
            if frame is not None:
                widget.append(frame)
            del widget


def follow(widget: Widget, sample: Callable[[], Frame | None], *, every: float = 1.0) -> Following:
    """Add `sample()` to the time line every so many seconds, while the widget can be seen.

    sample returning None adds nothing. A LabError ends it and is shown in the widget.
    """
    return Following(widget, sample, every)


def answer(widget: Widget, handle: Handle | None) -> None:
    """Let the front end ask: `now.ask(question)` calls `handle`, whose sentence is shown.

    handle is called between two cells, with what the front end sent (judge it: a page can send
    anything); a LabError is its refusal. Until it has answered, the text `asked` is shown.
    None: nobody answers any more. Without a kernel nobody does, so a front end offers what it
    can ask for only while `now.answers`.
    """
    widget.handle = handle
    widget.answers = handle is not None
