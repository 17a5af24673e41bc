"""Layers in pictures and in words: a stack, a path's history, a container's changes, sharing.

Builders are pure: records in, something to show out. Names from images are data of unknown
origin: whatever bytes they hold, they are shown as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import plotly.graph_objects as go

from helpers.analysis import layers as analysis
from helpers.records.layers import (
    Account,
    Change,
    Fate,
    FileEntry,
    ImageStack,
    Layer,
    Resolved,
    Sharing,
    Step,
)
from helpers.text import _
from helpers.views import theme
from helpers.views.questions import Shown
from helpers.views.theme import COLOURS, Plot

MOST_ROWS: Final = 200  # of a listing: what one scrolls through, not what one stores
_ROW: Final = 46  # pixels: a line of text and a bar
_ROOM: Final = 1.75  # the axis beyond the longest bar, for the words at its end
_HATCH: Final = {"shape": "/", "size": 6, "solidity": 0.35}


def size(count: int) -> str:
    """Return bytes as Docker writes them, with three digits: `74.5 MB` is 74,500,000."""
    number, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while abs(number) >= 999.5 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.3g} {units[0]}"


def printable(text: str) -> str:
    """Return a name with whatever cannot be shown (or would act on a terminal) spelled out."""
    seen = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in seen)


def _short(text: str, length: int = 42) -> str:
    text = printable(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def _label(text: str) -> str:
    """Return `text` for plotly, which reads tags, and formulas between two `$`."""
    return escape(text, quote=False).replace("$", "&#36;")


# -- bars with a line of text above and words at the end


@dataclass(frozen=True)
class _Row:
    """One row: (meaning, bytes) in the order of drawing, the text above, the words at the end."""

    parts: tuple[tuple[str, int], ...]
    above: str
    words: str

    @property
    def length(self) -> int:
        return sum(count for _meaning, count in self.parts)

    def of(self, meaning: str) -> int:
        return sum(count for what, count in self.parts if what == meaning)


@dataclass(frozen=True)
class _Ink:
    """How one meaning is drawn. hatched: also for those who do not see its colour."""

    colour: str
    name: str
    hatched: bool = False

    def marker(self) -> dict[str, Any]:
        line = {"color": self.colour, "width": 1}
        if not self.hatched:
            return {"color": self.colour, "line": line}
        pattern = {**_HATCH, "fgcolor": self.colour, "bgcolor": "rgba(0,0,0,0)"}
        return {"color": self.colour, "line": line, "pattern": pattern}


def _bars(rows: Sequence[_Row], inks: dict[str, _Ink], axis: str) -> go.Figure:
    """Draw rows from the bottom up."""
    figure = go.Figure()
    places = list(range(len(rows)))
    for meaning, ink in inks.items():
        lengths = [row.of(meaning) / 1e6 or None for row in rows]  # no bar, not one of no length
        if not any(lengths):
            continue
        figure.add_bar(
            x=lengths,
            y=places,
            orientation="h",
            width=0.36,
            name=ink.name,
            marker=ink.marker(),
            hovertemplate="%{x:.3g} MB<extra>" + _label(ink.name) + "</extra>",
        )
    for place, row in zip(places, rows, strict=True):
        _write(figure, 0, place + 0.2, _label(row.above), "bottom", -1)
        _write(figure, row.length / 1e6, place, _label(row.words), "middle", 4)
    longest = max((row.length for row in rows), default=0) / 1e6
    figure.update_xaxes(title=axis, range=[0, max(longest, 1e-6) * _ROOM], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.4, len(rows) - 0.4 + 0.25], fixedrange=True)
    figure.update_layout(barmode="stack")
    return figure


def _write(figure: go.Figure, x: float, y: float, text: str, anchor: str, shift: int) -> None:
    figure.add_annotation(
        x=x,
        y=y,
        text=text,
        showarrow=False,
        xanchor="left",
        yanchor=anchor,
        xshift=shift,
        font={"size": 12},
    )


def _dress(figure: go.Figure, rows: int, title: str, lines: Iterable[str]) -> Plot:
    plot = theme.plot(figure, title=title, alt="\n".join([title + ".", *lines]))
    figure.update_layout(
        height=140 + _ROW * rows,
        margin={"l": 12},
        legend={
            "orientation": "h",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "traceorder": "normal",
        },
    )
    return plot


# -- an image


def stack(image: ImageStack, base: ImageStack | None = None) -> Plot:
    """Draw the layers of an image: what each stores, and what of it a container sees.

    base: the image it was built on, to tell those layers from its own.
    """
    resolved = analysis.resolve(image)
    below = analysis.shared_layers(image, base) if base is not None else 0
    rows = [
        _layer_row(layer, account, from_base=layer.number <= below or base is None)
        for layer, account in zip(image.layers, resolved.accounts, strict=True)
    ]
    inks = {
        "image": _Ink(COLOURS["image"], _("from the base image") if base else _("seen")),
        "added": _Ink(COLOURS["added"], _("added by this image")),
        "hidden": _Ink(COLOURS["deleted"], _("stored, but hidden"), hatched=True),
    }
    figure = _bars(rows, inks, _("MB in the layer"))
    return _dress(figure, len(rows), _stack_title(resolved), reversed([_line(r) for r in rows]))


def _layer_row(layer: Layer, account: Account, *, from_base: bool) -> _Row:
    visible = ("image" if from_base else "added", account.visible)
    above = f"{layer.number}  {_short(_made_by(layer))}"
    return _Row((visible, ("hidden", account.hidden)), above, _layer_words(account))


def _made_by(layer: Layer) -> str:
    if layer.created_by.startswith("Imported from"):
        return _("imported from an archive")
    return layer.created_by


def _layer_words(account: Account) -> str:
    words = [size(account.stored)]
    if account.hidden:
        part = _("all hidden") if account.hidden == account.stored else _("{size} hidden")
        words.append(part.format(size=size(account.hidden)))
    if account.hides:
        words.append(_("hides {size}").format(size=size(account.hides)))
    return ", ".join(words)


def _stack_title(resolved: Resolved) -> str:
    stored, seen = resolved.stack.size, resolved.visible_bytes
    text = _("{layers} layers store {stored}; a container sees {seen}")
    if stored == seen:
        text = _("{layers} layers store {stored}, and a container sees all of it")
    return text.format(layers=len(resolved.stack.layers), stored=size(stored), seen=size(seen))


def _line(row: _Row) -> str:
    return f"{row.above}: {row.words}"


# -- one path, or all paths of a folder


def history(image: ImageStack, path: str) -> Shown:
    """Tell what each layer of an image did to one path, from the bottom up."""
    steps = analysis.history(analysis.resolve(image), path)
    if not steps:
        return _listing([(_("{path}: in no layer").format(path=printable(path)), "")])
    by = {layer.number: _made_by(layer) for layer in image.layers}
    rows = [(printable(path), "")]
    rows += [(_step(step, by.get(step.layer, "")), step.action) for step in steps]
    return _listing(rows)


def _step(step: Step, created_by: str) -> str:
    words = {"added": _("added"), "changed": _("changed"), "deleted": _("deleted")}
    word = words[step.action]
    if step.action == "changed" and "content" not in step.altered:
        word = _("same bytes")  # with another owner, other permissions or another time
    weight = "" if step.action == "deleted" else size(step.entry.size)
    number = _("layer {number}").format(number=step.layer)
    return f"  {number:<8}  {word:<10}  {weight:>7}  {_short(created_by)}"


def tree(image: ImageStack, folder: str = "/") -> Shown:
    """List what is in `folder`, with the layer that brought it; hidden things too, marked."""
    folder = "/" + folder.strip("/")
    within = folder.rstrip("/") + "/"
    fates = [
        fate
        for fate in analysis.resolve(image).fates
        if fate.entry.path == folder or fate.entry.path.startswith(within)
    ]
    # a directory that upper layers merely add to is not worth a line for each of them
    fates = [fate for fate in fates if fate.hidden_by is None or fate.entry.kind != "directory"]
    fates.sort(key=lambda fate: (fate.entry.path.split("/"), fate.hidden_by is not None))
    names = [_indented(fate, folder) for fate in fates[:MOST_ROWS]]
    width = max((len(name) for name in names), default=0)
    rows = [_tree_row(*row, width) for row in zip(fates, names, strict=False)]
    if len(fates) > MOST_ROWS:
        rows.append((_("… and {count} more").format(count=len(fates) - MOST_ROWS), ""))
    return _listing(rows)


def _indented(fate: Fate, folder: str) -> str:
    path = fate.entry.path
    depth = path.count("/") - folder.rstrip("/").count("/") - (folder == "/")
    name = path if path == folder else path.rsplit("/", 1)[-1]
    return "  " * depth + _named(fate.entry, printable(name))


def _tree_row(fate: Fate, name: str, width: int) -> tuple[str, str]:
    if fate.entry.kind == "directory":
        return name, ""  # each layer that puts something in it brings it along
    number = _("layer {number}").format(number=fate.layer)
    text = f"{name:<{width}}  {size(fate.entry.size):>7}  {number}"
    if fate.hidden_by is None:
        return text, "image"
    gone = _("replaced by layer {n}") if fate.how == "replaced" else _("deleted by layer {n}")
    return f"{text}  ✗ {gone.format(n=fate.hidden_by)}", "deleted"


def _named(entry: FileEntry, name: str) -> str:
    if entry.kind == "symlink":
        return f"{name} -> {printable(entry.target)}"
    return name.rstrip("/") + "/" if entry.kind == "directory" else name


def _listing(rows: Iterable[tuple[str, str]]) -> Shown:
    """Return lines of text, each with the meaning of the colour at its edge, or none.

    The text itself stays in the page's colour: no palette keeps enough contrast for small
    letters both on white and on black.
    """
    rows = list(rows)
    edge = "display:inline-block;padding-left:.6em;border-left:4px solid {colour}"
    html = "\n".join(
        f"<span style='{edge.format(colour=COLOURS.get(meaning, 'transparent'))}'>"
        f"{escape(text)}</span>"
        for text, meaning in rows
    )
    return Shown(f"<pre>{html}</pre>", "\n".join(text for text, _meaning in rows))


# -- a container


def changes(found: Sequence[Change]) -> Plot:
    """Draw what a container's own layer holds, path by path, in the order of `docker diff`."""
    told = [c for c in found if not (c.action == "changed" and _is_folder(c.now))]
    rows = [_change_row(change) for change in reversed(told)]
    inks = {
        "added": _Ink(COLOURS["added"], _("added")),
        "changed": _Ink(COLOURS["changed"], _("changed: the whole file, copied up")),
        "covered": _Ink(COLOURS["deleted"], _("still in the image, out of sight"), hatched=True),
    }
    figure = _bars(rows, inks, _("MB"))
    title = _changes_title(found)
    return _dress(figure, len(rows), title, reversed([_line(row) for row in rows]))


def _changes_title(found: Sequence[Change]) -> str:
    written = sum(change.written for change in found)
    deleted = sum(change.covered for change in found if change.action == "deleted")
    text = _("The container's own layer holds {written}")
    if deleted:
        text = _("The container's layer holds {written}; the {deleted} it deleted are still there")
    return text.format(written=size(written), deleted=size(deleted))


def _is_folder(entry: FileEntry | None) -> bool:
    return entry is not None and entry.kind == "directory"


def _change_row(change: Change) -> _Row:
    letter = {"added": "A", "changed": "C", "deleted": "D"}[change.action]
    above = f"{letter}  {_short(change.path)}"
    if change.action == "deleted":
        words = _("{size} stay below").format(size=size(change.covered))
        return _Row((("covered", change.covered),), above, words)
    words = _("{size} written").format(size=size(change.written))
    return _Row(((change.action, change.written),), above, words)


# -- several images


def sharing(found: Sharing) -> Plot:
    """Draw what images hold, each and together on the disk: shared layers once."""
    shared_once = found.on_disk - sum(image.own for image in found.images)
    rows = [
        _Row(
            (("image", shared_once), *(("added", image.own) for image in found.images)),
            _("on the disk"),
            size(found.on_disk),
        )
    ]
    for image in reversed(found.images):
        words = _("{size}, {own} its own").format(size=size(image.size), own=size(image.own))
        rows.append(
            _Row((("image", image.shared), ("added", image.own)), _short(image.name), words)
        )
    inks = {
        "image": _Ink(COLOURS["image"], _("layers that several have")),
        "added": _Ink(COLOURS["added"], _("layers of one alone")),
    }
    title = _("Added up, {sum}; on the disk, {disk}").format(
        sum=size(found.added_up), disk=size(found.on_disk)
    )
    figure = _bars(rows, inks, _("MB"))
    return _dress(figure, len(rows), title, reversed([_line(row) for row in rows]))
