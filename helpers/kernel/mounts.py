"""Mounts from /proc/PID/mountinfo."""

from __future__ import annotations

from typing import Final

from helpers.kernel.cgroup_paths import Garbled, unescape
from helpers.kernel.files import Files
from helpers.records.mounts import MountEntry

MOUNTINFO_LIMIT: Final = 1 << 23  # bytes; one line of 500 layers has some 40,000


def parse_mountinfo(text: bytes) -> tuple[MountEntry, ...]:
    """Parse a mountinfo file; a last line that was cut off is left out. Raises Garbled."""
    lines = text.decode("utf-8", "surrogateescape").split("\n")
    whole = lines[:-1] if len(text) >= MOUNTINFO_LIMIT else lines
    return tuple(_entry(line) for line in whole if line)


def _entry(line: str) -> MountEntry:
    before, mark, after = line.partition(" - ")
    fields, kind = before.split(" "), after.split(" ")
    numbers = [each for each in fields[:2] if each.isascii() and each.isdigit() and len(each) < 20]
    if not mark or len(fields) < 6 or len(kind) != 3 or len(numbers) != 2:
        raise Garbled("/proc/PID/mountinfo", line)
    return MountEntry(
        number=int(numbers[0]),
        parent=int(numbers[1]),
        device=fields[2],
        root=unescape(fields[3]),
        point=unescape(fields[4]),
        options=tuple(fields[5].split(",")),
        optional=tuple(fields[6:]),
        kind=unescape(kind[0]),
        source=unescape(kind[1]),
        super_options=tuple(unescape(each) for each in kind[2].split(",")),
        line=line,
    )


def read_mounts(files: Files, pid: int | str) -> tuple[MountEntry, ...]:
    """Return the mounts that a process sees. Raises OSError, Garbled."""
    return parse_mountinfo(files.read(f"/proc/{pid}/mountinfo", MOUNTINFO_LIMIT))
