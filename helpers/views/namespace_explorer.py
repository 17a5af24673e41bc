"""The namespace explorer: who lives in which namespace, who shares one, and who moved.

    explorer = Explorer(Watch(here.docker, here.labels, here.engine), here.at_end)
    explorer.show("shop", "till")       and who of the two shares what

One row for each process, one column for each kind. The same letter and colour in a column is
the same namespace. A time line has a frame for each moment at which something was different.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from helpers.records.namespace_watch import Look, Resident
from helpers.records.namespaces import KINDS, Kind
from helpers.text import _
from helpers.views.palette import SERIES
from helpers.views.still import Still

if TYPE_CHECKING:
    from helpers.views.live import Following, Widget

EVERY: Final = 0.5  # seconds between two looks
HOST: Final = 0  # the mark of the host's namespaces

Frame = Mapping[str, Any]
Row = Sequence[Any]  # a process: number, name, home, its mark in each kind (None: not known)
PID, NAME, HOME, MARKS = range(4)


def state(*chosen: str) -> dict[str, Any]:
    """Return what the front end draws all frames with.

    chosen: at most two, to be compared first: names of containers, or beginnings of commands.
    """
    if len(chosen) > 2:
        raise ValueError(_("Two processes can be compared, not more."))
    return {"kinds": list(KINDS), "chosen": list(chosen), "series": list(SERIES)}


class Marks:
    """Numbers namespaces in the order in which they are met: 0 is the host's, 1 is A.

    A number stays its namespace's as long as somebody looks, so that a letter means the same
    in all frames.
    """

    def __init__(self, host: Mapping[Kind, int]) -> None:
        self._known: dict[Kind, list[int]] = {
            kind: [host[kind]] if kind in host else [] for kind in KINDS
        }

    def of(self, kind: Kind, inode: int | None) -> int | None:
        """Return a namespace's number; None where it is not known which one it is."""
        if inode is None:
            return None
        known = self._known[kind]
        if inode not in known:
            known.append(inode)
        return known.index(inode)

    def inodes(self) -> list[list[int]]:
        """Return the inode of each number, by kind in the order of KINDS."""
        return [list(self._known[kind]) for kind in KINDS]


def frame(look: Look, began: float, marks: Marks) -> dict[str, Any]:
    """Return a look as plain JSON: `rows` as in Row, `inodes` by kind and mark.

    began: the time line's 0, on the look's clock. Processes of the host that live in the same
    namespaces are one row, named after the first.
    """
    rows: list[list[Any]] = []
    alike: dict[tuple[int | None, ...], list[Resident]] = {}
    for each in look.residents:
        found = tuple(marks.of(kind, each.inodes.get(kind)) for kind in KINDS)
        if each.home:
            rows.append([each.pid, each.name, each.home, list(found)])
        else:
            alike.setdefault(found, []).append(each)
    host = [
        [each[0].pid, _folded(each), "", list(found)] for found, each in alike.items()
    ]  # fmt: skip
    return {"at": round(max(look.at - began, 0), 1), "rows": host + rows, "inodes": marks.inodes()}


def _folded(alike: Sequence[Resident]) -> str:
    first = alike[0].name
    if len(alike) == 1:
        return first
    if len(alike) == 2:
        return _("{one}, {other}").format(one=first, other=alike[1].name)
    return _("{one} and {count} more").format(one=first, count=len(alike) - 1)


# -- in words


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


# -- live


class Watching(Protocol):
    """Who looks: helpers.drivers.namespace_watch.Watch, or a test."""

    def look(self) -> Look:
        """Look once. Raises LabError."""

    def close(self) -> None:
        """Let go of what it looks through."""


class Explorer:
    """Shows what `watch` sees, while somebody can see it; each time from the beginning.

    at_end: is given what to call when the lab ends.
    """

    def __init__(
        self, watch: Watching, at_end: Callable[[Callable[[], object]], object], *,
        every: float = EVERY,
    ) -> None:  # fmt: skip
        self._watch, self._every = watch, every
        self._looking = threading.Lock()
        self._marks: Marks | None = None
        self._began = 0.0
        self._last: dict[str, Any] = {}
        self._shown: tuple[Widget, Any, Following] | None = None
        at_end(self.stop)

    def show(self, *chosen: str) -> Widget:
        """Display who lives where now, and go on looking; what was shown before stands still.

        chosen: two to compare, containers or beginnings of commands. A cell that is to show
        what happens while it works on calls this first.
        """
        from IPython.display import display

        from helpers.views import live  # not at the top: it takes its time to import

        given = state(*chosen)
        self._settle()
        first = self._begin()
        widget = live.show(
            "namespaces",
            title=_("Who lives in which namespace"),
            state=given,
            frames=[first],
            texts=texts(),
            still=still([first], given),
        )
        handle = display(widget, display_id=True)  # type: ignore[no-untyped-call]
        self._shown = widget, handle, live.follow(widget, self._sample, every=self._every)
        return widget

    def note(self) -> None:
        """Look now, between two looks, and add what is different to what is shown."""
        if self._shown is not None:
            found = self._sample()
            if found is not None:
                self._shown[0].append(found)

    def stop(self) -> None:
        """Look no more; what is shown stays."""
        self._settle()
        self._watch.close()

    def _begin(self) -> dict[str, Any]:
        with self._looking:
            look = self._watch.look()
            self._began = look.at
            self._marks = Marks(look.host)
            self._last = frame(look, self._began, self._marks)
            return self._last

    def _sample(self) -> dict[str, Any] | None:
        """Return a frame where something is different from the last one."""
        with self._looking:
            look = self._watch.look()
            assert self._marks is not None
            found = frame(look, self._began, self._marks)
            if found["rows"] == self._last["rows"]:
                return None
            self._last = found
            return found

    def _settle(self) -> None:
        """End what is shown, with its whole time line and its words stored."""
        if self._shown is None:
            return
        widget, handle, following = self._shown
        self._shown = None
        following.stop()
        widget.still = still(widget.frames, widget.state)
        if handle is not None:  # outside of a notebook there is nothing to renew
            handle.update(widget)
