"""Look at a running DockerCoins, once a second, without disturbing it.

    look = Watch(client, network).look
    look()                                    a records.coins_monitor.Look

Crew and waits come from the engine: one list, and the last lines of each worker's log. CPU
comes from the kernel's own files, which cost the engine nothing; where the kernel is another
machine's, from the engine's statistics.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import coins_monitor as analysis
from helpers.drivers.dockercoins import BUILT, SERVICES
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel import cgroups
from helpers.kernel.files import Files, LocalFiles
from helpers.records.coins_monitor import Look, Report, Usage
from helpers.records.host import Unavailable
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

LINES: Final = 20  # of a worker's log, which has about one a second
AT_ONCE: Final = 8  # questions to the engine; the SDK keeps ten connections


@dataclass
class _Member:
    """A container of the application. plan: which files count its CPU time, where they do."""

    ident: str
    service: str
    plan: cgroups.Plan | None
    usages: deque[Usage] = field(default_factory=deque)


class Watch:
    """Looks at the containers on `network`. Remembers a few seconds. One thread at a time."""

    def __init__(
        self,
        client: DockerClient,
        network: str,
        *,
        files: Files | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._network = client, network
        self._files = files or LocalFiles()
        self._clock, self._now = clock, now
        self._members: dict[str, _Member] = {}
        self._reports: dict[str, tuple[Report, ...]] = {}
        self._met = False

    def look(self) -> Look:
        """Look once. Raises LabError where DockerCoins has gone, or the engine."""
        with engine_errors():
            self._meet()
            self._read_logs()
            self._read_usage()
        at, now = self._clock(), self._now()
        running = {m.ident: self._reports[m.ident] for m in self._of("worker")}
        span = analysis.span(running, now)
        rate = analysis.rate(self._reports, *span) if span else None
        rng, hasher = analysis.waits(running, *span) if span else (None, None)
        self._forget(now)
        crew = (len(self._of("worker")), len(self._of("rng")))
        cores = {name: analysis.busiest(m.usages for m in self._of(name)) for name in SERVICES}
        return Look(at, *crew, rate, rng, hasher, cores)

    def close(self) -> None:
        """Let go of the kernel's files."""
        self._files.close()

    def _of(self, service: str) -> list[_Member]:
        return [member for member in self._members.values() if member.service == service]

    # -- who is there

    def _meet(self) -> None:
        running = self._client.api.containers(filters={"network": self._network})
        idents = [str(each["Id"]) for each in running]
        if self._met and not idents:
            raise LabError(
                _("DockerCoins has gone from this engine."),
                remedy=_("Run the notebook again from the top."),
            )
        self._met = self._met or bool(idents)
        known = self._members
        met = [known.get(ident) or self._introduced(ident) for ident in idents]
        self._members = {member.ident: member for member in met if member}
        for gone in set(known) - set(self._members):
            if plan := known[gone].plan:
                self._files.forget(plan.quick)

    def _introduced(self, ident: str) -> _Member | None:
        from docker.errors import NotFound

        try:
            found = self._client.api.inspect_container(ident)
        except NotFound:  # it ended between the list and now
            return None
        endpoint = found["NetworkSettings"]["Networks"].get(self._network) or {}
        service = service_of([found["Path"], *found["Args"]], endpoint.get("Aliases") or ())
        return _Member(ident, service, self._plan(ident, int(found["State"]["Pid"])))

    def _plan(self, ident: str, pid: int) -> cgroups.Plan | None:
        """Return where this kernel counts the container; None where it is another kernel's."""
        try:
            cgroup = cgroups.find(self._files, pid)
        except (OSError, LabError):
            return None
        if isinstance(cgroup, Unavailable):
            return None
        owner = cgroups.identify(cgroup.path)
        return cgroups.Plan.of(cgroup) if owner and owner.container_id == ident else None

    # -- what they say and use

    def _read_logs(self) -> None:
        for member in self._of("worker"):
            log = self._ask(self._client.api.logs, member.ident, tail=LINES)
            told = analysis.reports((log or b"").decode(errors="replace"))
            old = self._reports.get(member.ident, ())
            since = old[-1].at if old else 0.0
            self._reports[member.ident] = (*old, *(each for each in told if each.at > since))

    def _read_usage(self) -> None:
        planned = [m for m in self._members.values() if m.plan]
        plans = [m.plan for m in planned if m.plan]
        for member, sample in zip(planned, cgroups.sample(self._files, plans), strict=True):
            used = sample.cpu if isinstance(sample.cpu, Unavailable) else sample.cpu.usage_usec
            seconds = None if isinstance(used, Unavailable) else used / 1e6
            _note(member, Usage(sample.at, seconds))
        others = [m for m in self._members.values() if not m.plan]
        if others:
            with ThreadPoolExecutor(AT_ONCE) as asking:
                for member, stats in zip(others, asking.map(self._stats, others), strict=True):
                    _note(member, usage_of(stats or {}))

    def _stats(self, member: _Member) -> Any:
        return self._ask(self._client.api.stats, member.ident, stream=False, one_shot=True)

    def _ask(self, question: Callable[..., Any], ident: str, **how: Any) -> Any:
        """Return the engine's answer; None where the container has gone meanwhile."""
        from docker.errors import NotFound

        try:
            return question(ident, **how)
        except NotFound:
            return None

    def _forget(self, now: float) -> None:
        horizon = now - 4 * analysis.WINDOW
        for ident, told in list(self._reports.items()):
            kept = [report for report in told[:-1] if report.at > horizon]
            if kept or ident in self._members:
                self._reports[ident] = (*kept, *told[-1:])
            else:
                del self._reports[ident]


def service_of(command: Iterable[str], aliases: Iterable[str]) -> str:
    """Return which service a container is, or nothing.

    By its program, not its image or name: a reader may build, start and call copies at will.
    """
    words = list(command)
    for service in BUILT:
        if any(word.endswith(f"/{service}.py") for word in words):
            return service
    return "redis" if "redis" in aliases else ""


def usage_of(stats: Mapping[str, Any]) -> Usage:
    """Return the CPU time in an engine's statistics of a container.

    A process that runs has used some: where an engine says 0, or nothing, it does not count.
    """
    used = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
    read = str(stats.get("read") or "")
    if not used.get("total_usage") or not read or read.startswith("0001-"):
        return Usage(0.0, None)
    return Usage(datetime.fromisoformat(read).timestamp(), used["total_usage"] / 1e9)


def _note(member: _Member, usage: Usage) -> None:
    kept = member.usages
    kept.append(usage)
    while len(kept) > 2 and usage.at - kept[1].at >= analysis.WINDOW:
        kept.popleft()
