"""A container's own layer on those of its image, and what each act cost: pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from helpers.analysis import overlay
from helpers.records.container_layer import Act
from helpers.records.layers import ImageStack, Layer
from helpers.records.overlay import UpperLayer


def stamped(upper: UpperLayer, *, number: int, created_by: str) -> Layer:
    """Return a layer's folder as a layer whose digests are stamps: size and time of change.

    No content is read. Copy-up keeps a file's time, so a file with the stamp of the one it
    replaces has another owner or other permissions, and very likely the same bytes.
    """
    layer = overlay.layer(upper, number=number, created_by=created_by)
    times = {f"/{each.path}": each.stat.st_mtime_ns for each in upper.entries}
    entries = tuple(
        replace(each, digest=f"{each.size}@{times[each.path]}") if each.kind == "file" else each
        for each in layer.entries
    )
    return replace(layer, entries=entries)


def on_top(base: ImageStack, own: Layer) -> ImageStack:
    """Return an image's layers with a container's own above them."""
    return ImageStack(base.name, (*base.layers, own))


def sizes(layer: Layer) -> dict[str, int]:
    """Return the bytes of each file in a layer."""
    return {entry.path: entry.size for entry in layer.entries if entry.kind == "file"}


def acts(log: bytes) -> tuple[Act, ...]:
    """Read the lines of a log of acts; what is no such line is passed over."""
    return tuple(_acts(log))


def _acts(log: bytes) -> Iterator[Act]:
    for line in log.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            yield Act(str(said["verb"]), str(said["path"]), float(said["ms"]))


def costs(
    done: Iterable[Act], before: Mapping[str, int], now: Mapping[str, int]
) -> tuple[tuple[Act, int], ...]:
    """Return for each act by how many bytes its path has grown in the container's layer.

    before, now: sizes of the layer's files. Of several acts on one path between two looks,
    the first gets all of it.
    """
    known, found = dict(before), []
    for act in done:
        after = now.get(act.path, 0)
        found.append((act, after - known.get(act.path, 0)))
        known[act.path] = after
    return tuple(found)
