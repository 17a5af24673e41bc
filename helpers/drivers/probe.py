"""A probe container: the agent on the other side of an engine, with least privilege.

For Docker Desktop, where the kernel is in another machine, and for readers who are not root.
It sees the host's processes and reads the host's files, and can change nothing: no capability
but two for looking, its own file system and the host's read-only. It ends with the connection,
so that nothing stays even when this process is killed.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helpers.drivers import images
from helpers.drivers.engine import engine_errors
from helpers.errors import EngineError, LabError
from helpers.kernel import agent
from helpers.kernel.files import Files
from helpers.kernel.remote import RemoteFiles
from helpers.records import labels
from helpers.records.host import Engine
from helpers.text import _
from helpers.waiting import patience, wait_until

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

IMAGE: Final = "python"
ROOT: Final = "/host"
CAPABILITIES: Final = ("SYS_PTRACE", "DAC_READ_SEARCH")
READY_TIMEOUT: Final = 30.0  # seconds for the container to start and its agent to answer
# The agent comes down the connection itself: nothing to mount, nothing to copy.
# Not a byte more than that is read: the first request may be right behind it.
BOOTSTRAP: Final = """
import os, sys
code = b""
while len(code) < int(sys.argv[2]):
    code += os.read(0, int(sys.argv[2]) - len(code)) or sys.exit()
exec(code)
"""
_STDERR: Final = 2


class ProbeRefused(EngineError):
    """The engine did not let the probe container run, or it could not look."""

    def __init__(self, why: str) -> None:
        super().__init__(
            _("The probe container, which reads the kernel's files, cannot run: {why}").format(
                why=why
            ),
            remedy=_(
                "Let the engine share the host's process namespace, or run the notebook as "
                "root on the engine's own machine; everything else in the lab works without."
            ),
        )


def needed(engine: Engine) -> bool:
    """Tell whether the engine's kernel is to be seen through a probe only.

    In this process it is where we are root on the engine's own Linux machine.
    """
    elsewhere = engine.desktop or not engine.endpoint.url.startswith("unix://")
    if elsewhere or not sys.platform.startswith("linux"):
        return True
    return os.geteuid() != 0 or os.uname().release != engine.kernel


class Attached:
    """The transport: one attached connection, on which the engine frames what comes back."""

    def __init__(
        self, client: DockerClient, container: Container, *, timeout: float | None = None
    ) -> None:
        """Connect. timeout: seconds until an answer; then TimeoutError is raised."""
        ways = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        with engine_errors():
            self._holder: Any = client.api.attach_socket(str(container.id), params=ways)
        self._socket: socket.socket = getattr(self._holder, "_sock", self._holder)
        self._socket.settimeout(timeout)
        self._rest = b""
        self.complaints = b""

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Return what came next on stdout; nothing at the end. What came on stderr is kept."""
        while True:
            header = self._exactly(8)
            if len(header) < 8:
                return b""
            stream, size = struct.unpack(">BxxxL", header)
            payload = self._exactly(size)
            if stream != _STDERR:
                return payload
            self.complaints = (self.complaints + payload)[-2000:]

    def _exactly(self, size: int) -> bytes:
        parts, have = [self._rest], len(self._rest)
        while have < size:
            part = self._socket.recv(max(1 << 16, size - have))
            if not part:
                break
            parts.append(part)
            have += len(part)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]

    def close(self) -> None:
        """End the connection, and with it the agent."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close_output(self) -> None:
        """Let go of the socket; after the reader has ended."""
        response = getattr(self._holder, "_response", None)
        (response or self._holder).close()
        self._socket.close()


class Probe:
    """One probe container. files: what it sees, below the host's root."""

    def __init__(self, client: DockerClient, marks: Mapping[str, str], *, root: str = "/") -> None:
        """Start it. marks: the labels of its run; root: a folder on the host, for tests.

        Raises ProbeRefused, ImageMissing, EngineUnavailable.
        """
        images.ensure(client, [IMAGE], images.show_progress())
        self._client = client
        self._container = _create(client, marks, ROOT + root.rstrip("/"))
        self._transport: Attached | None = None
        self._files: RemoteFiles | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        source = Path(agent.__file__).read_bytes()
        self._transport = Attached(self._client, self._container)
        try:
            with engine_errors():
                self._container.start()
        except LabError as error:
            raise ProbeRefused(error.what) from error
        self._files = RemoteFiles(self._transport, timeout=READY_TIMEOUT * patience())
        try:
            self._transport.send(source)
            self._files.stat("/")
        except OSError as error:
            said = self._transport.complaints.decode("utf-8", "replace").strip()
            raise ProbeRefused(said[-300:] or str(error)) from error

    @property
    def files(self) -> Files:
        """What the probe sees. Raises OSError (ConnectionResetError once it has gone)."""
        assert self._files is not None
        return self._files

    def alive(self) -> bool:
        """Tell whether the probe still answers."""
        try:
            self.files.stat("/")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the probe and wait until its container is gone. Never raises a LabError."""
        if self._files is not None:
            self._files.close()
        elif self._transport is not None:
            self._transport.close()
            self._transport.close_output()
        with suppress(LabError):
            remove(self._client, self._container)


def _create(client: DockerClient, marks: Mapping[str, str], root: str) -> Container:
    source = Path(agent.__file__).read_bytes()
    with engine_errors():
        confinements = " ".join(client.info().get("SecurityOptions") or [])
    options: dict[str, Any] = {"security_opt": ["no-new-privileges", *_unconfined(confinements)]}
    if "name=userns" in confinements:
        options["userns_mode"] = "host"
    try:
        with engine_errors():
            return client.containers.create(
                images.reference(IMAGE),
                ["python3", "-X", "utf8", "-c", BOOTSTRAP, root, str(len(source))],
                name=f"{marks[labels.LAB].replace('/', '-')}-{marks[labels.RUN]}-probe",
                labels=dict(marks),
                pid_mode="host",
                network_mode="host",
                cgroupns="host",
                cap_drop=["ALL"],
                cap_add=list(CAPABILITIES),
                read_only=True,
                volumes={"/": {"bind": ROOT, "mode": "ro"}},
                stdin_open=True,
                auto_remove=True,
                **options,
            )
    except LabError as error:
        raise ProbeRefused(error.what) from error


def _unconfined(confinements: str) -> list[str]:
    """Return what lets a container look at processes that are not confined as it is."""
    wanted = {"name=apparmor": "apparmor=unconfined", "name=selinux": "label=disable"}
    return [option for name, option in wanted.items() if name in confinements]


def remove(client: DockerClient, container: Container) -> None:
    """Remove a container that may be going by itself, and wait until it is gone."""
    from docker.errors import APIError, NotFound

    def gone() -> bool:
        try:
            client.api.inspect_container(str(container.id))
        except NotFound:
            return True
        return False

    with engine_errors():
        with suppress(NotFound, APIError):  # it is being removed by itself
            container.remove(force=True)
        wait_until(gone, what=_("the probe container to be gone"), seconds=10)


_open: dict[str, Probe] = {}


def files_of(client: DockerClient, marks: Mapping[str, str]) -> Files:
    """Return what this run's probe sees; start it where it is not there, or no longer.

    marks: the labels of the run. Raises ProbeRefused, ImageMissing, EngineUnavailable.
    """
    run = marks[labels.RUN]
    probe = _open.get(run)
    if probe is not None and not probe.alive():
        probe.close()
        probe = None
    if probe is None:
        probe = _open[run] = Probe(client, marks)
    return probe.files


def close(run: str) -> None:
    """End the probe of a run, if there is one."""
    probe = _open.pop(run, None)
    if probe is not None:
        probe.close()
