"""Shipping as a figure and as tables: what each push sent, and what each way keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.analysis.shipping import brought, fetched, found_there, mounted
from helpers.records.shipping import Traits, Transfer
from helpers.text import _
from helpers.views import theme
from helpers.views.layers import size
from helpers.views.tables import Table
from helpers.views.theme import COLOURS, Plot

PIXELS_A_ROW: Final = 62
PIXELS_AROUND: Final = 150  # title, axis
MEGABYTE: Final = 1_000_000


def pushes(transfers: Sequence[Transfer]) -> Plot:
    """Draw how many bytes the registry received with each push. At least one."""
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=[each.what.replace(", ", "<br>") + " " for each in transfers],  # fits a phone
        x=[each.received / MEGABYTE for each in transfers],
        text=[size(each.received) for each in transfers],
        textposition="outside",
        cliponaxis=False,
        marker={"color": COLOURS["measured"]},
        hovertemplate="%{text}<extra></extra>",
    )
    most = max(each.received for each in transfers) / MEGABYTE
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title=_("MB received"), range=[0, most * 1.45])
    figure.update_layout(height=PIXELS_AROUND + PIXELS_A_ROW * len(transfers))
    title = _title(transfers)
    words = " ".join(f"{each.what}: {size(each.received)}." for each in transfers)
    return theme.plot(figure, title=title, alt=f"{title}. {words}")


def _title(transfers: Sequence[Transfer]) -> str:
    first, rest = transfers[0], transfers[1:]
    if rest and all(each.received < first.received / 2 for each in rest):
        return _("Only the first push is heavy: {size}").format(size=size(first.received))
    return _("Bytes that the registry received")


def requests(transfer: Transfer) -> Table:
    """Tell what became of the blobs of one push, or of one pull."""
    asked = transfer.requests
    counts = [
        (_("sent to the registry"), len(brought(asked))),
        (_("taken over from another repository"), len(mounted(asked))),
        (_("there already"), len(found_there(asked))),
        (_("fetched"), len(fetched(asked))),
    ]
    rows = [(name, str(count)) for name, count in counts if count]
    caption = _("{what}: {count} requests, {received} in, {sent} out").format(
        what=transfer.what,
        count=len(asked),
        received=size(transfer.received),
        sent=size(transfer.sent),
    )
    return Table(caption, (_("Blobs"), _("Count")), rows)


def ways(found: Mapping[str, Traits], archives: Mapping[str, int], caption: str) -> Table:
    """Compare images, the first being the original. archives: bytes of each one's archive."""
    original = next(iter(found.values()))
    names = list(found)

    def kept(now: Sequence[str], before: Sequence[str]) -> str:
        if before is now:
            return _("there") if now else _("**none**")
        return _kept(now, before)

    def row(title: str, cell: Mapping[str, str]) -> tuple[str, ...]:
        return (title, *(cell[name] for name in names))

    rows = [
        row(_("archive"), {n: size(archives[n]) if n in archives else "–" for n in names}),
        row(_("layers"), {n: str(len(each.layers)) for n, each in found.items()}),
        row(_("steps of history"), {n: str(each.steps) for n, each in found.items()}),
        row("`CMD`", {n: kept(each.cmd, original.cmd) for n, each in found.items()}),
        row("`ENV`", {n: kept(each.env, original.env) for n, each in found.items()}),
        row(
            _("name it comes with"),
            {n: _("yes") if each.tags else _("none") for n, each in found.items()},
        ),
        row(
            _("id"),
            {n: _same(each, original) for n, each in found.items()},
        ),
    ]
    return Table(caption, ("", *names), rows)


def _kept(now: Sequence[str], before: Sequence[str]) -> str:
    if not now:
        return _("**none**")
    return _("kept") if tuple(now) == tuple(before) else _("**other**")


def _same(now: Traits, before: Traits) -> str:
    if now is before:
        return "–"
    return _("the same") if now.ident == before.ident else _("another")
