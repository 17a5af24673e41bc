"""Volumes: which mounts hold a container's data, and what writing costs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.errors import BookError
from helpers.records.mounts import MountEntry
from helpers.records.volumes import WriteCost
from helpers.text import _


def below(mounts: Iterable[MountEntry], folder: str) -> tuple[MountEntry, ...]:
    """Return the mounts below `folder`, by where they are mounted."""
    found = [each for each in mounts if each.point.startswith(f"{folder.rstrip('/')}/")]
    return tuple(sorted(found, key=lambda each: each.point))


def costs(lines: Iterable[str]) -> dict[str, WriteCost]:
    """Read what writes.py prints, by place. Raises BookError where it printed something else."""
    found = {}
    for line in lines:
        words = line.split()
        try:
            folder, first, entry = words[0], float(words[1]), float(words[2])
        except (IndexError, ValueError):
            raise BookError(_("No line of writes.py: {line}").format(line=line)) from None
        place = folder.rpartition("/")[2]
        found[place] = WriteCost(place, first, entry)
    return found
