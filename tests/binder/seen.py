"""What a reader sees below a cell, and what may not be there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Cell = Mapping[str, Any]

# How a traceback looks, IPython's and Python's own.
TRACEBACK = re.compile(
    r"Traceback \(most recent call last\)|^File .*:\d+|-{5,}> *\d+|Cell In\[", re.M
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def code(notebook: Mapping[str, Any]) -> list[Cell]:
    """Return the code cells of a notebook."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def tags(cell: Cell) -> list[str]:
    """Return a cell's tags."""
    return list(cell["metadata"].get("tags", []))


def source(cell: Cell) -> str:
    """Return what a cell says."""
    return joined(cell["source"])


def joined(text: str | Iterable[str]) -> str:
    """Return a text that nbformat may have stored as lines."""
    return text if isinstance(text, str) else "".join(text)


def errors(cell: Cell) -> list[Mapping[str, Any]]:
    """Return the error outputs of a cell."""
    return [output for output in cell["outputs"] if output["output_type"] == "error"]


def told(error: Mapping[str, Any]) -> str:
    """Return what an error shows to the reader, without colours."""
    return COLOURS.sub("", "\n".join(error["traceback"]))


def text(cell: Cell) -> str:
    """Return all that a cell shows, as text."""
    parts = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            parts.append(joined(output["text"]))
        elif output["output_type"] == "error":
            parts.append(told(output))
        else:
            parts += [joined(value) for mime, value in output["data"].items() if "text" in mime]
    return COLOURS.sub("", "\n".join(parts))


def tracebacks(cells: Iterable[Cell]) -> list[str]:
    """Return what looks like a traceback, with the cell it stands under."""
    return [f"{source(cell)}\n⇒ {text(cell)}" for cell in cells if TRACEBACK.search(text(cell))]
