"""Colours for code cells: Python, with whole shell commands, however many lines they take.

IPython's own lexer ends a `!command` with its line and trips over a continued one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from ipython_pygments_lexers import IPython3Lexer
from pygments.lexer import bygroups, using
from pygments.lexers.shell import BashLexer
from pygments.token import Operator
from sphinx.application import Sphinx

NAME: Final = "lab-cell"
_COMMAND: Final = r"((?:[^\n]*\\\n)*[^\n]*\n?)"  # up to the first line without a `\` at its end


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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_lexer(NAME, CellLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
