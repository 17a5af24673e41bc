"""The namespace explorer: who lives in which namespace, who shares one, and who moved.

    explorer = Explorer(Watch(here.docker, here.labels, here.engine), here.at_end)
    explorer.show("shop", "till")       now, and what the two share
    explorer.follow("shop", "till")     now, and what becomes different, while one can see it

One column for each kind; the same letter and colour in it is the same namespace. Processes of one
container that live in the same namespaces are one row, until one of them moves. A time line has
a frame for each moment at which something was different.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

from helpers.records.namespace_watch import Look, Resident
from helpers.records.namespaces import KINDS, Kind
from helpers.text import _
from helpers.views.namespace_words import HOME, MARKS, PID, Frame, Row, still, texts
from helpers.views.palette import SERIES
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from helpers.views.live import Following, Widget

EVERY: Final = 0.5  # seconds between two looks


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
        self.apart: set[int] = set()  # processes that had a row of their own, and keep it

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


def frame(
    look: Look, began: float, marks: Marks, chosen: Sequence[str] = ()
) -> dict[str, Any]:  # fmt: skip
    """Return a look as plain JSON: `rows` as in Row, `inodes` by kind and mark.

    began: the time line's 0, on the look's clock. Those of one home that live in the same
    namespaces are one row, named after the first; who is chosen has a row of its own.
    """
    rows: list[tuple[Resident, tuple[int | None, ...], list[Resident]]] = []
    firsts: dict[Any, list[Resident]] = {}
    for each in look.residents:
        found = tuple(marks.of(kind, each.inodes.get(kind)) for kind in KINDS)
        alone = each.pid in marks.apart or each.name.startswith(tuple(chosen))
        alike = firsts.setdefault((each.home, found), [])
        if alike and alone:
            rows.append((each, found, [each]))
            continue
        if not alike:
            rows.append((each, found, alike))
        alike.append(each)
    marks.apart |= {first.pid for first, _found, _alike in rows}
    return {
        "at": round(max(look.at - began, 0), 1),
        "rows": [
            [first.pid, _folded(alike), first.home, list(found)] for first, found, alike in rows
        ],
        "inodes": marks.inodes(),
    }


def _folded(alike: Sequence[Resident]) -> str:
    first = alike[0].name
    if len(alike) == 1:
        return first
    if len(alike) == 2:
        return _("{one}, {other}").format(one=first, other=alike[1].name)
    return _("{one} and {count} more").format(one=first, count=len(alike) - 1)


def moved(was: Frame, now: Frame) -> list[Row]:
    """Return the processes that are elsewhere than they were in the frame before."""
    before = {row[PID]: row[MARKS] for row in was["rows"]}
    return [row for row in now["rows"] if before.get(row[PID], row[MARKS]) != row[MARKS]]


def _who_where(seen: Frame) -> list[tuple[Any, ...]]:
    return [(row[PID], row[HOME], row[MARKS]) for row in seen["rows"]]


# -- live


class Watching(Protocol):
    """Who looks: helpers.drivers.namespace_watch.Watch, or a test."""

    def look(self) -> Look:
        """Look once. Raises LabError."""

    def close(self) -> None:
        """Let go of what it looks through."""


class Explorer:
    """Shows what `watch` sees; each time from the beginning.

    at_end: is given what to call when the lab ends.
    """

    def __init__(
        self, watch: Watching, at_end: Callable[[Callable[[], object]], object], *,
        every: float = EVERY,
    ) -> None:  # fmt: skip
        self._watch, self._every = watch, every
        self._looking = threading.Lock()
        self._marks: Marks | None = None
        self._chosen: Sequence[str] = ()
        self._began = 0.0
        self._last: dict[str, Any] = {}
        self._shown: tuple[Any, Following] | None = None  # what is displayed and goes on
        self._widget: Widget | None = None  # the last one
        at_end(self._end)

    def show(self, *chosen: str) -> Widget:
        """Display who lives where now.

        chosen: two to compare, containers or beginnings of commands.
        """
        widget, _handle = self._display(chosen)
        return widget

    def follow(self, *chosen: str) -> Widget:
        """Display who lives where now, and what becomes different while somebody can see it.

        What was followed before stands still. A cell that is to show what happens while it works
        on calls this first.
        """
        from helpers.views import live

        widget, handle = self._display(chosen)
        self._shown = handle, live.follow(widget, self._sample, every=self._every)
        return widget

    def _display(self, chosen: Sequence[str]) -> tuple[Widget, Any]:
        from IPython.display import display

        from helpers.views import live  # not at the top: it takes its time to import

        given = state(*chosen)
        self._settle()
        first = self._begin(chosen)
        widget = self._widget = live.show(
            "namespaces",
            title=_("Who lives in which namespace"),
            state=given,
            frames=[first],
            texts=texts(),
            still=still([first], given),
        )
        return widget, display(widget, display_id=True)  # type: ignore[no-untyped-call]

    def await_moves(self, count: int, seconds: float = 30) -> None:
        """Wait until so many moves are on the time line that is shown. Raises TimedOut."""
        wait_until(
            self._moves,
            lambda moves: moves >= count,
            what=_("{count} moves").format(count=count),
            seconds=seconds,
        )

    def _moves(self) -> int:
        return sum(bool(moved(was, now)) for was, now in pairwise(self.frames))

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The time line that was shown last."""
        return list(self._widget.frames) if self._widget is not None else []

    def stop(self) -> None:
        """Follow no more; what is shown stays."""
        self._settle()

    def _end(self) -> None:
        self._settle()
        self._watch.close()

    def _begin(self, chosen: Sequence[str]) -> dict[str, Any]:
        with self._looking:
            self._chosen = chosen
            look = self._watch.look()
            self._began = look.at
            # one alphabet for all displays: what was A further up the page is A here
            self._marks = self._marks or Marks(look.host)
            self._last = frame(look, self._began, self._marks, self._chosen)
            return self._last

    def _sample(self) -> dict[str, Any] | None:
        """Return a frame where something is different from the last one."""
        with self._looking:
            look = self._watch.look()
            assert self._marks is not None
            found = frame(look, self._began, self._marks, self._chosen)
            if _who_where(found) == _who_where(self._last):
                return None
            self._last = found
            return found

    def _settle(self) -> None:
        """End what is shown, with its whole time line and its words stored."""
        if self._shown is None or self._widget is None:
            return
        widget, (handle, following) = self._widget, self._shown
        self._shown = None
        following.stop()
        widget.still = still(widget.frames, widget.state)
        if handle is not None:  # outside of a notebook there is nothing to renew
            handle.update(widget)
