"""Acts by capabilities: what root may still do when one is taken away, and with all gone.

Pure: trials in, a Plot or a Table out; titles and words are computed from what was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.analysis.rights import lost, one_door_each
from helpers.records.processes import Status
from helpers.records.rights import Attempt, Trial
from helpers.text import _
from helpers.views import theme
from helpers.views.tables import Table
from helpers.views.theme import COLOURS, Plot

_ROW: Final = 24  # pixels
_AROUND: Final = 210


def attempts(seen: Sequence[Attempt]) -> Table:
    """Return one trial as a table."""
    done = sum(each.done for each in seen)
    rows = [[each.act, f"`{each.needs}`", each.said or _("done")] for each in seen]
    caption = _("Root did {done} of {all} things").format(done=done, all=len(seen))
    return Table(caption, [_("act"), _("needs"), _("the kernel said")], rows)


def matrix(trials: Sequence[Trial]) -> Plot:
    """Draw acts against what was dropped. The first trial has dropped nothing."""
    base = trials[0]
    columns = [each.dropped or _("none") for each in trials]
    figure = go.Figure()
    for done, name, symbol, colour in (
        (True, _("done"), "square", COLOURS["running"]),
        (False, _("refused"), "x-thin-open", COLOURS["limit"]),
    ):
        points = [
            (column, each)
            for column, trial in zip(columns, trials, strict=True)
            for each in trial.attempts
            if each.done is done
        ]
        figure.add_scatter(
            x=[column for column, _each in points],
            y=[each.act for _column, each in points],
            text=[each.said or name for _column, each in points],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2}},
            hovertemplate="%{y}: %{text}<extra>dropped: %{x}</extra>",
        )
    small = {"size": 10}  # sixteen columns have to fit a phone
    figure.update_xaxes(categoryorder="array", categoryarray=columns, tickangle=-90, tickfont=small)
    acts = [each.act for each in base.attempts][::-1]
    figure.update_yaxes(categoryorder="array", categoryarray=acts, tickfont=small)
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom"}
    figure.update_layout(height=_AROUND + _ROW * len(base.attempts), legend=legend)
    return theme.plot(
        figure, title=_title(trials), alt="\n".join([_title(trials), *_words(trials)])
    )


def _title(trials: Sequence[Trial]) -> str:
    if one_door_each(trials):
        return _("Each capability opens one door: drop it, and that one closes")
    return _("What root cannot do any more when a capability is dropped")


def _words(trials: Sequence[Trial]) -> list[str]:
    base = trials[0]
    refused = ", ".join(each.act for each in base.attempts if not each.done) or _("nothing")
    able = sum(each.done for each in base.attempts)
    words = [
        _("Nothing dropped: {able} of {all} done. Refused: {refused}.").format(
            able=able, all=len(base.attempts), refused=refused
        )
    ]
    for each in trials[1:]:
        gone = lost(base, each)
        told = _("all {count} of them").format(count=able) if len(gone) == able else ", ".join(gone)
        words.append(
            _("{dropped} dropped: no longer {gone}.").format(
                dropped=each.dropped, gone=told or _("nothing")
            )
        )
    return words


def credentials(seen: dict[str, Status]) -> Table:
    """Return what the kernel notes of processes, by name, side by side."""
    rows = [
        [_("user"), *(str(each.uid.effective) for each in seen.values())],
        [_("may use (CapEff)"), *(str(len(each.capabilities.effective)) for each in seen.values())],
        [
            _("may ever get (CapBnd)"),
            *(str(len(each.capabilities.bounding)) for each in seen.values()),
        ],
        ["NoNewPrivs", *(_flag(each.no_new_privs) for each in seen.values())],
        ["Seccomp", *(str(each.seccomp) for each in seen.values())],
    ]
    caption = _("What the kernel notes of each, in /proc/PID/status")
    return Table(caption, ["", *(f"`{name}`" for name in seen)], rows)


def _flag(value: object) -> str:
    return {True: "1", False: "0"}.get(value, "?") if isinstance(value, bool) else "?"
