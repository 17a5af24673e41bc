"""Look at the control groups of one lab's containers, and set their limits, and no others'.

    watch = Watch(client, run, files)
    watch.look()                              a records.cgroup_explorer.Look
    watch.set_limit(ident, "cpus", 0.2)       what `docker update` does; returns what it did

The figures come from the shared sampler. It is asked to read as long as somebody looks: a few
seconds after the last look it is let go.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from helpers import command
from helpers.analysis.cgroup_explorer import reading
from helpers.drivers.cgroups import Group, plan_of
from helpers.drivers.engine import engine_errors
from helpers.errors import CommandFailed, LabError
from helpers.kernel.files import Files
from helpers.kernel.sampler import Looking, Sampler, Snapshot, shared
from helpers.records import labels
from helpers.records.cgroup_explorer import Look, Reading
from helpers.records.cgroups import Cgroup, CgroupDetail, CgroupSample
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker import DockerClient

REST: Final = 3.0  # seconds after the last look until the sampler is let go
PERIOD: Final = 100_000  # microseconds, Docker's own
PROBE: Final = "-probe"  # what looks is not looked at
_IDENT: Final = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True)
class Kind:
    """A limit that may be set. file: where the kernel keeps it, least and most: what it may be."""

    file: str
    least: float
    most: float


KINDS: Final[dict[str, Kind]] = {
    "cpus": Kind("cpu.max", 0.01, 1024),
    "weight": Kind("cpu.weight", 2, 262_144),
    "memory": Kind("memory.max", 6, 1 << 20),
    "pids": Kind("pids.max", 1, 4_000_000),
}


Pair = tuple[CgroupSample, CgroupDetail]  # read in the same round


@dataclass
class _Member:
    name: str
    cgroup: Cgroup
    before: Pair | None = None
    now: Pair | None = None


class Watch:
    """Looks at the running containers of one run. One thread looks at a time."""

    def __init__(
        self,
        client: DockerClient,
        run: str,
        files: Files,
        *,
        sampler: Sampler | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._run, self._files, self._clock = client, run, files, clock
        self._sampler = sampler or shared(files)
        self._members: dict[str, _Member] = {}
        self._lock = threading.Lock()
        self._looking: Looking | None = None
        self._seen: dict[Cgroup, Pair] = {}
        self._asked = 0.0

    # -- looking

    def look(self) -> Look:
        """Look once. Raises LabError where the engine has gone."""
        self._meet()
        self._attend()
        if self._members:
            with suppress(LabError):  # all of them may end just now
                wait_until(lambda: self._seen, what=_("the first figures"), seconds=2)
        found = [self._reading(ident, member) for ident, member in self._members.items()]
        groups = sorted(filter(None, found), key=lambda each: each.name)
        return Look(self._clock(), tuple(groups))

    def _meet(self) -> None:
        """Learn which containers of the run are there."""
        wanted = {"label": f"{labels.RUN}={self._run}"}
        with engine_errors():
            running = self._client.api.containers(filters=wanted)
        names = {str(each["Id"]): str(each["Names"][0]).lstrip("/") for each in running}
        names = {ident: name for ident, name in names.items() if not name.endswith(PROBE)}
        for gone in set(self._members) - set(names):
            self._seen.pop(self._members.pop(gone).cgroup, None)
        for ident in [each for each in names if each not in self._members]:
            with suppress(LabError):  # it ended between the list and now
                pid = int(self._inspect(ident)["State"]["Pid"])
                plan = plan_of(self._files, names[ident], pid)
                self._members[ident] = _Member(names[ident], plan.cgroup)

    def _inspect(self, ident: str) -> dict[str, Any]:
        with engine_errors():
            found: dict[str, Any] = self._client.api.inspect_container(ident)
        return found

    def _attend(self) -> None:
        """Have the sampler read what is there now."""
        cgroups = [member.cgroup for member in self._members.values()]
        with self._lock:
            self._asked = self._clock()
            if self._looking is not None and self._looking.error is None:
                self._looking.look_at(cgroups)
                return
            self._seen.clear()  # from before a rest
            self._looking = self._sampler.subscribe(cgroups, self._told)

    def _told(self, snapshot: Snapshot) -> None:
        """Take what the sampler read; in its thread.

        Only with new details: usage of now beside a part of it from a second ago would not fit.
        """
        for sample, detail in zip(snapshot.samples, snapshot.details, strict=True):
            known = self._seen.get(sample.cgroup)
            if known is None or detail.at > known[1].at:
                self._seen[sample.cgroup] = (sample, detail)
        if self._clock() - self._asked > REST:
            self._let_go()

    def _let_go(self) -> None:
        with self._lock:
            looking, self._looking = self._looking, None
        if looking is not None:
            looking.close()

    def _reading(self, ident: str, member: _Member) -> Reading | None:
        seen = self._seen.get(member.cgroup)
        if seen is None:
            return None
        if seen is not member.now:
            member.before, member.now = member.now, seen
        before = member.before or seen
        pairs = (before[0], seen[0]), (before[1], seen[1])
        return reading(ident, short(member.name, self._run), *pairs)

    @property
    def resting(self) -> bool:
        """Whether the sampler is not asked for anything."""
        return self._looking is None

    def close(self) -> None:
        """Look no more."""
        self._let_go()

    # -- setting

    def set_limit(self, ident: object, what: object, value: object) -> str:
        """Set a limit of one of the run's containers, and say what was done.

        what: one of KINDS; value: cores, MiB, processes, or cpu shares. Raises LabError where
        it is no container of this run, no such limit, or the engine or the kernel refuses.
        """
        kind, number = judged(what, value)
        found = self._own(ident)
        name = str(found["Name"]).lstrip("/")
        argv = ["docker", "update", *options(str(what), number, found["HostConfig"]), name]
        try:
            command.run(argv)
        except CommandFailed as error:
            why = (error.output.strip().splitlines() or [str(error)])[-1]
            raise LabError(
                _("`{line}` was refused: {why}").format(line=shlex.join(argv), why=why),
                remedy=_("Nothing was changed. Another value may do."),
            ) from error
        plan = plan_of(self._files, name, int(found["State"]["Pid"]))
        text = " ".join(Group(name, self._files, plan).read(kind.file).split())
        return _("`{line}` was done; {file} is now: {text}").format(
            line=shlex.join(argv), file=kind.file, text=text
        )

    def _own(self, ident: object) -> dict[str, Any]:
        """Return what the engine knows of a container of this run. Raises LabError."""
        found: Mapping[str, Any] = {}
        if isinstance(ident, str) and _IDENT.fullmatch(ident):
            found = self._inspect(ident)
        marks = (found.get("Config") or {}).get("Labels") or {}
        if marks.get(labels.RUN) != self._run or marks.get(labels.PROJECT) != labels.PROJECT_VALUE:
            raise LabError(
                _("That is no container of this lab; it is left alone."),
                remedy=_("Choose one of those that the picture shows."),
            )
        return dict(found)


def judged(what: object, value: object) -> tuple[Kind, float]:
    """Return the kind of limit and the number, if they are ones. Raises LabError."""
    kind = KINDS.get(what) if isinstance(what, str) else None
    if kind is None:
        raise LabError(
            _("There is no such limit to set."),
            remedy=_("There are: {names}.").format(names=", ".join(KINDS)),
        )
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else -1
    if not kind.least <= number <= kind.most:
        raise LabError(
            _("{what} cannot be {value}.").format(what=what, value=value),
            remedy=_("A number from {least:g} to {most:g} will do.").format(
                least=kind.least, most=kind.most
            ),
        )
    return kind, number


def options(what: str, number: float, host: Mapping[str, Any]) -> list[str]:
    """Return the options of `docker update`. host: the container's HostConfig as it stands."""
    if what == "memory":
        size = f"{round(number)}m"  # with swap: else a limit above the old one is refused
        return ["--memory", size, "--memory-swap", size]
    if what == "pids":
        return ["--pids-limit", str(round(number))]
    if what == "weight":
        return ["--cpu-shares", str(round(number))]
    if host.get("CpuPeriod") or host.get("CpuQuota"):  # the engine allows either form, not both
        period = int(host.get("CpuPeriod") or PERIOD)
        return ["--cpu-period", str(period), "--cpu-quota", str(max(round(number * period), 1000))]
    return ["--cpus", f"{number:g}"]


def short(name: str, run: str) -> str:
    """Return what a lab calls its container: `cgroups-7f3a-half` is `half`."""
    return name.partition(f"-{run}-")[2] or name
