"""Containers' lives as a timeline: states are bars, signals are marks, exit codes are words.

Pure: lives in, a Plot out; its title and its text equivalent are computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from helpers.records.lifecycle import Ending, Life, State
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot

# Each state differs by its filling as well as by its colour: outline, full, hatched, full.
FILLING: Final[dict[State, dict[str, Any]]] = {
    "created": {"color": "rgba(0,0,0,0)"},
    "running": {"color": COLOURS["running"]},
    "paused": {
        "color": "rgba(0,0,0,0)",
        "pattern": {"shape": "/", "fgcolor": COLOURS["running"], "size": 8, "solidity": 0.2},
    },
    "exited": {"color": COLOURS["stopped"]},
}
OUTLINE: Final[dict[State, str]] = {
    "created": COLOURS["muted"],
    "running": COLOURS["running"],
    "paused": COLOURS["running"],
    "exited": COLOURS["stopped"],
}
ON_FULL: Final = "#000000"  # text on a full bar: 5:1 and more on both fillings
LEGIBLE: Final = 0.12  # a bar narrower than this part of the axis has no room for a word
THICK: Final = 0.4  # of a bar, in rows
MARK: Final = THICK / 2 + 0.07  # from the middle of a row to the tip of a signal's mark
WORD: Final = THICK / 2 + 0.15  # ... and to the words above and below the bar
PIXELS_A_LIFE: Final = 104
PIXELS_AROUND: Final = 140  # title, axis, legend


def timeline(lives: Sequence[Life], *, prefix: str = "") -> Plot:
    """Draw each life as a row of bars, with the signals it was sent and how it ended.

    prefix: what all names begin with and the figure leaves out.
    """
    if not any(life.spans for life in lives):
        nothing = _("The engine told of no container.")
        return theme.plot(go.Figure(), title=nothing, alt=nothing)
    begin = min(span.begins for life in lives for span in life.spans)
    end = max(span.ends for life in lives for span in life.spans)
    figure = go.Figure()
    for state in FILLING:
        _bars(figure, state, lives, begin)
    for row, life in enumerate(lives):
        _label(figure, row, life, begin, LEGIBLE * (end - begin))
    _signals(figure, lives, begin)
    _removals(figure, lives, begin)
    _axes(figure, [life.name.removeprefix(prefix) for life in lives])
    title = _title(lives, prefix)
    words = " ".join(_in_words(life, prefix, begin) for life in lives)
    return theme.plot(figure, title=title, alt=f"{title}. {words}")


def _axes(figure: go.Figure, names: Sequence[str]) -> None:
    """Lay out the rows, first life on top; height in pixels."""
    height = PIXELS_AROUND + PIXELS_A_LIFE * len(names)
    figure.update_xaxes(ticksuffix=" s", zeroline=False)
    figure.update_yaxes(
        range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))),
        ticktext=list(names),
        showgrid=False,
        zeroline=False,
    )
    below = -34 / (height - 104)  # the legend's distance from the axis, in plot heights
    figure.update_layout(height=height, barmode="overlay", legend={"y": below, "yanchor": "top"})


def _bars(figure: go.Figure, state: State, lives: Sequence[Life], begin: float) -> None:
    """Draw every stretch in one state."""
    bars = [(row, s) for row, life in enumerate(lives) for s in life.spans if s.state == state]
    if not bars:
        return
    figure.add_bar(
        orientation="h",
        width=THICK,
        y=[row for row, _span in bars],
        base=[span.begins - begin for _row, span in bars],
        x=[span.seconds for _row, span in bars],
        marker={**FILLING[state], "line": {"color": OUTLINE[state], "width": 1.5}},
        name=_state_word(state),
        hovertemplate="%{fullData.name}: %{x:.2f} s<extra></extra>",
    )


def _label(figure: go.Figure, row: int, life: Life, begin: float, legible: float) -> None:
    """Name the states in their bars; what has no room or no ground there goes below.

    legible: seconds a bar must last to hold a word. An end is told by its exit code, also
    where it is the last thing that was seen and so has no bar.
    """
    for span in life.spans:
        middle = (span.begins + span.ends) / 2 - begin
        if span.state != "exited" and span.seconds >= legible:
            _write(figure, middle, row, _state_word(span.state), on=span.state)
    exited = {span.begins: span.seconds for span in life.spans if span.state == "exited"}
    for ending in life.endings:
        seconds = exited.get(ending.at, 0.0)
        word = _("exit {code}").format(code=ending.exit_code)
        room: State | None = "exited" if seconds >= legible else None
        _write(figure, ending.at + seconds / 2 - begin, row, word, on=room)


def _write(figure: go.Figure, x: float, row: int, word: str, *, on: State | None) -> None:
    """Write `word` into a bar; below it where there is none (None) or a hatched one."""
    full = on in ("running", "exited")
    figure.add_annotation(
        x=x,
        y=row + (WORD if on in (None, "paused") else 0),
        text=word,
        showarrow=False,
        font={"color": ON_FULL} if full else {},
    )


def _signals(figure: go.Figure, lives: Sequence[Life], begin: float) -> None:
    sent = [(row, signal) for row, life in enumerate(lives) for signal in life.signals]
    if not sent:
        return
    figure.add_scatter(
        x=[signal.at - begin for _row, signal in sent],
        y=[row - MARK for row, _signal in sent],
        mode="markers",
        marker={"color": COLOURS["signal"], "symbol": "triangle-down", "size": 14},
        name=_("signal"),
        text=[signal.name for _row, signal in sent],
        hovertemplate=_("%{text} at %{x:.2f} s") + "<extra></extra>",
    )
    for row, signal in sent:
        figure.add_annotation(
            x=signal.at - begin, y=row - MARK - 0.16, text=signal.name, showarrow=False
        )


def _removals(figure: go.Figure, lives: Sequence[Life], begin: float) -> None:
    gone = [(row, life.removed) for row, life in enumerate(lives) if life.removed is not None]
    if not gone:
        return
    figure.add_scatter(
        x=[at - begin for _row, at in gone],
        y=[row for row, _at in gone],
        mode="markers",
        marker={"color": COLOURS["deleted"], "symbol": "x", "size": 12},
        name=_("removed"),
        hovertemplate=_("removed at %{x:.2f} s") + "<extra></extra>",
    )


# -- what the figure says, in words


def _state_word(state: State) -> str:
    words = {
        "created": _("created"),
        "running": _("running"),
        "paused": _("paused"),
        "exited": _("exited"),
    }
    return words[state]


def _title(lives: Sequence[Life], prefix: str) -> str:
    waited = [(life, e) for life in lives for e in life.endings if _was_deaf(e)]
    heard = [life for life in lives if any(_listened(e) for e in life.endings)]
    if waited and heard and len(lives) > 1:
        return _("SIGTERM ends {heard}; {deaf} waits {seconds:.1f} s for SIGKILL").format(
            heard=_joined(heard, prefix),
            deaf=_joined([life for life, _ending in waited], prefix),
            seconds=max(ending.seconds or 0.0 for _life, ending in waited),
        )
    if len(lives) == 1:
        states = dict.fromkeys(_state_word(span.state) for span in lives[0].spans)
        if lives[0].removed:
            states[_("removed")] = None
        return _("One life: {states}").format(states=", ".join(states))
    return _("{count} lives, as the engine told them").format(count=len(lives))


def _joined(lives: Iterable[Life], prefix: str) -> str:
    return _(" and ").join(dict.fromkeys(life.name.removeprefix(prefix) for life in lives))


def _was_deaf(ending: Ending) -> bool:
    names = [signal.name for signal in ending.signals]
    return "SIGTERM" in names and "SIGKILL" in names


def _listened(ending: Ending) -> bool:
    return [signal.name for signal in ending.signals] == ["SIGTERM"]


def _in_words(life: Life, prefix: str, begin: float) -> str:
    told = [
        (
            span.begins,
            _("{state} from {begins:.1f} to {ends:.1f} s").format(
                state=_state_word(span.state), begins=span.begins - begin, ends=span.ends - begin
            ),
        )
        for span in life.spans
    ]
    told += [
        (s.at, _("{name} at {at:.1f} s").format(name=s.name, at=s.at - begin)) for s in life.signals
    ]
    told += [
        (
            e.at,
            _("exit code {code} at {at:.1f} s").format(code=e.exit_code, at=e.at - begin),
        )
        for e in life.endings
    ]
    if life.removed is not None:
        told.append((life.removed, _("removed at {at:.1f} s").format(at=life.removed - begin)))
    return _("{name}: {told}.").format(
        name=life.name.removeprefix(prefix),
        told=", ".join(words for _at, words in sorted(told, key=lambda each: each[0])),
    )
