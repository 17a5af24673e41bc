"""Look at the namespaces of a lab's containers, and of the host beside them.

    Watch(here.docker, here.labels, here.engine).look()     a records.namespace_watch.Look

A host has hundreds of processes that live in the same eight namespaces. So it is shown by two:
its process 1, and the one that asks. Which container a process belongs to is read from its
cgroup: what came by `docker exec` counts, too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from helpers.analysis.processes import printable
from helpers.drivers import probe
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel.cgroup_paths import identify, parse_membership
from helpers.kernel.files import Call, Files, LocalFiles
from helpers.kernel.namespaces import process_ids, read_namespaces
from helpers.kernel.processes import read_processes
from helpers.records import labels
from helpers.records.host import Engine, Unavailable
from helpers.records.namespace_watch import Look, Resident
from helpers.records.namespaces import Kind
from helpers.records.processes import Process
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

LETTERS: Final = 40  # of a command line
HOST: Final = ""  # the home of who is in no container of this run
_FIRST: Final = 1


class Watch:
    """Looks at the containers of one run. One thread at a time.

    whole: show all the host's processes, too. files: the kernel's; by default this machine's
    or, where the engine's kernel is to be seen through a probe container only, that one's.
    """

    def __init__(
        self,
        client: DockerClient,
        marks: Mapping[str, str],
        engine: Engine | Unavailable,
        *,
        whole: bool = False,
        files: Files | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._marks, self._whole = client, marks, whole
        self._probed = files is None and isinstance(engine, Engine) and probe.needed(engine)
        self._files = files or (None if self._probed else LocalFiles())
        self._clock = clock

    def look(self) -> Look:
        """Look once. Raises LabError where the engine has gone, or the kernel shows nothing."""
        homes = self._homes()
        files = self._files or probe.files_of(self._client, self._marks)
        try:
            found = residents(files, homes, whole=self._whole, asking=self._asking())
            host = host_of(files, self._asking())
        except OSError as error:
            raise Unseen(error) from error
        return Look(self._clock(), host, found)

    def close(self) -> None:
        """Let go of the kernel's files, and of the probe container."""
        if self._files is not None:
            self._files.close()
        if self._probed:
            probe.close(self._marks[labels.RUN])

    def _asking(self) -> int:
        """Return the number of the process that asks; 0 where it runs under another kernel."""
        return os.getpid() if self._files is not None else 0

    def _homes(self) -> dict[str, str]:
        """Return the short names of the run's containers, by id."""
        run = self._marks[labels.RUN]
        with engine_errors():
            running = self._client.api.containers(filters={"label": f"{labels.RUN}={run}"})
        names = {str(each["Id"]): str((each.get("Names") or ["/"])[0])[1:] for each in running}
        return {
            ident: name.partition(f"-{run}-")[2] or name
            for ident, name in names.items()
            if not name.endswith(f"-{run}-probe")
        }


class Unseen(LabError):
    """The kernel did not show which namespaces there are."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            _("The kernel does not show whose namespaces are whose: {why}.").format(
                why=error.strerror or error
            ),
            remedy=_("Run the notebook again from the top; `labs doctor` tells what is missing."),
        )


def host_of(files: Files, asking: int) -> dict[Kind, int]:
    """Return the host's namespaces: those of its process 1, or of who can be looked at instead.

    Where the machine is itself somebody's container, its process 1 may be out of reach. Raises
    OSError, Garbled.
    """
    kernel_threads = 2  # their parent lives where the machine began
    found: dict[Kind, int] = {}
    for each in read_namespaces(files, [_FIRST, asking, kernel_threads]):
        found = {**each.inodes, **found}
    return found


def residents(
    files: Files, homes: Mapping[str, str], *, whole: bool = False, asking: int = 0
) -> tuple[Resident, ...]:
    """Return the processes of the containers `homes` (name by id), and of the host, as far as seen.

    Of the host only process 1 and `asking`, unless it is to be the whole. Those of a container
    are in order of number: its first process comes first. Raises OSError, Garbled.
    """
    found = homes_of(files, homes)
    wanted = [
        pid for pid, home in found.items() if whole or home or pid in (_FIRST, asking)
    ]  # fmt: skip
    told = {each.pid: each for each in read_processes(files, wanted) if not _is_entering(each)}
    seen = read_namespaces(files, sorted(told))
    rows = [
        Resident(each.pid, name_of(told[each.pid], asking, found[each.pid]), found[each.pid],
                 each.inodes)
        for each in seen
        if each.inodes
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda each: (each.home, each.pid)))


def homes_of(files: Files, homes: Mapping[str, str]) -> dict[int, str]:
    """Return for each process which of `homes` it lives in. Raises OSError, Garbled."""
    pids = process_ids(files)
    texts = files.many([Call("read", {"path": f"/proc/{pid}/cgroup"}) for pid in pids])
    found = {}
    for pid, text in zip(pids, texts, strict=True):
        if isinstance(text, bytes):
            found[pid] = _home(text, homes)
    return found


def _home(text: bytes, homes: Mapping[str, str]) -> str:
    for line in parse_membership(text):
        owner = identify(line.path)
        if owner is not None and owner.container_id in homes:
            return homes[owner.container_id]
    return HOST


def _is_entering(process: Process) -> bool:
    """Tell whether it is the engine's own helper, on its way into a container."""
    return process.comm.startswith("runc:[") or process.cmdline[1:] == ("init",)


def name_of(process: Process, asking: int, home: str) -> str:
    """Return what a process is called on a page. Of the host nothing but what is needed."""
    if home == HOST:
        if process.pid == _FIRST:
            return _("process 1")
        return _("this notebook") if process.pid == asking else printable(process.comm, LETTERS)
    program, *rest = process.cmdline or (process.comm,)
    return printable(" ".join([program.rpartition("/")[2], *rest]), LETTERS)
