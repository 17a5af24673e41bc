"""A station: a container with network tools in a network namespace that it shares.

    with Station(client, here.labels, "host") as station:            the engine's own machine
        station.say(("ip", "-brief", "address"))
    Station(client, here.labels, f"container:{ident}")               a container's

It works wherever the engine is (Docker Desktop's machine, another user's, a remote one), and
needs no privilege but what reading rules takes: CAP_NET_ADMIN, and for the machine's own
namespace CAP_SYS_PTRACE, to tell its processes' namespaces. Its shell reads commands from an
attached connection, so that a look takes milliseconds, and ends with that connection.
"""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from helpers.analysis.network import proxy_of
from helpers.command import tail
from helpers.drivers import images
from helpers.drivers.engine import engine_errors
from helpers.drivers.network_namespaces import (
    TIMEOUT,
    NetworkTools,
    ask_network,
    read_rules,
)
from helpers.drivers.probe import Attached, remove
from helpers.errors import CommandFailed, EngineError, LabError
from helpers.kernel.firewall import SAVERS
from helpers.kernel.namespaces import parse_link
from helpers.records import labels
from helpers.records.firewall import Ruleset
from helpers.records.network import Network, Proxy
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

IMAGE: Final = "nettools"
HOST: Final = "host"
# For each docker-proxy: its number, its network namespace, its command line, an empty line.
PROXIES: Final = """grep -la docker-proxy /proc/[0-9]*/cmdline 2>/dev/null | while read file; do
process=${file%/cmdline}
echo ${process#/proc/}; readlink $process/ns/net; tr '\\0' '\\n' < $file; echo; done"""


# What a program complains of is told only where it failed: warnings are no part of an answer.
_LINE: Final = (
    "{command} </dev/null 2>/run/errors; status=$?; [ $status = 0 ] || cat /run/errors; "
    "printf '\\n{mark} %d\\n' $status\n"
)


class Station(NetworkTools):
    """Runs programs in `network`: "host", or "container:ID"."""

    def __init__(self, client: DockerClient, marks: Mapping[str, str], network: str) -> None:
        """Start it. marks: the labels of its run. Raises ImageMissing, EngineError."""
        super().__init__()
        self._lock = threading.Lock()
        self._mark = secrets.token_hex(8)
        images.ensure(client, [IMAGE], images.show_progress())
        with engine_errors():
            self._client, self._container = client, _create(client, marks, network)
            self._connection = Attached(client, self._container, timeout=TIMEOUT)
            self._container.start()
        self.inode = self._inode()

    def _inode(self) -> int:
        said = self.say(("readlink", "/proc/self/ns/net"))
        return parse_link(said.strip()).inode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def say(self, argv: Sequence[str], pid: int | None = None) -> str:
        """Return what a program prints there. Raises CommandFailed, EngineError (it has gone)."""
        line = _LINE.format(command=shlex.join(self.command(argv, pid)), mark=self._mark)
        with self._lock:
            said, status = self._answer(line)
        if status:
            raise CommandFailed(argv, status, tail(said))
        return said

    def _answer(self, line: str) -> tuple[str, int]:
        end = f"\n{self._mark} ".encode()
        said = b""
        try:
            self._connection.send(line.encode())
            while not (said.endswith(b"\n") and end in said):
                part = self._connection.receive()
                if not part:
                    complaints = self._connection.complaints.decode("utf-8", "replace").strip()
                    raise ConnectionResetError(complaints or "closed")
                said += part
        except OSError as error:
            raise EngineError(
                _("The container that looks at the network has gone: {why}").format(why=error),
                remedy=_("Run the cell again; it starts another one."),
            ) from error
        output, _end, status = said.rpartition(end)
        return output.decode("utf-8", "replace"), int(status)

    def network(self) -> Network:
        """Return links, addresses and routes of this namespace. Raises LabError."""
        return ask_network(self.inode, self)

    def rules(self) -> tuple[Ruleset, ...]:
        """Return the packet filter rules of this namespace. Raises LabError."""
        return read_rules(self)

    def lister(self) -> str:
        """Return the command that lists Docker's rules here: engines and machines differ.

        Raises LabError.
        """
        for told in self.rules():
            docker = any(rule.chain.startswith("DOCKER") for rule in told.rules)
            if docker and told.source != "nft":
                return " ".join(SAVERS[told.source])
        return "nft list ruleset"

    def proxies(self) -> tuple[Proxy, ...]:
        """Return the docker-proxy processes of this namespace; only the host's has any."""
        found = []
        for block in self.say(("sh", "-c", PROXIES)).split("\n\n"):
            pid, *rest = block.strip("\n").split("\n")
            if len(rest) < 2 or not pid.isdigit():
                continue
            with suppress(LabError):  # a process that ended meanwhile
                if parse_link(rest[0]).inode == self.inode:
                    found.append(proxy_of(int(pid), rest[1:]))
        return tuple(filter(None, found))

    def close(self) -> None:
        """End it, and wait until its container is gone. Never raises a LabError."""
        self._connection.close()
        with suppress(OSError):
            self._connection.close_output()
        with suppress(LabError):
            remove(self._client, self._container)


def _create(client: DockerClient, marks: Mapping[str, str], network: str) -> Any:
    options: dict[str, Any] = {"cap_add": ["NET_ADMIN"]}
    if network == HOST:
        options = {"cap_add": ["NET_ADMIN", "SYS_PTRACE"], "pid_mode": "host"}
        confinements = " ".join(client.info().get("SecurityOptions") or [])
        if "name=userns" in confinements:
            options["userns_mode"] = "host"
        if "name=apparmor" in confinements:  # else it may not look at the machine's processes
            options["security_opt"] = ["apparmor=unconfined"]
    short = f"station-{secrets.token_hex(2)}"
    return client.containers.create(
        images.reference(IMAGE),
        ["sh"],
        name=f"{marks[labels.LAB].rpartition('/')[2]}-{marks[labels.RUN]}-{short}",
        labels=dict(marks),
        network_mode=network,
        cap_drop=["ALL"],
        read_only=True,
        tmpfs={"/run": ""},  # for iptables' lock and our errors
        stdin_open=True,
        auto_remove=True,
        **options,
    )
