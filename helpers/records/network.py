"""Network namespaces: links, addresses, routes; and the way of a packet to a container.

Field names are the kernel's (rtnetlink(7)) as iproute2 prints them. Names of links are what
somebody called them: `printable` in helpers/analysis/processes.py makes them fit to show.
"""

from __future__ import annotations

from dataclasses import dataclass

from helpers.records.firewall import Rule


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a link counted in one direction since it was made."""

    bytes: int
    packets: int
    errors: int
    dropped: int


@dataclass(frozen=True)
class Link:
    """One network interface.

    kind: "veth", "bridge", ...; "" of hardware and loopback. master: the bridge it is a port
    of. link: the ifindex of its other end (veth) or of what it sits on; 0: none.
    link_netnsid: that lies in another namespace, which has this number here; None: in its own.
    """

    ifindex: int
    ifname: str
    kind: str
    address: str
    mtu: int
    operstate: str
    flags: tuple[str, ...]
    master: str
    link: int
    link_netnsid: int | None
    rx: Traffic | None
    tx: Traffic | None


@dataclass(frozen=True)
class Address:
    """One address of a link. family: "inet" or "inet6"."""

    ifname: str
    family: str
    local: str
    prefixlen: int
    scope: str


@dataclass(frozen=True)
class Route:
    """One route. dst: "default" or a prefix; gateway, prefsrc: "" where there is none."""

    dst: str
    gateway: str
    dev: str
    table: str
    type: str
    protocol: str
    scope: str
    prefsrc: str
    metric: int


@dataclass(frozen=True)
class Network:
    """One network namespace. inode: its number."""

    inode: int
    links: tuple[Link, ...]
    addresses: tuple[Address, ...]
    routes: tuple[Route, ...]

    def named(self, ifname: str) -> Link | None:
        """Return the link of that name."""
        return next((link for link in self.links if link.ifname == ifname), None)


@dataclass(frozen=True)
class End:
    """One end of a veth pair, in the namespace with that inode number."""

    inode: int
    link: Link


@dataclass(frozen=True)
class VethPair:
    """Two ends of one virtual cable."""

    first: End
    second: End


@dataclass(frozen=True)
class Proxy:
    """A docker-proxy: a process that takes connections to a published port, and its target."""

    pid: int
    protocol: str
    host_address: str
    host_port: int
    container_address: str
    container_port: int


@dataclass(frozen=True)
class PublishedPort:
    """A port of the host that leads to one of a container.

    host_address: "" means every address. dnat: the rule that sends packets there; proxy: the
    process that does for connections which the rule leaves out (from the host's loopback).
    """

    protocol: str
    host_address: str
    host_port: int
    container_address: str
    container_port: int
    dnat: Rule | None
    proxy: Proxy | None


@dataclass(frozen=True)
class PacketPath:
    """The way from a published port to the container, each part with its counters.

    entry: the rules through which packets come to `port.dnat`, from a base chain on. forward:
    the rule that lets them pass to the container. route: by which the host finds it. bridge,
    host_end, container_end: links. inode: of the container's network namespace, 0 if unknown.
    """

    port: PublishedPort
    entry: tuple[Rule, ...]
    forward: Rule | None
    route: Route | None
    bridge: Link | None
    host_end: Link | None
    container_end: Link | None
    inode: int


@dataclass(frozen=True)
class Listener:
    """A TCP socket that waits for connections. address: "0.0.0.0" and "::" mean every one."""

    address: str
    port: int


@dataclass(frozen=True)
class ContainerEnd:
    """An interface of a container. ifindex: its number; iflink: that of its other end."""

    container: str
    ifname: str
    ifindex: int
    iflink: int
    mac: str
    address: str


@dataclass(frozen=True)
class Cable:
    """A veth pair from a container to a bridge of the host, whose port is its other end."""

    end: ContainerEnd
    port: Link
    bridge: str


@dataclass(frozen=True)
class Crossing:
    """A packet's way at one moment, with what its end says.

    at: seconds of a monotonic clock. listening: addresses at which somebody waits at the
    container's port. accepted: TCP connections that the container's namespace has taken.
    proxy_runs: how often the kernel has let the proxy run; None where there is none, or it is
    not counted.
    """

    at: float
    path: PacketPath
    listening: tuple[str, ...]
    accepted: int
    proxy_runs: int | None = None


@dataclass(frozen=True)
class ResolvConf:
    """A resolv.conf. raw: its text."""

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    options: tuple[str, ...]
    raw: str


@dataclass(frozen=True)
class DnsRedirect:
    """Where packets to a nameserver's port 53 really go, within a container's namespace."""

    protocol: str
    nameserver: str
    address: str
    port: int
    rule: Rule
