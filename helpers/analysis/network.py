"""How namespaces are wired, and the way of a packet to a container: pure functions.

veth_pairs(networks)                          which end is whose
published(rulesets, proxies)                  ports of the host that lead to containers
packet_path(port, rulesets, host, networks)   each part of the way, with its counters
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from helpers.records.firewall import Rule, Ruleset
from helpers.records.namespaces import ProcessNamespaces
from helpers.records.network import (
    Cable,
    ContainerEnd,
    DnsRedirect,
    End,
    Link,
    Network,
    PacketPath,
    Proxy,
    PublishedPort,
    ResolvConf,
    Route,
    VethPair,
)
from helpers.records.processes import Process

# Tables that iptables keeps in nftables: nft cannot tell their rules, iptables-save does.
_OF_IPTABLES: Final = frozenset(["filter", "nat", "mangle", "raw", "security"])
_ANY: Final = frozenset(["0.0.0.0", "::", "[::]", ""])


# -- wires


def veth_pairs(networks: Sequence[Network]) -> tuple[VethPair, ...]:
    """Match the ends of veth pairs, within a namespace and across.

    The two ends name each other's ifindex, and a namespace has one number for all links that
    lead to another one. Where both fits several namespaces, the pair is left out: not guessed.
    """
    found = []
    for at, network in enumerate(networks):
        groups: defaultdict[int | None, list[Link]] = defaultdict(list)
        for link in network.links:
            if link.kind == "veth" and link.link:
                groups[link.link_netnsid].append(link)
        for number, links in groups.items():
            if number is None:
                found += _pairs_within(network, links)
                continue
            fitting = [
                other
                for other in networks
                if other is not network and all(_other_end(link, other) for link in links)
            ]
            if len(fitting) == 1 and networks.index(fitting[0]) > at:
                for link in links:
                    end = _other_end(link, fitting[0])
                    if end is not None:
                        found.append(VethPair(End(network.inode, link), End(fitting[0].inode, end)))
    return tuple(found)


def _pairs_within(network: Network, links: Iterable[Link]) -> list[VethPair]:
    by_index = {link.ifindex: link for link in links}
    return [
        VethPair(End(network.inode, link), End(network.inode, by_index[link.link]))
        for link in by_index.values()
        if link.ifindex < link.link
        and link.link in by_index
        and by_index[link.link].link == link.ifindex
    ]


def _other_end(link: Link, other: Network) -> Link | None:
    for each in other.links:
        if (
            each.kind == "veth"
            and each.ifindex == link.link
            and each.link == link.ifindex
            and each.link_netnsid is not None
        ):
            return each
    return None


def ports_of(network: Network, bridge: str) -> tuple[Link, ...]:
    """Return the links that are ports of a bridge."""
    return tuple(link for link in network.links if link.master == bridge)


def cables(host: Network, ends: Iterable[ContainerEnd]) -> tuple[Cable, ...]:
    """Return the cables from containers to bridges: the two ends name each other's number."""
    ports = {(link.ifindex, link.link): link for link in host.links if link.kind == "veth"}
    found = []
    for end in ends:
        port = ports.get((end.iflink, end.ifindex))
        if port is not None and port.master:
            found.append(Cable(end, port, port.master))
    return tuple(found)


# -- published ports


def docker_proxies(
    processes: Iterable[Process], namespaces: Iterable[ProcessNamespaces], inode: int
) -> tuple[Proxy, ...]:
    """Return the docker-proxy processes in the network namespace with that number.

    A container can call its own processes so; those are in another namespace.
    """
    here = {each.pid for each in namespaces if each.inodes.get("net") == inode}
    found = []
    for process in processes:
        if process.pid not in here or not process.cmdline:
            continue
        found.append(proxy_of(process.pid, process.cmdline))
    return tuple(filter(None, found))


def proxy_of(pid: int, cmdline: Sequence[str]) -> Proxy | None:
    """Return the proxy that a command line starts; None where it is no docker-proxy's."""
    if not cmdline or cmdline[0].rpartition("/")[2] != "docker-proxy":
        return None
    said = dict(pairwise(cmdline[1:]))
    try:
        return Proxy(
            pid=pid,
            protocol=said["-proto"],
            host_address=said["-host-ip"],
            host_port=port_number(said["-host-port"]),
            container_address=said["-container-ip"],
            container_port=port_number(said["-container-port"]),
        )
    except (KeyError, ValueError):
        return None


def port_number(text: str) -> int:
    """Return a port. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise ValueError(text)
    return int(text)


def native(rulesets: Iterable[Ruleset]) -> tuple[Rule, ...]:
    """Return all rules, each once: iptables' own are told by iptables-save, not by nft."""
    return tuple(
        rule
        for ruleset in rulesets
        for rule in ruleset.rules
        if not (
            ruleset.source == "nft"
            and rule.family in ("ip", "ip6")
            and (rule.table in _OF_IPTABLES or rule.of("xt"))
        )
    )


def published(
    rulesets: Iterable[Ruleset], proxies: Iterable[Proxy] = ()
) -> tuple[PublishedPort, ...]:
    """Return the ports that rules or proxies lead to containers, by number."""
    found: dict[tuple[str, str, int, str, int], PublishedPort] = {}
    for rule in native(rulesets):
        for port in _of_rule(rule):
            found.setdefault(_key(port), port)
    for proxy in proxies:
        address = "" if proxy.host_address in _ANY else proxy.host_address
        port = PublishedPort(
            proxy.protocol, address, proxy.host_port,
            proxy.container_address, proxy.container_port, None, proxy,
        )  # fmt: skip
        known = found.get(_key(port), port)
        found[_key(port)] = PublishedPort(
            port.protocol, port.host_address, port.host_port,
            port.container_address, port.container_port, known.dnat, known.proxy or proxy,
        )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda port: (port.host_port, _key(port))))


def _key(port: PublishedPort) -> tuple[str, str, int, str, int]:
    return (
        port.protocol,
        port.host_address,
        port.host_port,
        port.container_address,
        port.container_port,
    )


def _of_rule(rule: Rule) -> Iterable[PublishedPort]:
    wanted, protocol = rule.of("dport"), rule.of("protocol")
    if rule.action != "dnat" or not rule.to_address or wanted is None or wanted.negated:
        return
    where = rule.of("daddr")
    address = where.values[0] if where and where.values and not where.negated else ""
    first, _dash, _last = rule.to_port.partition("-")
    for text in wanted.values:
        try:
            low, high = (port_number(each) for each in _ends(text))
            target = port_number(first) if first else low
        except ValueError:
            continue
        ranged = "-" in rule.to_port or not rule.to_port
        for host_port in range(low, min(high, low + 1000) + 1):
            yield PublishedPort(
                protocol=protocol.values[0] if protocol and protocol.values else "",
                host_address="" if address in _ANY else address,
                host_port=host_port,
                container_address=rule.to_address,
                container_port=target + (host_port - low if ranged else 0),
                dnat=rule,
                proxy=None,
            )


def _ends(text: str) -> tuple[str, str]:
    low, _dash, high = text.partition("-")
    return low, high or low


# -- the way of a packet


def packet_path(
    port: PublishedPort, rulesets: Sequence[Ruleset], host: Network, networks: Sequence[Network]
) -> PacketPath:
    """Put together the way from a published port to its container.

    host: where the rules are; networks: namespaces to look for the container in. What is not
    found is None: a rule that another program made, a container whose namespace was not read.
    """
    route = find_route(host, port.container_address)
    bridge = host.named(route.dev) if route else None
    others = [network for network in networks if network.inode != host.inode]
    inode, container = 0, None
    for network in others:
        name = next((a.ifname for a in network.addresses if a.local == port.container_address), "")
        if name:
            inode, container = network.inode, network.named(name)
            break
    host_end = None
    for pair in veth_pairs([host, *others]):
        if container and pair.second == End(inode, container) and pair.first.inode == host.inode:
            host_end = pair.first.link
    return PacketPath(
        port=port,
        entry=entry_rules(port.dnat, rulesets) if port.dnat else (),
        forward=_forward(port, rulesets),
        route=route,
        bridge=bridge,
        host_end=host_end,
        container_end=container,
        inode=inode,
    )


def entry_rules(rule: Rule, rulesets: Sequence[Ruleset]) -> tuple[Rule, ...]:
    """Return the rules that lead from base chains of its table to the chain a rule is in."""
    told = [ruleset for ruleset in rulesets if any(rule is each for each in ruleset.rules)]
    rules = [r for r in native(told) if (r.family, r.table) == (rule.family, rule.table)]
    leads = {
        (family, table, name): targets
        for ruleset in told
        for family, table, name, targets in ruleset.maps
    }
    found: list[Rule] = []
    waiting, seen = [rule.chain], {rule.chain}
    while waiting:
        chain = waiting.pop()
        for each in rules:
            targets = {each.target}
            if each.action == "vmap":
                targets = set(leads.get((each.family, each.table, each.target), ()))
            if each.action in ("jump", "goto", "vmap") and chain in targets:
                found.insert(0, each)
                if each.chain not in seen:
                    seen.add(each.chain)
                    waiting.append(each.chain)
    return tuple(found)


def _forward(port: PublishedPort, rulesets: Sequence[Ruleset]) -> Rule | None:
    for rule in native(rulesets):
        address, dport, protocol = (rule.of(key) for key in ("daddr", "dport", "protocol"))
        if (
            rule.action == "accept"
            and address is not None
            and port.container_address in address.values
            and dport is not None
            and str(port.container_port) in dport.values
            and (protocol is None or port.protocol in protocol.values)
            and not (address.negated or dport.negated)
        ):
            return rule
    return None


def find_route(network: Network, address: str) -> Route | None:
    """Return the route of the main table that the kernel would take: the longest prefix."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return None
    best: tuple[int, int, Route] | None = None
    for route in network.routes:
        if route.table != "main":
            continue
        length = _fits(route.dst, wanted)
        if length is not None and (best is None or (length, -route.metric) > best[:2]):
            best = (length, -route.metric, route)
    return best[2] if best else None


def _fits(dst: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int | None:
    if dst == "default":
        return 0
    try:
        network = ipaddress.ip_network(dst, strict=False)
    except ValueError:
        return None
    return network.prefixlen if address in network else None


# -- names


def dns_redirects(resolver: ResolvConf, rulesets: Iterable[Ruleset]) -> tuple[DnsRedirect, ...]:
    """Return where rules of a container's namespace send packets to its name servers' port 53.

    On Docker's own networks 127.0.0.11 is nobody's: dockerd listens on a port that only the
    rules know.
    """
    found = []
    for rule in native(rulesets):
        address, dport, protocol = (rule.of(key) for key in ("daddr", "dport", "protocol"))
        if rule.action != "dnat" or address is None or dport is None or "53" not in dport.values:
            continue
        try:
            number = port_number(rule.to_port)
        except ValueError:
            continue
        for nameserver in resolver.nameservers:
            if nameserver in address.values:
                name = protocol.values[0] if protocol and protocol.values else ""
                found.append(DnsRedirect(name, nameserver, rule.to_address, number, rule))
    return tuple(found)
