"""What a look at the processes of a lab and their namespaces brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from helpers.records.namespaces import Kind


@dataclass(frozen=True)
class Resident:
    """A process, and where it lives. home: the container's short name; "": the host.

    name: its command line, fit to show. inodes: by kind; a kind is missing where it is not known.
    """

    pid: int
    name: str
    home: str
    inodes: Mapping[Kind, int]


@dataclass(frozen=True)
class Look:
    """Some processes at one moment. at: seconds of a monotonic clock.

    host: the inodes of the host's process 1, whose namespaces count as the host's.
    """

    at: float
    host: Mapping[Kind, int]
    residents: tuple[Resident, ...]
