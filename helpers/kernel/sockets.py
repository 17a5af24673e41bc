"""Who listens, and how many connections came: /proc/net/tcp and /proc/net/snmp of a namespace."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from typing import Final

from helpers.kernel.cgroup_paths import Garbled
from helpers.records.network import Listener

TABLES: Final = ("cat", "/proc/net/tcp")
TABLES_6: Final = ("cat", "/proc/net/tcp6")
COUNTERS: Final = ("cat", "/proc/net/snmp")
_ROW: Final = re.compile(
    r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2})\b.*",
    re.ASCII,
)
_LISTEN: Final = "0A"  # TCP_LISTEN in the kernel's tcp_states.h


def parse_listeners(text: str) -> tuple[Listener, ...]:
    """Parse /proc/net/tcp or tcp6 (proc(5)): sockets that wait for connections. Raises Garbled."""
    found = []
    for line in text.splitlines()[1:]:
        row = _ROW.fullmatch(line)
        if row is None:
            raise Garbled("/proc/net/tcp", line)
        if row[3] == _LISTEN:
            found.append(Listener(_address(row[1]), int(row[2], 16)))
    return tuple(found)


def _address(digits: str) -> str:
    """Return an address, which the kernel prints as words in its own order of bytes."""
    words = [int(digits[at : at + 8], 16) for at in range(0, len(digits), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if len(words) == 1:
        return socket.inet_ntoa(packed)
    return str(ipaddress.IPv6Address(packed))


def parse_accepted(text: str) -> int:
    """Return how many TCP connections a namespace has accepted (snmp's PassiveOpens).

    Raises Garbled.
    """
    rows = [line.split() for line in text.splitlines() if line.startswith("Tcp:")]
    if len(rows) == 2 and len(rows[0]) == len(rows[1]):
        said = dict(zip(*rows, strict=True))
        value = said.get("PassiveOpens", "")
        if value.isascii() and value.isdigit():
            return int(value)
    raise Garbled("/proc/net/snmp", text)
