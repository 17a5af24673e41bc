"""Count what of a system can be attacked, from its files and what the kernel lists. Pure."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from typing import Final

PACKAGES: Final = "var/lib/dpkg/status"
_INSTALLED: Final = re.compile(rb"^Status: .* installed$", re.MULTILINE)
_FOLDERS: Final = re.compile(r"(usr/(local/)?)?s?bin/[^/]+")
_LISTENS: Final = {"tcp": "0A", "udp": "07"}  # the kernel's states (net/tcp_states.h)
_SETUID: Final = 0o4000
_EXECUTABLE: Final = 0o111


def installed(status: bytes) -> int:
    """Count the packages in dpkg's list."""
    return len(_INSTALLED.findall(status))


def is_program(entry: tarfile.TarInfo) -> bool:
    """Tell whether an entry is an executable file where programs lie; links are none."""
    name = entry.name.removeprefix("./")
    return entry.isfile() and bool(entry.mode & _EXECUTABLE) and bool(_FOLDERS.fullmatch(name))


def is_setuid(entry: tarfile.TarInfo) -> bool:
    """Tell whether an entry runs with its owner's rights."""
    return entry.isfile() and bool(entry.mode & _SETUID)


def open_ports(tables: Iterable[tuple[str, str]]) -> frozenset[tuple[str, int]]:
    """Return the open ports in /proc/net/{tcp,tcp6,udp,udp6}, as (protocol, number).

    tables: each file's name and text.
    """
    found = set()
    for name, text in tables:
        protocol = name[:3]
        for line in text.splitlines():
            words = line.split()
            if len(words) > 3 and words[0].endswith(":") and words[3] == _LISTENS[protocol]:
                found.add((protocol, int(words[1].rpartition(":")[2], 16)))
    return frozenset(found)
