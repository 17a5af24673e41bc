"""One sampler for all who look: quick figures five times a second, the rest once a second.

    sampler = Sampler(files)
    looking = sampler.subscribe([cgroup], draw)      draw(snapshot) from the sampler's thread
    looking.close()                                  the last one to leave stops it

A cgroup that several look at is read once. And starts are noticed, not asked for:

    starts = Starts(files, started)                  started(start) when a container begins
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from helpers.kernel.cgroup_paths import hierarchies, identify
from helpers.kernel.cgroups import Plan, detail, sample
from helpers.kernel.files import Files, Watch
from helpers.records.cgroups import Cgroup, CgroupDetail, CgroupSample, Owner
from helpers.records.files import FolderEvent

QUICK: Final = 0.2  # seconds from one sample to the next
SLOW_EVERY: Final = 5  # samples from one detail to the next


@dataclass(frozen=True)
class Snapshot:
    """What one subscriber asked for, in its order. at: seconds on a monotonic clock.

    details: the latest, of this round or one of the four before.
    """

    at: float
    samples: tuple[CgroupSample, ...]
    details: tuple[CgroupDetail, ...]


OnSnapshot = Callable[[Snapshot], None]


class Looking:
    """A subscription. error: what its function raised; it is not called again then."""

    def __init__(
        self, cgroups: Iterable[Cgroup], told: OnSnapshot, end: Callable[[Looking], None]
    ) -> None:
        self.cgroups = tuple(cgroups)
        self.error: Exception | None = None
        self.told, self._end = told, end

    def look_at(self, cgroups: Iterable[Cgroup]) -> None:
        """Look at others from the next round on."""
        self.cgroups = tuple(cgroups)

    def close(self) -> None:
        """Stop looking; a second call does nothing."""
        self._end(self)


class Sampler:
    """Reads what its subscribers look at, in a thread that lives as long as there are any."""

    def __init__(
        self, files: Files, *, every: float = QUICK, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._files, self._every, self._clock = files, every, clock
        self._lock = threading.Lock()
        self._reading = threading.Lock()  # the last of one thread may meet the first of the next
        self._looking: tuple[Looking, ...] = ()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._plans: dict[Cgroup, Plan] = {}
        self._details: dict[Cgroup, CgroupDetail] = {}
        self._rounds = 0

    @property
    def running(self) -> bool:
        """Whether anybody looks, and so a thread reads."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def subscribe(self, cgroups: Iterable[Cgroup], told: OnSnapshot) -> Looking:
        """Call `told` with a Snapshot of `cgroups` five times a second, in the sampler's thread."""
        looking = Looking(cgroups, told, self._leave)
        with self._lock:
            self._looking = (*self._looking, looking)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="sampler", daemon=True
                )
                self._thread.start()
        return looking

    def _leave(self, looking: Looking) -> None:
        with self._lock:
            self._looking = tuple(each for each in self._looking if each is not looking)
            thread = self._thread
            if self._looking or thread is None:
                return
            self._stop.set()
            self._thread = None
        if thread is not threading.current_thread():
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        due = self._clock()
        while not stop.is_set():
            try:
                self.round()
            except OSError as error:  # the agent has gone: tell all, and end
                for looking in self._looking:
                    looking.error = error
                    looking.close()
                return
            due = max(due + self._every, self._clock())  # what was missed is not made up for
            stop.wait(due - self._clock())
        with self._reading:
            if not self._looking:
                self._forget(set())

    def round(self) -> None:
        """Read once for everybody and tell them. Raises OSError when the agent has gone."""
        with self._reading:
            self._round()

    def _round(self) -> None:
        everybody = self._looking
        wanted = dict.fromkeys(c for looking in everybody for c in looking.cgroups)
        self._forget(set(wanted))
        plans = [self._plan(cgroup) for cgroup in wanted]
        samples = {s.cgroup: s for s in sample(self._files, plans)}
        new = [plan for plan in plans if plan.cgroup not in self._details]
        due = plans if self._rounds % SLOW_EVERY == 0 else new
        self._rounds += 1
        self._details |= {d.cgroup: d for d in detail(self._files, due)}
        at = self._clock()
        for looking in everybody:
            seen = [cgroup for cgroup in looking.cgroups if cgroup in samples]
            self._tell(
                looking,
                Snapshot(
                    at,
                    tuple(samples[cgroup] for cgroup in seen),
                    tuple(self._details[cgroup] for cgroup in seen),
                ),
            )

    def _tell(self, looking: Looking, snapshot: Snapshot) -> None:
        try:
            looking.told(snapshot)
        except Exception as error:  # one figure that breaks must not stop the others
            looking.error = error
            looking.close()

    def _plan(self, cgroup: Cgroup) -> Plan:
        if cgroup not in self._plans:
            self._plans[cgroup] = Plan.of(cgroup)
        return self._plans[cgroup]

    def _forget(self, wanted: set[Cgroup]) -> None:
        """Let go of the descriptors of what nobody looks at any more."""
        for cgroup in [each for each in self._plans if each not in wanted]:
            plan = self._plans.pop(cgroup)
            self._details.pop(cgroup, None)
            with suppress(OSError):
                self._files.forget([*plan.quick, *plan.slow])


_shared: WeakValueDictionary[int, Sampler] = WeakValueDictionary()


def shared(files: Files) -> Sampler:
    """Return the one sampler of those who look through `files`; it lives as long as they do."""
    found = _shared.get(id(files))
    if found is None:
        found = _shared[id(files)] = Sampler(files)
    return found


# -- starts


@dataclass(frozen=True)
class Start:
    """A container that began. folder: its cgroup, in the hierarchy that was watched."""

    owner: Owner
    folder: str
    at: float


# Where engines put their containers, below the top of a hierarchy; `*` is any user.
PARENTS: Final = (
    "docker",
    "system.slice",
    "machine.slice",
    "libpod_parent",
    "user.slice/user-*.slice/user@*.service/user.slice",
    "lxc",
)


class Starts:
    """Tells of containers as the kernel makes their cgroups (inotify on the parents).

    parents: folders to watch, instead of those where engines usually put containers. A parent
    that is not there yet is watched for. Raises OSError where nothing can be watched.
    """

    def __init__(
        self,
        files: Files,
        started: Callable[[Start], None],
        parents: Iterable[str] | None = None,
    ) -> None:
        self._files, self._started = files, started
        self._lock = threading.Lock()
        self._watches: dict[str, Watch] = {}
        self._closed = False
        self._top = ""
        if parents is None:
            self._top = top(files)
            self._watch(self._top)
            parents = usual_parents(files, self._top)
        for parent in parents:
            self._watch(parent)

    def _watch(self, folder: str) -> None:
        with self._lock:
            if folder in self._watches or self._closed:
                return
            self._watches[folder] = self._files.watch(
                folder, lambda event: self._changed(folder, event)
            )

    def _changed(self, folder: str, event: FolderEvent) -> None:
        at = time.monotonic()
        if event.kind == "gone":
            with self._lock:
                watch = self._watches.pop(folder, None)
            if watch is not None:
                watch.close()
        elif event.kind == "created":
            self._created(folder, event.name, at)

    def _created(self, folder: str, name: str, at: float) -> None:
        place = f"{folder}/{name}"
        owner = identify(place)
        if owner is not None and owner.container_id in name:
            self._started(Start(owner, place, at))
        elif folder == self._top and name in PARENTS:
            with suppress(OSError):
                self._watch(place)
                # what began before we watched
                for each in self._files.names(place):
                    self._created(place, each, at)

    def close(self) -> None:
        """Stop watching; a second call does nothing."""
        with self._lock:
            self._closed = True
            watches, self._watches = list(self._watches.values()), {}
        for watch in watches:
            watch.close()


def top(files: Files) -> str:
    """Return the folder of the hierarchy in which containers' cgroups show: v2's, or memory's.

    Raises OSError; FileNotFoundError where no hierarchy is mounted.
    """
    mounts = hierarchies(files)
    wanted = [m for m in mounts if "memory" in m.controllers]
    wanted += [m for m in mounts if m.version == "v2"]
    wanted += [m for m in mounts if m.controllers]
    if not wanted:
        raise FileNotFoundError(2, "No cgroup hierarchy is mounted")
    return wanted[0].point


def usual_parents(files: Files, above: str) -> tuple[str, ...]:
    """Return those of the usual parents of containers that are there."""
    out: list[str] = []
    for pattern in PARENTS:
        found = [above]
        for part in pattern.split("/"):
            found = [f"{folder}/{name}" for folder in found for name in _like(files, folder, part)]
        out += found
    return tuple(out)


def _like(files: Files, folder: str, pattern: str) -> list[str]:
    """Return the names of a folder that a pattern with at most one `*` fits."""
    before, star, after = pattern.partition("*")
    with suppress(OSError):
        names = files.names(folder)
        if not star:
            return [pattern] if pattern in names else []
        return sorted(n for n in names if n.startswith(before) and n.endswith(after))
    return []
