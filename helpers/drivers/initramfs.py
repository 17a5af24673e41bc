"""A Linux machine's first file system, as one file: an archive that its kernel unpacks into memory.

Pure: bytes in, bytes out. The format is cpio's "newc" (in the kernel's documentation:
driver-api/early-userspace/buffer-format).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FOLDERS: Final = ("bin", "dev", "proc", "sys", "tmp", "www")
_FOLDER: Final = 0o040755
_PROGRAM: Final = 0o100755
_DEVICE: Final = 0o020600
_CONSOLE: Final = (5, 1)  # major and minor number of /dev/console
_END: Final = "TRAILER!!!"


def build(programs: Mapping[str, bytes]) -> bytes:
    """Return an archive with empty folders, a console, and `programs`, each by its path."""
    parts = [_entry(number, name, _FOLDER) for number, name in enumerate(FOLDERS, start=1)]
    parts.append(_entry(len(parts) + 1, "dev/console", _DEVICE, device=_CONSOLE))
    for name, content in programs.items():
        parts.append(_entry(len(parts) + 1, name, _PROGRAM, content))
    return b"".join([*parts, _entry(0, _END, 0)])


def _entry(
    number: int, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)
) -> bytes:
    """Return one file. number: its inode; files of one number would be links of each other."""
    called = name.encode() + b"\0"
    no_owner, no_time, no_disk, no_sum = (0, 0), 0, (0, 0), 0
    links, size = 1, len(content)
    fields = (
        *(number, mode, *no_owner, links, no_time, size),
        *(*no_disk, *device, len(called), no_sum),
    )
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + called
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
