"""Small boxes of text on a page: ribbons and check results, in HTML and in words.

The HTML carries class names only; colours live in the book's CSS, with plain inline
fall-backs for JupyterLab, where that CSS is absent. Colour is never the only sign: each
box begins with a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from helpers.checks.outcome import Broken, Met, NotYet, Outcome
from helpers.records.lab import Level
from helpers.text import _

_STYLE = "border-left:4px solid {edge};padding:.4em .8em;margin:.4em 0"
_EDGES = {
    "live": "#009E73",
    "simulated": "#56B4E9",
    "recorded": "#E69F00",
    "met": "#009E73",
    "not-yet": "#E69F00",
    "broken": "#D55E00",
}


@dataclass(frozen=True)
class Card:
    """A box: a leading word, a text, further lines. kind: a key of the palette."""

    kind: str
    word: str
    text: str
    more: tuple[str, ...] = ()
    role: str = "lab-check"
    metadata: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([f"{self.word} {self.text}".strip(), *self.more])

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, str], dict[str, Any]]:
        return {"text/plain": str(self), "text/html": self.html()}, self.metadata

    def html(self) -> str:
        """Return the box as HTML; every text is escaped, `code` in back-ticks is kept."""
        style = _STYLE.format(edge=_EDGES[self.kind])
        lines = [f"<strong>{escape(self.word)}</strong> {inline(self.text)}"]
        lines += [inline(line) for line in self.more]
        body = "".join(f"<p style='margin:.2em 0'>{line}</p>" for line in lines)
        return f"<div class='{self.role} {self.role}-{self.kind}' style='{style}'>{body}</div>"


def inline(text: str) -> str:
    """Escape `text` for HTML and set what stands between back-ticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def ribbon(level: Level, text: str, more: tuple[str, ...] = (), **metadata: Any) -> Card:
    """Return the line that says which of the three levels a page or an output has."""
    word = {"live": _("Live"), "simulated": _("Simulated"), "recorded": _("Recorded")}[level]
    return Card(level, word, text, more, role="lab-ribbon", metadata=metadata)


def outcome(result: Outcome, how_to_see_a_solution: str = "") -> Card:
    """Return what a check found, as the reader sees it."""
    match result:
        case Met(observed):
            return Card("met", _("Met."), observed)
        case NotYet(observed, hint):
            lines = [_("Hint: {hint}").format(hint=hint)] if hint else []
            return Card(
                "not-yet",
                _("Not yet."),
                observed,
                tuple(filter(None, [*lines, how_to_see_a_solution])),
            )
        case Broken(error):
            return Card("broken", _("The check itself broke."), error)


def hint(text: str, number: int, of: int, follows: str) -> Card:
    """Return one hint of an exercise. follows: the call that gives the next, "" at the last."""
    word = _("Hint {number} of {of}.").format(number=number, of=of)
    more = (_("`{call}` gives the next.").format(call=follows),) if follows else ()
    return Card("not-yet", word, text, more)
