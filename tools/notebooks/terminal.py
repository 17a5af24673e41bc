"""What a terminal shows in the end, after all carriage returns and cursor movements.

Programs in a notebook (`!docker build`) write to a pseudo-terminal and redraw their
progress in place. A page can only show the last state, and only that is the same from
one run to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# CSI sequences (ECMA-48 5.4), OSC strings (8.3.89), and other two-character escapes.
_TOKEN: Final = re.compile(
    r"\x1b\[(?P<args>[0-9;?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]"
    r"|(?P<char>.)",
    re.DOTALL,
)
_MOVES: Final = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")


def screen(text: str) -> str:
    """Return what is left of `text` on a screen of endless size.

    Text without movements comes back unchanged, colours included. With movements, colours
    go: a redrawn progress bar says nothing by its colour.
    """
    text = re.sub(r"\r+\n", "\n", text)
    if not _MOVES.search(text):
        return text
    drawn = _Screen()
    for token in _TOKEN.finditer(text):
        if token["char"] is not None:
            drawn.put(token["char"])
        elif token["final"] is not None:
            drawn.control(token["final"], token["args"])
    return "\n".join("".join(line) for line in drawn.lines)


class _Screen:
    def __init__(self) -> None:
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0

    def put(self, char: str) -> None:
        if char == "\n":
            self._go(self.row + 1, 0)
        elif char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char == "\t" or (char >= " " and char != "\x7f"):
            line = self.lines[self.row]
            line.extend(" " * (self.column - len(line)))
            line[self.column : self.column + 1] = [char]
            self.column += 1

    def control(self, final: str, args: str) -> None:
        first = args.split(";")[0]
        action = self._actions().get(final)
        if action is not None:
            action(int(first) if first.isdigit() else None)

    def _actions(self) -> dict[str, Callable[[int | None], None]]:
        return {
            "A": lambda n: self._go(self.row - (n or 1), self.column),
            "B": lambda n: self._go(self.row + (n or 1), self.column),
            "C": lambda n: self._go(self.row, self.column + (n or 1)),
            "D": lambda n: self._go(self.row, self.column - (n or 1)),
            "E": lambda n: self._go(self.row + (n or 1), 0),
            "F": lambda n: self._go(self.row - (n or 1), 0),
            "G": lambda n: self._go(self.row, (n or 1) - 1),
            "J": self._erase_below,
            "K": self._erase_line,
        }

    def _go(self, row: int, column: int) -> None:
        self.row, self.column = max(0, row), max(0, column)
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _erase_below(self, how: int | None) -> None:
        if how == 2:  # the whole screen
            self.lines = [[] for _ in range(self.row + 1)]
            return
        del self.lines[self.row + 1 :]
        del self.lines[self.row][self.column :]

    def _erase_line(self, how: int | None) -> None:
        line = self.lines[self.row]
        if not how:
            del line[self.column :]
            return
        keep = [] if how == 2 else line[self.column + 1 :]
        self.lines[self.row] = [" "] * (self.column + 1) + keep if keep else []
