"""What a widget says where nothing moves: words and a plain table.

Shown on a page before (or without) its scripts, in a terminal, and in print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from helpers.text import _

MOST_ROWS: Final = 60  # what one reads; the widget's own table has the rest


@dataclass(frozen=True)
class Still:
    """A text equivalent. words: a sentence or two. head, rows: the same as a table."""

    words: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        return self.words

    def html(self) -> str:
        """Return words and table as HTML; every text is escaped."""
        body = "".join(_row(cells, "td") for cells in self.rows[:MOST_ROWS])
        more = ""
        if len(self.rows) > MOST_ROWS:
            more = f"<p>{escape(_('… and {count} more'))}</p>".format(
                count=len(self.rows) - MOST_ROWS
            )
        table = f"<table><thead>{_row(self.head, 'th')}</thead><tbody>{body}</tbody></table>"
        summary = escape(_("As a table"))
        return (
            f"<div class='lab-widget-still'><p>{escape(self.words)}</p>"
            f"<details><summary>{summary}</summary>{table}{more}</details></div>"
        )


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
