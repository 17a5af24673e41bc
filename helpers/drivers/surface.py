"""Look at a running container as an attacker would: what is there, and what listens?"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import surface as count
from helpers.drivers.engine import engine_errors
from helpers.records.surface import Surface

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

TABLES: Final = ("tcp", "tcp6", "udp", "udp6")


def of_container(client: DockerClient, name: str) -> Surface:
    """Count what of a running container can be attacked. `name` ends with what it is called here.

    Its ports are read through `cat`, so it needs one. Raises EngineError.
    """
    with engine_errors():
        container = client.containers.get(name)
        tables = [(table, _read(container, f"/proc/net/{table}")) for table in TABLES]
        processes = len(container.top()["Processes"])
        pieces: Any = container.export()  # bytes, though the SDK's stubs say text
        packages, files, programs, setuid = _files(pieces)
    called = name.rpartition("-")[2]
    ports = len(count.open_ports(tables))
    return Surface(called, packages, files, programs, setuid, ports, processes)


def _read(container: Container, path: str) -> str:
    said = container.exec_run(["cat", path]).output
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else ""


def _files(pieces: Iterable[bytes]) -> tuple[int, int, int, int]:
    """Return how many packages, files, programs and setuid files an archive has."""
    packages = files = programs = setuid = 0
    with tarfile.open(fileobj=_Stream(iter(pieces)), mode="r|") as archive:
        for entry in archive:
            files += entry.isfile()
            programs += count.is_program(entry)
            setuid += count.is_setuid(entry)
            if entry.name.removeprefix("./") == count.PACKAGES:
                content = archive.extractfile(entry)
                packages = count.installed(content.read() if content else b"")
    return packages, files, programs, setuid


class _Stream(io.RawIOBase):
    """Pieces of bytes as a file, so that an archive need not be in memory as a whole."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        taken = self._rest[: len(into)]
        self._rest = self._rest[len(taken) :]
        into[: len(taken)] = taken
        return len(taken)
