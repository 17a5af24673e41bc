"""Builds as tables and as one figure: what instructions change, what ran again, what differs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

import plotly.graph_objects as go

from helpers.records.builds import BuildLog, BuildStep, Difference, Effect, Place, Start
from helpers.text import _
from helpers.views import theme
from helpers.views.layers import printable, size
from helpers.views.questions import Shown
from helpers.views.theme import COLOURS, Plot

MOST: Final = 44  # characters of an instruction that are shown
_ROW: Final = 34  # pixels
_CELL: Final = "text-align:left;overflow-wrap:anywhere;min-width:4em"  # fits a phone


def short(text: str, most: int = MOST) -> str:
    """Return `text` on one line, its end cut where it is too long."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= most else text[: most - 1] + "…"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], code: Iterable[int] = ()) -> Shown:
    """Return a plain table. code: columns (from 0) that are set as code."""
    rows, code = [tuple(map(str, row)) for row in rows], set(code)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]

    def cell(text: str, at: int, tag: str) -> str:
        inside = escape(text)
        if tag == "td" and at in code and text:
            inside = f"<code>{inside}</code>"
        return f"<{tag} style='{_CELL}'>{inside}</{tag}>"

    def row(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(cell(text, at, tag) for at, text in enumerate(cells))}</tr>"

    body = "".join(row(each, "td") for each in rows)
    html = (
        "<div style='overflow-x:auto' tabindex='0'><table class='table'>"
        f"<thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table></div>"
    )
    return Shown(html, "\n".join(lines))


def effects(found: Iterable[Effect]) -> Shown:
    """Show what each instruction changed: layers, bytes, settings."""
    rows = (
        (
            short(each.instruction),
            f"+{each.layers}" if each.layers else "–",
            size(each.size) if each.layers else "–",
            "; ".join(short(said, 60) for said in each.settings) or "–",
        )
        for each in found
    )
    return table((_("Instruction"), _("Layers"), _("Bytes"), _("Settings")), rows, {0})


def starts(found: Iterable[Start]) -> Shown:
    """Show for each pair of forms what ran, and what it printed."""
    rows = []
    for each in found:
        ran = _("nothing to run") if each.argv is None else _quoted(each.argv)
        given = shlex.join(each.given) or "–"
        rows.append((each.entrypoint, each.cmd, given, ran, each.said or "–"))
    head = ("ENTRYPOINT", "CMD", _("given"), _("process 1"), _("printed"))
    return table(head, rows, {2, 3, 4})


def _quoted(argv: Iterable[str]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in argv)


def differences(found: Sequence[Difference], one: str, other: str) -> Shown:
    """Show in what two images differ, or that they do not."""
    if not found:
        same = _("No difference: every layer and every setting is the same.")
        return Shown(f"<p>{escape(same)}</p>", same)
    rows = ((each.where, short(each.one), short(each.other)) for each in found)
    return table((_("Where"), one, other), rows, {0})


def places(found: Sequence[Place], what: str) -> Shown:
    """Show where in an image something was found."""
    if not found:
        none = _("{what} is nowhere in the image.").format(what=what)
        return Shown(f"<p>{escape(none)}</p>", none)
    return table((_("{what} is in").format(what=what),), [(each.where,) for each in found])


def steps(logs: Mapping[str, BuildLog], *, title: str) -> Plot:
    """Draw builds as rows of their steps, one after the other, reused ones marked.

    title: the figure's message; its text equivalent is made from the logs.
    """
    figure = go.Figure()
    names = list(logs)
    longest = max((log.seconds for log in logs.values()), default=1) or 1
    for reused, name in ((False, _("ran")), (True, _("from the cache"))):
        _bars(figure, logs, name, reused=reused, least=longest / 40)
    words = " ".join(_words(name, log) for name, log in logs.items())
    figure.update_layout(barmode="overlay", height=150 + 2 * _ROW * len(names))
    figure.update_xaxes(ticksuffix=" s", rangemode="tozero", zeroline=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False)
    return theme.plot(figure, title=title, alt=f"{title}. {words}")


def _bars(
    figure: go.Figure, logs: Mapping[str, BuildLog], name: str, *, reused: bool, least: float
) -> None:
    """Add the steps of one kind. least: how long a step is drawn though it took no time."""
    rows, begins, lengths, texts = [], [], [], []
    for build, log in logs.items():
        at = 0.0
        for step in log.steps:
            long = max(step.seconds, least)
            if step.cached == reused:
                rows.append(build)
                begins.append(at)
                lengths.append(long * 0.96)
                texts.append(escape(short(step.instruction)))
            at += long
    colour = COLOURS["muted"] if reused else COLOURS["measured"]
    pattern = {"shape": "/", "fgcolor": colour, "size": 6, "solidity": 0.2}
    marker = {"color": "rgba(0,0,0,0)", "pattern": pattern} if reused else {"color": colour}
    figure.add_bar(
        y=rows,
        x=lengths,
        base=begins,
        orientation="h",
        width=0.5,
        name=name,
        marker={**marker, "line": {"color": colour, "width": 1}},
        customdata=texts,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _words(name: str, log: BuildLog) -> str:
    said = _("{name}: {steps} steps, {reused} from the cache, {seconds:.1f} s ({list}).")
    listed = ", ".join(_step(step) for step in log.steps if not step.cached)
    return said.format(
        name=name,
        steps=len(log.steps),
        reused=log.reused,
        seconds=log.seconds,
        list=listed or _("nothing ran"),
    )


def _step(step: BuildStep) -> str:
    return f"{short(step.instruction, 24)} {step.seconds:.1f} s"
