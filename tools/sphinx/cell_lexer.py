"""Colours for code cells: Python, with whole shell commands, however many lines they take.

IPython's own lexer ends a `!command` with its line and trips over a continued one. Where a cell
holds nothing but commands, what makes them commands (`!`, a first line `%%bash`) is marked as a
prompt: copy buttons leave prompts out, so what is copied can be typed in a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from ipython_pygments_lexers import IPython3Lexer
from pygments.lexer import bygroups, using
from pygments.lexers.shell import BashLexer
from pygments.token import Generic, Operator
from sphinx.application import Sphinx

NAME: Final = "lab-cell"
_COMMAND: Final = r"((?:[^\n]*\\\n)*[^\n]*\n?)"  # up to the first line without a `\` at its end
_SHELL_CELL: Final = re.compile(r"%%(?:bash|sh|script\s+(?:ba)?sh)[^\n]*\n")
_CONTINUED: Final = re.compile(r"\\\n")

Token = tuple[int, Any, str]


class CellLexer(IPython3Lexer):  # type: ignore[misc]
    """IPython whose `!command` and `answer = !command` may go on over several lines."""

    name = NAME
    aliases: ClassVar[list[str]] = [NAME]
    tokens: ClassVar[dict[str, Any]] = {
        **IPython3Lexer.tokens,
        "root": [
            (rf"(?m)^([ \t]*!){_COMMAND}", bygroups(Operator, using(BashLexer))),
            (rf"(=[ \t]*!)(?!=){_COMMAND}", bygroups(Operator, using(BashLexer))),
            *IPython3Lexer.tokens["root"],
        ],
    }

    def get_tokens_unprocessed(self, text: str, *more: Any) -> Iterator[Token]:
        """Yield (position, kind, text) for each piece of a cell."""
        magic = _SHELL_CELL.match(text)
        if magic:
            yield 0, Generic.Prompt, magic[0]
            for position, kind, piece in BashLexer().get_tokens_unprocessed(text[magic.end() :]):
                yield position + magic.end(), kind, piece
            return
        prompt = Generic.Prompt if only_commands(text) else Operator
        for position, kind, piece in super().get_tokens_unprocessed(text, *more):
            yield position, prompt if piece == "!" and kind is Operator else kind, piece


def only_commands(cell: str) -> bool:
    """Tell whether every line of a cell is a `!command`, a comment or blank."""
    lines = [line for line in _CONTINUED.sub("", cell).splitlines() if line.strip()]
    commands = [line for line in lines if line.startswith("!") and not line.startswith("!!")]
    return bool(commands) and all(line in commands or line.startswith("#") for line in lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_lexer(NAME, CellLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
