"""Measure what containers and virtual machines take of this computer's memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psutil

from helpers.drivers import probe
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.memory import parse_pss, read_pss
from helpers.kernel.processes import read_processes
from helpers.records import labels
from helpers.records.footprints import Footprint
from helpers.records.host import Engine, Unavailable
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient


@contextmanager
def _eyes(engine: Engine, client: DockerClient, marks: Mapping[str, str]) -> Iterator[Files]:
    """What sees the engine's processes: this process, or a probe container."""
    if not probe.needed(engine):
        with closing(LocalFiles()) as files:
            yield files
        return
    try:
        yield probe.files_of(client, marks)
    finally:
        probe.close(marks[labels.RUN])


def of_containers(
    engine: Engine, client: DockerClient, marks: Mapping[str, str], names: Sequence[str]
) -> tuple[Footprint, ...]:
    """Return what each of these containers takes: its process 1, and the shim beside it.

    marks: the labels of the run. Raises LabError, also where one has gone.
    """
    with _eyes(engine, client, marks) as files:
        return tuple(_of_container(client, files, name) for name in names)


def _of_container(client: DockerClient, files: Files, name: str) -> Footprint:
    with engine_errors():
        pid = int(client.api.inspect_container(name)["State"]["Pid"])
    found = read_processes(files, [pid]) if pid else ()
    if not found:
        raise LabError(_("The container {name} does not run.").format(name=name))
    return Footprint(name, _pss(files, pid), _pss(files, found[0].stat.ppid))


def _pss(files: Files, pid: int) -> int:
    found = read_pss(files, pid)
    if isinstance(found, Unavailable):
        raise LabError(found.reason, remedy=found.remedy)
    return found


def of_machine(name: str, process: psutil.Process, inside: str) -> Footprint:
    """Return what a virtual machine takes. inside: its program's smaps_rollup, read in there."""
    with closing(LocalFiles()) as files:
        whole = _pss(files, process.pid)
    program = parse_pss(inside.encode())
    return Footprint(name, program, max(whole - program, 0))
