"""The tree of processes, and names fit to show: pure functions of what was read."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from helpers.records.processes import Branch, Process


def tree(processes: Iterable[Process]) -> tuple[Branch, ...]:
    """Return the processes as a tree, children by number.

    Whose parent is not among them stands at the top. Every process appears once, even if what
    was read while they came and went leads in a circle.
    """
    known = {each.pid: each for each in processes}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid in sorted(known):
        children[known[pid].ppid].append(pid)
    made: dict[int, Branch] = {}
    tops = [pid for pid in sorted(known) if known[pid].ppid not in known]
    top = [_grow(pid, known, children, made) for pid in tops]
    for pid in sorted(known):  # whoever is left is in a circle
        if pid not in made:
            top.append(_grow(pid, known, children, made))
    return tuple(top)


def _grow(
    start: int, known: dict[int, Process], children: dict[int, list[int]], made: dict[int, Branch]
) -> Branch:
    """Return a process with all that is below it. No recursion: a tree may be 30,000 deep."""
    order, waiting, seen = [], [start], {start}
    below: dict[int, list[int]] = {}
    while waiting:
        pid = waiting.pop()
        order.append(pid)
        below[pid] = [
            each for each in children.get(pid, []) if each not in seen and each not in made
        ]
        seen.update(below[pid])
        waiting.extend(below[pid])
    for pid in reversed(order):
        made[pid] = Branch(known[pid], tuple(made[each] for each in below[pid]))
    return made[start]


def ancestors(processes: Iterable[Process], pid: int) -> tuple[Process, ...]:
    """Return the chain from the first process down to `pid`; empty if it is not there."""
    known = {each.pid: each for each in processes}
    chain: list[Process] = []
    seen: set[int] = set()
    while pid in known and pid not in seen:
        seen.add(pid)
        chain.append(known[pid])
        pid = known[pid].ppid
    return tuple(reversed(chain))


def printable(text: str, limit: int = 200) -> str:
    r"""Return a name that somebody else chose, fit for a page or a terminal.

    Control characters, marks that turn the direction of writing, and bytes that are no UTF-8
    become `\x1b`, `\u202e`. limit: characters; what is longer ends in "…".
    """
    shown = "".join(map(_shown, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _shown(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
