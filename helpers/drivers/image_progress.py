"""Show how the preparation of images goes: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TextIO

from helpers.records.images import Progress, Step
from helpers.text import _

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

LAST_STEPS: tuple[Step, ...] = ("ready", "failed")


def show_progress(out: TextIO | None = None) -> Progress:
    """Return a callback that shows progress on `out` (default: standard error).

    Nothing is printed where nothing has to be prepared.
    """
    out = sys.stderr if out is None else out
    return _OnTerminal(out) if out.isatty() else _Lines(out)


def no_progress(_image: str, _step: Step, _done: float | None, _line: str) -> None:
    """Show nothing."""


def describe(image: str, step: Step) -> str:
    """Return what is going on, in a word or three."""
    words: dict[Step, str] = {
        "wait": _("{image}: waiting"),
        "pull": _("{image}: pulling"),
        "make": _("{image}: making"),
        "build": _("{image}: building"),
        "save": _("{image}: saving"),
        "check": _("{image}: checking"),
        "load": _("{image}: loading"),
        "ready": _("{image}: ready"),
        "failed": _("{image}: failed"),
    }
    return words[step].format(image=image)


class _Lines:
    """One line for each new step of an image: a log file or a notebook keeps every line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last = ""

    def __call__(self, image: str, step: Step, done: float | None, line: str) -> None:
        text = describe(image, step)
        if text != self._last:
            self._last = text
            print(f"{text} ({line})" if line else text, file=self._out, flush=True)


class _OnTerminal:
    """A bar for the image in work; a finished image leaves one line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._bar: Bar | None = None
        # A log is followed by a thread of its own, so calls may come from two.
        self._lock = threading.Lock()

    def __call__(self, image: str, step: Step, done: float | None, line: str) -> None:
        with self._lock:
            self._show(image, step, done, line)

    def _show(self, image: str, step: Step, done: float | None, line: str) -> None:
        text = describe(image, step)
        if step in LAST_STEPS:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
            print(f"{text} ({line})" if line else text, file=self._out, flush=True)
            return
        if self._bar is None:
            self._bar = self._new_bar()
            self._bar.add_task(text, total=None, line="")
            self._bar.start()
        task = self._bar.task_ids[0]
        total = None if done is None else 1.0
        self._bar.update(task, description=text, total=total, completed=done or 0, line=line)

    def _new_bar(self) -> Bar:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            # The output of apt may hold square brackets, which are no colours.
            TextColumn(
                "{task.fields[line]}",
                markup=False,
                style="dim",
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=Console(file=self._out),
            transient=True,
            expand=True,
        )
