"""Look at the way of packets to a published port, again and again.

    watch = open_watch(client, here.labels, "web", 18080)
    watch.look()                              a records.network.Crossing
    watch.close()

What does not move (who the proxy is, which programs have rules to tell) is asked once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from helpers.analysis.network import packet_path, published
from helpers.drivers.network_namespaces import SOURCES, read_rules
from helpers.drivers.stations import HOST, Station
from helpers.errors import CommandFailed, LabError
from helpers.kernel.sockets import (
    COUNTERS,
    TABLES,
    TABLES_6,
    parse_accepted,
    parse_listeners,
)
from helpers.records.network import Crossing, Network, PublishedPort
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

# What a container is reached through; the rest (the bridge's neighbours) is not looked at.
IPV4: Final = tuple(source for source in SOURCES if not source.startswith("ip6"))


class Watch:
    """Looks at the way from `port` of the host to a container."""

    def __init__(
        self,
        host: Station,
        container: Station,
        port: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """host, container: stations there. Raises LabError where nothing is published there."""
        self._host, self._container, self._port = host, container, port
        self._clock = clock
        self._proxies = host.proxies()
        self._sources = tuple(each.source for each in read_rules(host, sources=IPV4))

    def look(self) -> Crossing:
        """Look once. Raises LabError where the port leads nowhere any more, or a station's end."""
        rules = read_rules(self._host, sources=self._sources)
        inner = self._container.network()
        port = self._find(published(rules, self._proxies), inner)
        path = packet_path(port, rules, self._host.network(), [inner])
        said = self._container.say(TABLES)
        with suppress(CommandFailed):  # a kernel without IPv6
            said += "\n" + "\n".join(self._container.say(TABLES_6).splitlines()[1:])
        heard = parse_listeners("\n".join(line for line in said.splitlines() if line.strip()))
        return Crossing(
            at=self._clock(),
            path=path,
            listening=tuple(each.address for each in heard if each.port == port.container_port),
            accepted=parse_accepted(self._container.say(COUNTERS)),
            proxy_runs=self._runs(port.proxy.pid) if port.proxy else None,
        )

    def _runs(self, pid: int) -> int | None:
        """Return how often the threads of a process were let run (proc(5), schedstat)."""
        try:
            said = self._host.say(("sh", "-c", f"cat /proc/{pid}/task/*/schedstat"))
        except CommandFailed:  # it has gone, or this kernel does not count
            return None
        rows = [line.split() for line in said.splitlines()]
        return sum(int(row[2]) for row in rows if len(row) == 3 and row[2].isdecimal())

    def _find(self, ports: tuple[PublishedPort, ...], inner: Network) -> PublishedPort:
        here = {address.local for address in inner.addresses}
        for port in ports:
            if port.host_port == self._port and port.container_address in here:
                return port
        raise LabError(
            _("Port {port} of the machine does not lead to this container.").format(
                port=self._port
            ),
            remedy=_("`docker port NAME` says which ports do."),
        )

    def close(self) -> None:
        """End both stations."""
        self._host.close()
        self._container.close()


def open_watch(
    client: DockerClient, marks: Mapping[str, str], container: str, port: int, *, host: str = ""
) -> Watch:
    """Return a Watch on the way to a container, by its name, with stations of its own.

    host: the container whose network namespace is the host's; "" means the engine's machine.
    Raises LabError.
    """
    outer = Station(client, marks, f"container:{host}" if host else HOST)
    try:
        inner = Station(client, marks, f"container:{container}")
        try:
            return Watch(outer, inner, port)
        except BaseException:
            inner.close()
            raise
    except BaseException:
        outer.close()
        raise
