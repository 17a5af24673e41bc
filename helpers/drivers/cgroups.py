"""The control group of one container, in the kernel's own files.

half = Group.of(container, files)
half.show("cpu.max")                 the file, by its path, and what is in it
half.cpu()                           records.cgroups.CpuStat, now
half.watch(seconds=2)                CPU time used, as often as it can be read
half.busiest(seconds=2)              a spell in which the quota was met, if there is one
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from helpers.analysis import cgroup_spells as spells
from helpers.drivers import probe
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel import cgroup_names, cgroups
from helpers.kernel.files import Files, LocalFiles
from helpers.records.cgroup_spells import Lap, Moment, Spell, Usage
from helpers.records.cgroups import CgroupDetail, CgroupSample, CpuStat
from helpers.records.host import Engine, Unavailable
from helpers.text import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient
    from docker.models.containers import Container

ENOUGH: Final = 0.8  # of its periods throttled: this is a spell in which the quota was met


def kernel_files(client: DockerClient, engine: Engine, marks: Mapping[str, str]) -> Files:
    """Return the engine's kernel's files: this process's, or those a probe container sees.

    marks: the labels of the run the probe belongs to. Raises LabError.
    """
    return probe.files_of(client, marks) if probe.needed(engine) else LocalFiles()


class Group:
    """What the kernel keeps about one running container. Methods raise LabError."""

    def __init__(
        self,
        name: str,
        files: Files,
        plan: cgroups.Plan,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._files, self._plan, self._clock = files, plan, clock

    @classmethod
    def of(cls, container: Container, files: Files) -> Group:
        """Find the group of a running container. Raises LabError where it does not run."""
        with engine_errors():
            container.reload()
        pid = int(container.attrs["State"]["Pid"])
        return cls(str(container.name), files, plan_of(files, str(container.name), pid))

    @property
    def v2(self) -> bool:
        """Whether cgroup v2 rules it alone."""
        return self._plan.cgroup.version == "v2"

    @property
    def path(self) -> str:
        """The kernel's name for it."""
        return self._plan.cgroup.path

    def files(self, name: str) -> tuple[str, ...]:
        """Return the paths of what v2 calls `name`; none where this kernel has no such thing."""
        return cgroup_names.paths(self._plan.cgroup, name)

    def read(self, name: str) -> str:
        """Return what is in these files, one after the other."""
        return "".join(self._text(path) for path in self.files(name))

    def show(self, *names: str) -> None:
        """Print each file's path and what is in it."""
        for name in names:
            if not self.files(name):
                print(_("{name}: cgroup v1 has no such file").format(name=name))
            for path in self.files(name):
                print(f"{path}\n{self._text(path)}", end="")

    def _text(self, path: str) -> str:
        try:
            return self._files.read(path).decode("utf-8", "replace")
        except OSError as error:
            return f"({error.strerror or error})\n"

    def sample(self) -> CgroupSample:
        """Return what changes from moment to moment."""
        return cgroups.sample(self._files, [self._plan])[0]

    def detail(self) -> CgroupDetail:
        """Return its limits, memory.stat, events and io."""
        return cgroups.detail(self._files, [self._plan])[0]

    def cpu(self) -> CpuStat:
        """Return its CPU time and how often it was throttled. Raises LabError."""
        found = self.sample().cpu
        if isinstance(found, Unavailable):
            raise LabError(
                _("The CPU time of {name} cannot be read: {why}.").format(
                    name=self.name, why=found.reason
                ),
                remedy=_("Does the container still run? `docker ps` tells."),
            )
        return found

    def watch(self, seconds: float = 1.0, hz: float = 100.0) -> tuple[Usage, ...]:
        """Read the CPU time it has used, `hz` times a second or as often as can be."""
        end = self._clock() + seconds
        found: list[Usage] = []
        while not found or found[-1].at < end:
            found.append(Usage(self._clock(), spells.known(self.cpu().usage_usec)))
            time.sleep(1 / hz)
        return tuple(found)

    def steps(self, seconds: float = 1.0, tries: int = 4) -> tuple[Usage, ...]:
        """Watch it until it has stood still in most of its periods, or return the best of `tries`.

        Where others want the CPU, it may not even get its quota.
        """
        found: list[tuple[Usage, ...]] = []
        for _try in range(tries):
            found.append(self.watch(seconds))
            if spells.stairs(found[-1]) >= ENOUGH * 10 * seconds:
                break
        return max(found, key=spells.stairs)

    def moment(self) -> Moment:
        """Return what a Spell is reckoned from: its counters, and the machine's idle time."""
        ticks, cores = spells.idle_of(self._files.read("/proc/stat").decode())
        return Moment(self._clock(), self.cpu(), ticks, cores)

    def spell(self, seconds: float) -> Spell:
        """Return what happened to it in so many seconds from now."""
        before = self.moment()
        time.sleep(seconds)
        return spells.between(before, self.moment())

    def busiest(self, seconds: float = 2.0, tries: int = 5) -> Spell:
        """Return the first spell in which it met its quota, or of `tries` the one nearest to it.

        Where others want the CPU, a container may not even get its quota: then nothing is
        throttled, and there is nothing to see.
        """
        found: list[Spell] = []
        for _try in range(tries):
            found.append(self.spell(seconds))
            if found[-1].throttled >= ENOUGH:
                break
        return max(found, key=lambda spell: spell.throttled)

    def disk(self) -> str | None:
        """Return the disk (/dev/...) that it has written to most; None where there is no such."""
        io = self.detail().io
        if isinstance(io, Unavailable) or not io:
            return None
        busiest = max(io, key=lambda device: device.wbytes)
        try:
            text = self._files.read(f"/sys/dev/block/{busiest.device}/uevent").decode()
        except OSError:
            return None
        names = [line.partition("=")[2] for line in text.split() if line.startswith("DEVNAME=")]
        return f"/dev/{names[0]}" if names and busiest.wbytes else None

    def _lap(self) -> tuple[float, int, int | None]:
        sample = self.sample()
        pressure = sample.cpu_pressure
        waited = None if isinstance(pressure, Unavailable) else pressure.some.total
        return sample.at, spells.known(self.cpu().usage_usec), waited


def race(
    *groups: Group, seconds: float = 3.0, least: float = 0.3, most: float = 15.0
) -> tuple[Lap, ...]:
    """Return what each used, and how long it waited, in the same spell of time.

    It lasts `seconds`, and longer on a busy machine, until together they have used `least`
    seconds of CPU time; `most` at the longest.
    """
    before = [group._lap() for group in groups]
    while True:
        time.sleep(0.2)
        after = [group._lap() for group in groups]
        laps = tuple(map(spells.lap, [group.name for group in groups], before, after))
        took = laps[0].seconds
        if took >= most or (took >= seconds and sum(lap.used for lap in laps) >= least):
            return laps


def plan_of(files: Files, name: str, pid: int) -> cgroups.Plan:
    """Return which files tell about the container with process `pid`. Raises LabError."""
    try:
        found = cgroups.find(files, pid) if pid else Unavailable(_("it does not run"))
    except OSError:
        found = Unavailable(_("it has just ended"))
    if isinstance(found, Unavailable):
        raise LabError(
            _("{name} has no control group to look at: {why}.").format(name=name, why=found.reason),
            remedy=_("`docker ps --all` says whether it runs, `docker logs` why not."),
        )
    return cgroups.Plan.of(found)
