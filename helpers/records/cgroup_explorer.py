"""What a look at the control groups of a lab's containers brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from helpers.records.cgroups import Figure, Limit
from helpers.records.host import Unavailable

Part = Literal["cpu", "memory", "pids", "pressure", "io"]


Rate = float | Unavailable


class File(NamedTuple):
    """A file that some numbers come from, as it was read. part: which of them."""

    part: Part
    path: str
    text: str


@dataclass(frozen=True)
class Reading:
    """One container's control group, at one moment and since the one before.

    cores, throttled, read, written and the three some_* are rates, the rest is as it stands.
    allowed: cores that the quota allows, None without one. some_*: the share of the time in
    which somebody in it waited. killed, refused, met, slowed: how often so far the kernel has
    killed for memory, refused a process, met memory.max, and pushed back below memory.high.
    """

    ident: str
    name: str
    path: str
    cores: Rate
    throttled: Rate
    allowed: float | Unavailable | None
    weight: Figure
    memory: Figure
    anon: Figure
    inactive: Figure
    high: Limit
    max: Limit
    pids: Figure
    most: Limit
    some_cpu: Rate
    some_memory: Rate
    some_io: Rate
    read: Rate
    written: Rate
    killed: Figure
    refused: Figure
    met: Figure
    slowed: Figure
    files: tuple[File, ...]


@dataclass(frozen=True)
class Look:
    """All of them. at: seconds on a monotonic clock."""

    at: float
    groups: tuple[Reading, ...]
