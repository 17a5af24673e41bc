"""A table that a cell computed: HTML in a page, aligned words in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from helpers.views.cards import inline


@dataclass(frozen=True)
class Link:
    """What a cell says, and where that stands."""

    text: str
    url: str

    def __str__(self) -> str:
        return self.text


Cell = str | Link | Sequence[Link]


@dataclass(frozen=True)
class Table:
    """A table with its one message as caption. Between back-ticks is code, between ** bold."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    def __str__(self) -> str:
        lines = [[_plain(cell) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(len(row[at]) for row in lines) for at in range(len(self.head))]
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in lines
        ]
        return "\n".join([f"{self.caption}.", *text])

    def html(self) -> str:
        """Return the table as HTML; every text is escaped."""
        head = "".join(f"<th scope='col'>{inline(cell)}</th>" for cell in self.head)
        body = "".join(
            f"<tr><th scope='row'>{_html(row[0])}</th>"
            + "".join(f"<td>{_html(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        return (
            f"<table class='lab-table'><caption>{escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _plain(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell.replace("`", "").replace("**", "")
    return str(cell) if isinstance(cell, Link) else ", ".join(map(str, cell))


def _html(cell: Cell) -> str:
    if isinstance(cell, str):
        parts = inline(cell).split("**")
        return "".join(
            f"<strong>{part}</strong>" if i % 2 else part for i, part in enumerate(parts)
        )
    links = [cell] if isinstance(cell, Link) else cell
    return ", ".join(f"<a href='{escape(each.url)}'>{escape(each.text)}</a>" for each in links)
