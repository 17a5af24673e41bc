"""Where a container's data is mounted from, and what writing there costs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from helpers.records.mounts import MountEntry
from helpers.records.volumes import WriteCost
from helpers.text import _
from helpers.views.cow import timed
from helpers.views.tables import Table
from helpers.views.theme import Plot


def mounts(found: Sequence[MountEntry]) -> Table:
    """Show what the kernel has mounted, from which file system and which folder of it."""
    rows = [(f"`{each.point}`", each.kind, each.device, f"`{_short(each.root)}`") for each in found]
    whole = sum(each.root == "/" for each in found)
    caption = _("{folders} folders of a file system, {whole} with a file system of its own").format(
        folders=len(found) - whole, whole=whole
    )
    head = (_("mounted at"), _("file system"), _("device"), _("which folder of it"))
    return Table(caption, head, rows)


def _short(path: str) -> str:
    """Cut the engine's own folder, which is another one on each machine, and long ids."""
    inside = re.sub(r"^.*(?=/volumes/[^/]+/_data$)", "…", path)
    return re.sub(r"[0-9a-f]{64}", lambda ident: ident.group()[:8] + "…", inside)


def costs(found: Mapping[str, WriteCost]) -> Plot:
    """Draw what the first byte and what an entry took in each place."""
    rows = [
        *(
            (_("first byte, {place}").format(place=name), each.first)
            for name, each in found.items()
        ),
        *((_("an entry, {place}").format(place=name), each.entry) for name, each in found.items()),
    ]
    title = _(
        "The first byte into the image's file is dear: {layer:.3g} ms, {volume:.2g} on a volume"
    )
    return timed(rows, title.format(layer=found["layer"].first, volume=found["volume"].first))
