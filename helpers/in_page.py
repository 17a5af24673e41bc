"""Cells that run in the published page: what they print, show, or fail with.

The page hands over a cell's code and gets outputs in the shape that notebooks store, as
JSON. Standard library only; see `tools/sphinx/run_here.py` for how it comes to the page.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import linecache
import traceback
from collections.abc import Callable
from typing import Any, Final

from helpers.errors import LabError

ERROR_LINES: Final = 8  # of a traceback: where it happened, and what
Say = Callable[[str], object]


class _Stream(io.TextIOBase):
    """A text stream that says each line as an output, as soon as it is whole."""

    def __init__(self, name: str, say: Say) -> None:
        self._name = name
        self._say = say
        self._begun = ""

    def write(self, text: str) -> int:
        """Take `text`; say what of it are whole lines."""
        whole, end, rest = (self._begun + text).rpartition("\n")
        self._begun = rest
        self._put(whole + end)
        return len(text)

    def flush(self) -> None:
        """Say the line that was begun."""
        begun, self._begun = self._begun, ""
        self._put(begun)

    def _put(self, text: str) -> None:
        if text:
            self._say(json.dumps({"output_type": "stream", "name": self._name, "text": text}))


class Cells:
    """The cells of one page; they share their names, as those of a notebook do."""

    def __init__(self, say: Say) -> None:
        """say: is called with each output, JSON in the shape of nbformat 4.

        An error's `traceback` holds plain lines: for a LabError its sentence alone.
        """
        self._say = say
        self._run = 0
        self._names: dict[str, Any] = {"__name__": "__main__", "display": self._display}

    def run(self, code: str) -> bool:
        """Run a cell; return whether it ended without an error."""
        self._run += 1
        out, err = _Stream("stdout", self._say), _Stream("stderr", self._say)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            # All exceptions: `exit()` in a cell must not end the page's Python either.
            try:
                self._evaluate(code, f"<cell {self._run}>")
            except BaseException as error:
                failure: BaseException | None = error
            else:
                failure = None
        out.flush()
        err.flush()
        if failure is not None:
            self._say(json.dumps(_error(failure)))
        return failure is None

    def _evaluate(self, code: str, name: str) -> None:
        # A traceback quotes the line, which stands in no file.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        tree = ast.parse(code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), self._names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), self._names)
            if value is not None:
                self._display(value)

    def _display(self, *values: object) -> None:
        for value in values:
            shown = {"output_type": "display_data", "metadata": {}, "data": _bundle(value)}
            self._say(json.dumps(shown))


def _bundle(value: Any) -> dict[str, Any]:
    """Return `value` by mime type, as Jupyter asks for it; text/plain is always there."""
    made = value._repr_mimebundle_() if hasattr(value, "_repr_mimebundle_") else {}
    data = made[0] if isinstance(made, tuple) else made
    return {"text/plain": repr(value), **data}


def _error(error: BaseException) -> dict[str, Any]:
    if isinstance(error, LabError):
        lines = str(error).splitlines()
    else:
        # Not our own frames, `_evaluate` and `run`: the reader's cell begins below them.
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        text = "".join(traceback.format_exception(type(error), error, trace))
        lines = [line for line in text.splitlines() if line.strip(" ~^")][-ERROR_LINES:]
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(error),
        "traceback": lines,
    }
