"""The control group explorer: the tree of a lab's containers, their figures against their limits.

    explorer = Explorer(Watch(here.docker, here.run, here.kernel), here.at_end)
    explorer.show()          goes on once a second while somebody can see it, and sets limits

On a page without a kernel the same drawing shows the time line that was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from helpers.records.cgroup_explorer import Look, Reading
from helpers.records.host import Unavailable
from helpers.text import _
from helpers.views.cgroup_explorer_texts import columns, texts
from helpers.views.showing import Showing
from helpers.views.still import MOST_ROWS, Still

if TYPE_CHECKING:
    from helpers.views.live import Widget

EVERY: Final = 1.0  # seconds
MIB: Final = 1 << 20

Frame = Mapping[str, Any]
Group = Mapping[str, Any]


def state(cores: int | None = None) -> dict[str, Any]:
    """Return what the front end draws all frames with. cores: of the machine, where known."""
    return {"cores": cores, "kinds": ["cpus", "memory", "pids", "weight"]}


def frame(look: Look, began: float) -> dict[str, Any]:
    """Return a look as plain JSON, rounded to what can be seen. began: the time line's 0.

    Cores and MiB, shares in percent, bytes a second. None is what is not known; of a limit,
    None is "no limit" and "?" is what is not known.
    """
    return {
        "at": round(max(look.at - began, 0), 1),
        "groups": [group(reading) for reading in look.groups],
    }


def group(reading: Reading) -> dict[str, Any]:
    """Return one container's part of a frame."""
    return {
        "id": reading.ident[:12],
        "name": reading.name,
        "path": reading.path,
        "cores": _known(reading.cores, 1, 2),
        "allowed": _limit(reading.allowed, 1, 2),
        "throttled": _known(reading.throttled, 0.01, 0),
        "weight": _known(reading.weight, 1, 0),
        "memory": _known(reading.memory, MIB, 1),
        "anon": _known(reading.anon, MIB, 1),
        "inactive": _known(reading.inactive, MIB, 1),
        "high": _limit(reading.high, MIB, 1),
        "max": _limit(reading.max, MIB, 1),
        "pids": _known(reading.pids, 1, 0),
        "most": _limit(reading.most, 1, 0),
        "some": [
            _known(each, 0.01, 0)
            for each in (reading.some_cpu, reading.some_memory, reading.some_io)
        ],
        "io": [_known(each, MIB, 1) for each in (reading.read, reading.written)],
        "killed": _known(reading.killed, 1, 0),
        "refused": _known(reading.refused, 1, 0),
        "met": _known(reading.met, 1, 0),
        "slowed": _known(reading.slowed, 1, 0),
        # "*" stands for the group's path, which would take most of the room
        "files": [
            [file.part, file.path.replace(reading.path, "*", 1), file.text]
            for file in reading.files
        ],
    }


def _known(value: float | Unavailable, unit: float, digits: int) -> float | None:
    if isinstance(value, Unavailable):
        return None
    found = round(value / unit, digits)
    return int(found) if found == int(found) else found


def _limit(value: float | Unavailable | None, unit: float, digits: int) -> float | str | None:
    if value is None:
        return None
    return "?" if isinstance(value, Unavailable) else _known(value, unit, digits)


# -- in words


def words(frames: Sequence[Frame]) -> str:
    """Return the last frame in sentences, one for each group."""
    said = texts()
    if not frames or not frames[-1]["groups"]:
        return said["says nothing"]
    at = said["says at"].format(at=round(frames[-1]["at"]))
    return " ".join([at, *(says(each) for each in frames[-1]["groups"])])


def says(group: Group) -> str:
    """Return one group in sentences; `cgroups_words.mjs` says the same of any."""
    said = texts()
    parts = [
        _against(group, "cpu", "cores", "allowed"),
        _against(group, "memory", "memory", "max"),
        _against(group, "pids", "pids", "most"),
    ]
    events = [
        said[f"says {name}"].format(count=cell(group[name]))
        for name in ("throttled", "killed", "refused", "slowed")
        if group[name]
    ]
    cpu, memory, io = map(cell, group["some"])
    waits = said["says some"].format(cpu=cpu, memory=memory, io=io)
    return " ".join([said["says group"].format(parts=", ".join([*parts, *events])), waits])


def _against(group: Group, what: str, used: str, limit: str) -> str:
    free = " free" if group[limit] is None else ""
    return texts()[f"says {what}{free}"].format(
        name=group["name"], used=cell(group[used]), limit=cell(group[limit])
    )


def cell(value: float | str | None) -> str:
    """Return a figure as a table has it."""
    if value is None or value == "?":
        return texts()["unknown"]
    return value if isinstance(value, str) else f"{value:g}"


def still(frames: Sequence[Frame]) -> Still:
    """Return words, and a row for each group at some of the moments."""
    head = [texts()[f"head {name}"] for name in ("at", *columns())]
    groups = max((len(each["groups"]) for each in frames), default=1)
    step = -(-len(frames) * max(groups, 1) // MOST_ROWS) or 1
    rows = [
        [str(round(each["at"])), *row(group)]
        for each in frames[::-1][::step][::-1]
        for group in each["groups"]
    ]
    return Still(words(frames), head, rows)


def row(group: Group) -> list[str]:
    """Return the cells of one group; `cgroups_words.mjs` has the same."""
    limits = ("allowed", "max", "most")
    flat = {
        **group,
        **dict(zip(("some cpu", "some memory", "some io"), group["some"], strict=True)),
        **dict(zip(("read", "written"), group["io"], strict=True)),
    }
    return [
        texts()["no limit"] if name in limits and flat[name] is None else cell(flat[name])
        for name in columns()
    ]


# -- live


class Watching(Protocol):
    """Who looks: helpers.drivers.cgroup_explorer.Watch, or a test."""

    def look(self) -> Look:
        """Look once. Raises LabError."""

    def set_limit(self, ident: object, what: object, value: object) -> str:
        """Set a limit and say what was done. Raises LabError."""

    def close(self) -> None:
        """Look no more."""


class Explorer:
    """Shows what `watch` sees, once a second, while somebody can see it; sets limits on demand.

    at_end: is given what to call when the lab ends.
    """

    def __init__(
        self,
        watch: Watching,
        at_end: Callable[[Callable[[], object]], object],
        *,
        cores: int | None = None,
        every: float = EVERY,
    ) -> None:
        self._watch, self._cores = watch, cores
        self._began: float | None = None
        self._showing = Showing(self._sample, lambda frames, _state: still(frames), every)
        self._idents: dict[str, str] = {}
        at_end(self.stop)

    def show(self) -> Widget:
        """Display what was seen so far, and go on; what was shown before stands still."""
        self._hush()
        return self._showing.show(self._made)

    def stop(self) -> None:
        """Look no more; what is shown stays."""
        self._hush()
        self._showing.settle()
        self._watch.close()

    def _made(self, frames: list[dict[str, Any]]) -> Widget:
        from helpers.views import live  # not at the top: it takes its time to import

        widget = live.show(
            "cgroups",
            title=_("What they use, and what they may"),
            state=state(self._cores),
            frames=frames,
            texts=texts(),
            still=still(frames),
        )
        live.answer(widget, self._asked)
        return widget

    def _hush(self) -> None:
        """Answer no more in what is shown."""
        from helpers.views import live

        if self._showing.widget is not None:
            live.answer(self._showing.widget, None)

    def _sample(self) -> Frame:
        look = self._watch.look()
        if self._began is None:
            self._began = look.at
        self._idents |= {each.ident[:12]: each.ident for each in look.groups}
        return frame(look, self._began)

    def _asked(self, question: Mapping[str, Any]) -> str:
        ident = self._idents.get(str(question.get("group")), "")
        return self._watch.set_limit(ident, question.get("what"), question.get("value"))
