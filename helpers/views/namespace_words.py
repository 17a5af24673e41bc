"""What the namespace explorer says: its sentences, its words and its table.

`namespaces.mjs` says the same of any frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from helpers.records.namespaces import KINDS
from helpers.text import _
from helpers.views.still import Still

HOST: Final = 0  # the mark of the host's namespaces

Frame = Mapping[str, Any]
Row = Sequence[Any]  # a process: number, name, home, its mark in each kind (None: not known)
PID, NAME, HOME, MARKS = range(4)


def texts() -> dict[str, str]:
    """Return the front end's sentences."""
    return _texts_of_the_picture() | _texts_in_words()


def _texts_of_the_picture() -> dict[str, str]:
    return {
        "host": _("host"),
        "process": _("Process"),
        "filter": _("Show only"),
        "filter hint": _("a container or a command"),
        "grid name": _("Processes and their namespaces"),
        "same": _("1 and 2 share"),
        "key": _(
            "Same letter in a column: same namespace. “host”: the host's own. An arrow: moved "
            "here since the moment before. Choose two processes to compare them, or a letter to "
            "see who else is there."
        ),
        "choose": _("{who}: compare"),
        "cell": _("{kind}: {which}"),
        "moved here": _("{kind}: {which}, moved here from {was}"),
        "nobody": _("No process is called that."),
    }


def _texts_in_words() -> dict[str, str]:
    return {
        "who": _("{name} ({pid}) in {home}"),
        "who host": _("{name} on the host"),
        "the host's": _("the host's"),
        "unknown": _("not known"),
        "and": _("{some} and {last}"),
        "says nothing": _("Nothing has been seen yet."),
        "says moved": _("At {at} s {who} moved: {moves}."),
        "says move": _("{kind} from {was} to {now}"),
        "says new": _("At {at} s there came {who}."),
        "says gone": _("At {at} s {who} was gone."),
        "says some": _("{who} and {other} share {shared}; they differ in {apart}."),
        "says all": _("{who} and {other} share all eight namespaces."),
        "says none": _("{who} and {other} share no namespace."),
        "says host": _("{who} lives in the host's namespaces alone."),
        "says apart": _("{who} lives apart from the host in {kinds}."),
        "says namespace": _("In {kind}:[{inode}] ({which}): {who}."),
        "head process": _("process"),
        "head home": _("container"),
        "head pid": _("number"),
    }


def words(frames: Sequence[Frame], state: Mapping[str, Any]) -> str:
    """Return the last frame in sentences; `namespaces.mjs` says the same of any frame."""
    if not frames:
        return texts()["says nothing"]
    rows = frames[-1]["rows"]
    found = [row for row in (row_of(rows, each) for each in state["chosen"]) if row is not None]
    said = _says_events(frames)
    if len(found) == 2:
        said.append(_says_pair(*found))
    elif found:
        said.append(_says_apart(found[0]))
    return " ".join(said)


def row_of(rows: Sequence[Row], token: str) -> Row | None:
    """Return the first process of a container, or the first whose command begins so."""
    for row in rows:
        if (row[HOME] or "host") == token:
            return row
    return next((row for row in rows if row[NAME].startswith(token)), None)


def who(row: Row) -> str:
    """Return how a process is called in a sentence."""
    key = "who" if row[HOME] else "who host"
    return texts()[key].format(name=row[NAME], pid=row[PID], home=row[HOME])


def letter(mark: int | None) -> str:
    """Return what stands in a cell: A to Z, then AA and so on; "host"; "?"."""
    if mark is None:
        return "?"
    if mark == HOST:
        return texts()["host"]
    found = ""
    while mark > 0:
        mark, rest = divmod(mark - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def _which(mark: int | None) -> str:
    if mark is None:
        return texts()["unknown"]
    return texts()["the host's"] if mark == HOST else letter(mark)


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return texts()["and"].format(some=", ".join(parts[:-1]), last=parts[-1])


def _says_pair(one: Row, other: Row) -> str:
    pairs = list(zip(KINDS, one[MARKS], other[MARKS], strict=True))
    shared = [str(kind) for kind, a, b in pairs if a is not None and a == b]
    apart = [str(kind) for kind, a, b in pairs if a is None or a != b]
    key = "says some" if shared and apart else "says all" if shared else "says none"
    return texts()[key].format(
        who=who(one), other=who(other), shared=_listed(shared), apart=_listed(apart)
    )


def _says_apart(row: Row) -> str:
    kinds = [str(kind) for kind, mark in zip(KINDS, row[MARKS], strict=True) if mark != HOST]
    key = "says apart" if kinds else "says host"
    return texts()[key].format(who=who(row), kinds=_listed(kinds))


def _says_events(frames: Sequence[Frame]) -> list[str]:
    """Say what is different in the last frame from the one before."""
    if len(frames) < 2:
        return []
    seen, at = frames[-1], round(frames[-1]["at"] - frames[0]["at"])
    was = {row[PID]: row for row in frames[-2]["rows"]}
    now = {row[PID]: row for row in seen["rows"]}
    said = texts()
    found = []
    for pid, row in now.items():
        if pid not in was:
            found.append(said["says new"].format(at=at, who=who(row)))
        elif row[MARKS] != was[pid][MARKS]:
            moves = [
                said["says move"].format(kind=kind, was=_which(a), now=_which(b))
                for kind, a, b in zip(KINDS, was[pid][MARKS], row[MARKS], strict=True)
                if a != b
            ]
            found.append(said["says moved"].format(at=at, who=who(row), moves=_listed(moves)))
    gone = [row for pid, row in was.items() if pid not in now]
    found += [said["says gone"].format(at=at, who=who(row)) for row in gone]
    return found


def still(frames: Sequence[Frame], state: Mapping[str, Any]) -> Still:
    """Return words, and a table of the last frame."""
    said = texts()
    head = [said["head home"], said["head process"], said["head pid"], *KINDS]
    rows = [
        [row[HOME] or said["host"], row[NAME], str(row[PID]), *map(letter, row[MARKS])]
        for row in (frames[-1]["rows"] if frames else ())
    ]
    return Still(words(frames, state), head, rows)
