"""The text of cgroup files to records: pure parsers. Each takes bytes and raises Garbled alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

from helpers.kernel.cgroup_paths import Garbled
from helpers.records.cgroups import CpuMax, Figure, IoDevice, Pressure, PressureLine
from helpers.records.host import Unavailable
from helpers.text import _

T = TypeVar("T")

V1_UNLIMITED: Final = 1 << 62  # v1 writes the largest whole number of pages there is
MOST_DIGITS: Final = 25  # of a number; the kernel's have 20 at most
_NUMBER: Final = rb"([0-9]{1,20})"
_LINE: Final = rb"avg10=([0-9.]{1,9}) avg60=([0-9.]{1,9}) avg300=([0-9.]{1,9}) total=" + _NUMBER
_PRESSURE: Final = re.compile(rb"some " + _LINE + rb"\n(?:full " + _LINE + rb"\n)?")
_matched: Final = _PRESSURE.fullmatch
_tuple: Final[Any] = tuple.__new__  # what a NamedTuple calls itself, in twice the time
_IO: Final = (b"rbytes", b"wbytes", b"rios", b"wios")
_DEVICE: Final = re.compile(rb"[0-9]{1,9}:[0-9]{1,9}")


def number(text: bytes) -> int:
    """Parse a file with one number in it, such as memory.current."""
    if len(text) <= MOST_DIGITS:
        try:
            return int(text)
        except ValueError:
            pass
    raise Garbled(_("A number"), text)


def limit(text: bytes) -> int | None:
    """Parse a v2 limit: a number, or "max" for none."""
    return None if text.strip() == b"max" else number(text)


def limit_v1(text: bytes) -> int | None:
    """Parse a v1 limit: a huge number or a negative one means none (and "max" in pids.max)."""
    found = limit(text)
    return None if found is None or found < 0 or found >= V1_UNLIMITED else found


def keyed(text: bytes) -> dict[bytes, int]:
    """Parse lines of a name and a number, such as cpu.stat."""
    words = iter(text.split())
    try:
        return dict(zip(words, map(int, words), strict=True))
    except ValueError:
        raise Garbled(_("A table of numbers"), text) from None


def pressure(text: bytes) -> Pressure:
    """Parse a *.pressure file. Kernels before 5.13 have no full line for the CPU."""
    found = _matched(text)
    if found is None:
        raise Garbled(_("A pressure file"), text)
    a, b, c, d, e, f, g, h = found.groups()
    try:
        some = _tuple(PressureLine, (float(a), float(b), float(c), int(d)))
        if e is None:
            return Pressure(some, uncounted())
        full = _tuple(PressureLine, (float(e), float(f), float(g), int(h)))
        made: Pressure = _tuple(Pressure, (some, full))
        return made
    except ValueError:
        raise Garbled(_("A pressure file"), text) from None


def cpu_max(text: bytes) -> CpuMax:
    """Parse cpu.max: "100000 100000", or "max 100000" without a limit."""
    words = text.split()
    if len(words) != 2:
        raise Garbled("cpu.max", text)
    return CpuMax(limit(words[0]), number(words[1]))


def io_stat(text: bytes) -> tuple[IoDevice, ...]:
    """Parse io.stat: a line a device, with name=number pairs of which some may be missing."""
    found = []
    for line in text.split(b"\n"):
        device, *pairs = line.split() or [b""]
        if not device or not pairs:
            continue
        if not _DEVICE.fullmatch(device):
            raise Garbled("io.stat", text)
        counts = dict(pair.split(b"=", 1) for pair in pairs if pair.count(b"=") == 1)
        numbers = [
            number(counts.get(key, b"0")) for key in (b"rbytes", b"wbytes", b"rios", b"wios")
        ]
        found.append(IoDevice(device.decode(), *numbers))
    return tuple(found)


def blkio(size: bytes, operations: bytes) -> tuple[IoDevice, ...]:
    """Parse v1's blkio.throttle.io_service_bytes and io_serviced: "8:0 Read 4096"."""
    counts: dict[bytes, list[int]] = {}
    for place, text in ((0, size), (2, operations)):
        for line in text.split(b"\n"):
            words = line.split()
            if len(words) != 3 or words[1] not in (b"Read", b"Write"):
                continue  # Sync, Async, Discard, Total
            if not _DEVICE.fullmatch(words[0]):
                raise Garbled("blkio.throttle", text)
            row = counts.setdefault(words[0], [0, 0, 0, 0])
            row[place + (words[1] == b"Write")] = number(words[2])
    return tuple(IoDevice(device.decode(), *row) for device, row in sorted(counts.items()))


def weight_of_shares(text: bytes) -> int:
    """Return the v2 weight that the kernel gives v1's cpu.shares: 1024 shares are weight 100.

    Engines convert otherwise when they set a weight (runc has had two formulas).
    """
    return max(1, min(10_000, round(number(text) * 100 / 1024)))


def known(
    parse: Callable[[bytes], T], content: bytes | OSError, absent: Unavailable
) -> T | Unavailable:
    """Parse what was read; Unavailable where nothing was, or where it reads like nothing known.

    absent: what to say where the file does not exist.
    """
    if isinstance(content, bytes):
        try:
            return parse(content)
        except Garbled as error:
            return Unavailable(error.what, error.remedy)
    return missing(content, absent)


def missing(error: OSError, absent: Unavailable) -> Unavailable:
    """Say why a file could not be read."""
    if isinstance(error, PermissionError):
        return Unavailable(_("this user may not read it"))
    if isinstance(error, FileNotFoundError):
        return absent
    return Unavailable(error.strerror or str(error))


def pick(
    names: tuple[bytes, ...], content: bytes | OSError, absent: Unavailable
) -> tuple[Figure, ...]:
    """Return the numbers called `names` in a table; each Unavailable where it is missing."""
    if isinstance(content, bytes):
        words = content.split()
        try:  # a third of the time of a whole table
            return tuple([int(words[words.index(name) + 1]) for name in names])
        except (ValueError, IndexError):
            pass  # what is wrong or missing is said below
    table = known(keyed, content, absent)
    if isinstance(table, Unavailable):
        return (table,) * len(names)
    return tuple([table[name] if name in table else uncounted() for name in names])


@lru_cache
def uncounted() -> Unavailable:
    """Return the reason for a line that the kernel's file lacks."""
    return Unavailable(_("this kernel does not count it"))
