"""Which of the processes born meanwhile belong to one container: pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from helpers.records.births import Birth


def parse(lines: Iterable[str]) -> tuple[Birth, ...]:
    """Read what `births.py` printed; lines that are no JSON object are passed over."""
    found = []
    for line in lines:
        if line.startswith("{"):
            raw = json.loads(line)
            found.append(Birth(**{name: raw[name] for name in Birth.__dataclass_fields__}))
    return tuple(sorted(found, key=lambda birth: (birth.first, birth.pid)))


def family(births: Iterable[Birth], ident: str) -> tuple[Birth, ...]:
    """Return those that name the container `ident` in their command line, and what they bore.

    ident: its whole id, which nothing else on the machine has a reason to mention.
    """
    births = tuple(births)
    mine = {birth.pid for birth in births if ident in birth.words}
    grown = True
    while grown:
        more = {birth.pid for birth in births if birth.parent in mine} - mine
        mine |= more
        grown = bool(more)
    return tuple(birth for birth in births if birth.pid in mine)


def merged(births: Iterable[Birth]) -> tuple[Birth, ...]:
    """Return one birth for each process, under its last name, from first to last sight."""
    found: dict[int, Birth] = {}
    for birth in births:
        before = found.get(birth.pid)
        first = birth.first if before is None else min(before.first, birth.first)
        latest = birth if before is None or birth.last >= before.last else before
        found[birth.pid] = replace(latest, first=first)
    return tuple(sorted(found.values(), key=lambda birth: (birth.first, birth.pid)))
