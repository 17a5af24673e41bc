"""Links, veth pairs, routes and published ports: from text to the way of a packet."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from network_support import RULES, SAVED

from helpers.analysis import network as analysis
from helpers.command import Completed
from helpers.drivers import network_namespaces as driver
from helpers.errors import CommandFailed, LabError, MissingNeed
from helpers.kernel import network as kernel
from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import LocalFiles
from helpers.kernel.firewall import parse_iptables, parse_nft
from helpers.records.host import Unavailable
from helpers.records.namespaces import ProcessNamespaces
from helpers.records.network import Address, Link, Network, Proxy, ResolvConf, Route
from helpers.records.processes import Process, Stat

HOST, INNER, OTHER = 4026531840, 4026532180, 4026532260
# as iproute2 6.1 printed them, less what nobody reads
HOST_LINKS = """[
{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP"],"mtu":65536,"operstate":"UNKNOWN",
 "link_type":"loopback","address":"00:00:00:00:00:00",
 "addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo"}]},
{"ifindex":5,"ifname":"docker0","flags":["BROADCAST","UP"],"mtu":1500,"operstate":"UP",
 "address":"02:42:af:00:3a:d1","linkinfo":{"info_kind":"bridge","info_data":{"stp_state":0}},
 "addr_info":[{"family":"inet","local":"172.17.0.1","prefixlen":16,"scope":"global"}]},
{},
{"ifindex":678,"link_index":677,"ifname":"veth1137a14","flags":["UP"],"mtu":1500,
 "master":"docker0","operstate":"UP","address":"fe:9d:c1:5a:4d:2e","link_netnsid":1,
 "linkinfo":{"info_kind":"veth","info_slave_kind":"bridge"},"addr_info":[],
 "stats64":{"rx":{"bytes":1233,"packets":6,"errors":0,"dropped":1},
            "tx":{"bytes":877,"packets":11,"errors":2,"dropped":0}}}]"""
INNER_LINKS = """[{"ifindex":677,"link_index":678,"ifname":"eth0","flags":["UP"],"mtu":1500,
 "operstate":"UP","address":"02:42:ac:11:00:03","link_netnsid":0,"linkinfo":{"info_kind":"veth"},
 "addr_info":[{"family":"inet","local":"172.17.0.3","prefixlen":16,"scope":"global"}]}]"""
HOST_ROUTES = """[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},
{"dst":"172.17.0.0/16","dev":"docker0","protocol":"kernel","scope":"link","prefsrc":"172.17.0.1"},
{"type":"local","dst":"172.17.0.1","dev":"docker0","table":"local","protocol":"kernel"}]"""


def host() -> Network:
    return Network(
        HOST,
        kernel.parse_links(HOST_LINKS),
        kernel.parse_addresses(HOST_LINKS),
        kernel.parse_routes(HOST_ROUTES),
    )


def inner() -> Network:
    return Network(INNER, kernel.parse_links(INNER_LINKS), kernel.parse_addresses(INNER_LINKS), ())


def veth(ifindex: int, link: int, number: int | None, name: str = "veth") -> Link:
    return Link(ifindex, name, "veth", "", 1500, "UP", (), "", link, number, None, None)


def network(inode: int, *links: Link) -> Network:
    return Network(inode, links, (), ())


# -- text to records


def test_links() -> None:
    """Links come with kind, bridge, other end and counters."""
    lo, bridge, port = kernel.parse_links(HOST_LINKS)
    assert (lo.ifname, lo.kind, lo.link, lo.link_netnsid, lo.rx) == ("lo", "", 0, None, None)
    assert (bridge.ifname, bridge.kind) == ("docker0", "bridge")
    assert (port.ifindex, port.link, port.link_netnsid, port.master) == (678, 677, 1, "docker0")
    assert port.rx is not None
    assert port.tx is not None
    assert (port.rx.bytes, port.rx.packets, port.rx.dropped, port.tx.errors) == (1233, 6, 1, 2)


def test_addresses_and_routes() -> None:
    """Addresses name their link; a route without a table is of the main one."""
    assert kernel.parse_addresses(HOST_LINKS)[1] == Address(
        "docker0", "inet", "172.17.0.1", 16, "global"
    )
    default, bridge, local = kernel.parse_routes(HOST_ROUTES)
    assert (default.gateway, default.dev, default.table) == ("192.0.2.1", "eth0", "main")
    assert (bridge.prefsrc, bridge.scope, bridge.type) == ("172.17.0.1", "link", "unicast")
    assert (local.table, local.type) == ("local", "local")


def test_both_ends_in_one_namespace() -> None:
    """iproute2 names the other end instead of numbering it where both are in one namespace."""
    said = [
        {"ifindex": 2, "ifname": "v1", "link": "v0", "linkinfo": {"info_kind": "veth"}},
        {"ifindex": 3, "ifname": "v0", "link": "v1", "linkinfo": {"info_kind": "veth"}},
    ]
    links = kernel.parse_links(json.dumps(said))
    assert [link.link for link in links] == [3, 2]
    (pair,) = analysis.veth_pairs([network(1, *links)])
    assert {pair.first.link.ifname, pair.second.link.ifname} == {"v0", "v1"}


def test_nothing_said() -> None:
    """Nothing printed is nothing there; what is no list of JSON is refused."""
    assert kernel.parse_links("") == ()
    assert kernel.parse_routes("[ ]\n") == ()
    for text in ("{}", "x", "7", "[" * 100_000):
        with pytest.raises(Garbled):
            kernel.parse_links(text)


def test_resolv_conf() -> None:
    """Name servers in order, the last search list, options; comments and blanks are passed over."""
    text = (
        b"# made by Docker\n;old\nnameserver 127.0.0.11\nnameserver 192.0.2.9 \n\nnameserver\n"
        b"domain old.test\nsearch a.test b.test\noptions ndots:0 edns0\noptions rotate\nx\xff\n"
    )
    seen = kernel.parse_resolv_conf(text)
    assert seen.nameservers == ("127.0.0.11", "192.0.2.9")
    assert seen.search == ("a.test", "b.test")
    assert seen.options == ("ndots:0", "edns0", "rotate")


def test_resolv_conf_of_a_process(tmp_path: Path) -> None:
    """A process's own file is read, below its root; a link out of it is not followed."""
    root = tmp_path / "container"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "resolv.conf").write_text("nameserver 127.0.0.11\n")
    (tmp_path / "proc" / "5").mkdir(parents=True)
    (tmp_path / "proc" / "5" / "root").symlink_to("/container")
    files = LocalFiles(tmp_path)
    seen = kernel.read_resolv_conf(files, 5)
    assert isinstance(seen, ResolvConf)
    assert seen.nameservers == ("127.0.0.11",)
    (root / "etc" / "resolv.conf").unlink()
    (root / "etc" / "resolv.conf").symlink_to("../../secret")
    (tmp_path / "secret").write_text("nameserver 6.6.6.6\n")
    assert isinstance(kernel.read_resolv_conf(files, 5), Unavailable)
    files.close()


KEYS = """ifindex ifname link_index link link_netnsid linkinfo info_kind stats64 rx tx bytes
addr_info local prefixlen dst dev metric flags"""
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), each, max_size=5)
    ),
    max_leaves=20,
)


@given(json_values, st.binary(max_size=100))
@example([{"ifindex": 1, "flags": 7, "stats64": {"rx": 1}, "addr_info": {"local": 1}}], b"\n #")
def test_nothing_breaks_a_parser(value: Any, text: bytes) -> None:
    """Any JSON and any bytes give records or an error of ours."""
    kernel.parse_resolv_conf(text)
    for said in (json.dumps(value), json.dumps([value]), text.decode("latin-1")):
        for parse in (kernel.parse_links, kernel.parse_addresses, kernel.parse_routes):
            with suppress(LabError):
                parse(said)


# -- pairs


def test_pairs_across_namespaces() -> None:
    """The two ends of a cable find each other by index."""
    (pair,) = analysis.veth_pairs([host(), inner()])
    assert (pair.first.inode, pair.first.link.ifname) == (HOST, "veth1137a14")
    assert (pair.second.inode, pair.second.link.ifname) == (INNER, "eth0")
    assert analysis.ports_of(host(), "docker0") == (pair.first.link,)


def test_equal_indices_are_told_apart() -> None:
    """Containers whose links have the same indices are told apart by what else leads there."""
    outer = network(1, veth(5, 4, 0, "to-a"), veth(7, 4, 1, "to-b"), veth(9, 6, 1, "to-b-too"))
    a = network(2, veth(4, 5, 0, "a"))
    b = network(3, veth(4, 7, 0, "b"), veth(6, 9, 0, "b-too"))
    names = {
        (pair.first.link.ifname, pair.second.link.ifname)
        for pair in analysis.veth_pairs([outer, a, b])
    }
    assert names == {("to-a", "a"), ("to-b", "b"), ("to-b-too", "b-too")}


def test_all_links_to_a_namespace_must_fit() -> None:
    """A link with the same two indices elsewhere does not make a pair doubtful."""
    outer = network(1, veth(7, 4, 1, "to-b"), veth(9, 6, 1, "to-b-too"))
    chance = network(2, veth(4, 7, 5, "leads elsewhere"))
    b = network(3, veth(4, 7, 0, "b"), veth(6, 9, 0, "b-too"))
    ends = [
        (pair.second.inode, pair.second.link.ifname)
        for pair in analysis.veth_pairs([outer, chance, b])
    ]
    assert ends == [(3, "b"), (3, "b-too")]


def test_doubtful_pairs_are_left_out() -> None:
    """Where two namespaces fit, none is guessed."""
    outer = network(1, veth(5, 4, 0))
    twins = [network(2, veth(4, 5, 0)), network(3, veth(4, 5, 0))]
    assert analysis.veth_pairs([outer, *twins]) == ()
    assert analysis.veth_pairs([outer]) == ()


# -- ports


def proxy(pid: int, *words: str) -> Process:
    return Process(Stat(pid, "docker-proxy", "S", 1, 0, 0, 0, 0, 1, 0, False), words)


ARGV = "-proto tcp -host-ip 127.0.0.1 -host-port 18080 -container-ip 172.17.0.3 -container-port 80"


def test_proxies() -> None:
    """A docker-proxy is known by its arguments, and only in the engine's own namespace."""
    processes = [
        proxy(10, "/usr/sbin/docker-proxy", *ARGV.split()),
        proxy(11, "docker-proxy", *ARGV.split()),  # a container's own
        proxy(12, "docker-proxy", *ARGV.replace("18080", "x").split()),
        proxy(13, "docker-proxy", "-proto"),
        proxy(14),
        proxy(15, "nginx", *ARGV.split()),
    ]
    inodes = dict.fromkeys(range(10, 16), HOST) | {11: INNER}
    namespaces = [ProcessNamespaces(pid, {"net": inode}) for pid, inode in inodes.items()]
    assert analysis.docker_proxies(processes, namespaces, HOST) == (
        Proxy(10, "tcp", "127.0.0.1", 18080, "172.17.0.3", 80),
    )


def test_published_ports() -> None:
    """Rules and proxies of one port are one; a range of ports is as many."""
    rules = parse_iptables(SAVED)
    known = Proxy(10, "tcp", "127.0.0.1", 18080, "172.17.0.3", 80)
    alone = Proxy(11, "tcp", "::", 99, "172.17.0.4", 9)
    found = analysis.published([rules], [known, alone])
    by_port = {port.host_port: port for port in found}
    assert by_port[18080].proxy == known
    assert by_port[18080].dnat is not None
    assert (by_port[99].host_address, by_port[99].dnat) == ("", None)
    assert by_port[8083].container_port == 83
    assert set(by_port) == {18080, 99, *range(8080, 8091)}
    assert {by_port[port].protocol for port in range(8080, 8091)} == {"udp"}


def test_published_ports_of_nft() -> None:
    """nft's own rules publish the same way; what iptables made is not counted twice."""
    native = parse_nft((RULES / "published.json").read_text())
    found = {(p.host_address, p.host_port): p for p in analysis.published([native])}
    assert found["", 8080].container_address in ("192.0.2.2", "fd00::2")
    assert found["10.0.0.1", 9010].container_port == 8010
    shadow = parse_nft((RULES / "published.json").read_text().replace("docker-bridges", "nat"))
    assert {p.host_address for p in analysis.published([shadow])} == {"10.0.0.1"}


def test_the_way_of_a_packet() -> None:
    """From the base chains to the rule, the route, the bridge, and both ends of the cable."""
    rules = [parse_iptables(SAVED)]
    port = next(p for p in analysis.published(rules) if p.host_port == 18080)
    path = analysis.packet_path(port, rules, host(), [inner()])
    assert {rule.chain for rule in path.entry} == {"PREROUTING", "OUTPUT"}
    assert path.forward is not None
    assert (path.forward.chain, path.forward.packets) == ("DOCKER", 5)
    assert path.route is not None
    assert path.route.dst == "172.17.0.0/16"
    assert path.bridge is not None
    assert path.host_end is not None
    assert path.container_end is not None
    assert [path.bridge.ifname, path.host_end.ifname, path.container_end.ifname] == [
        "docker0",
        "veth1137a14",
        "eth0",
    ]
    assert path.inode == INNER


def test_the_way_through_nft() -> None:
    """The same way by nft's own rules."""
    rules = [parse_nft((RULES / "published.json").read_text())]
    port = next(p for p in analysis.published(rules) if p.container_address == "192.0.2.2")
    path = analysis.packet_path(port, rules, host(), [])
    assert {rule.chain for rule in path.entry} == {"nat-PREROUTING", "nat-OUTPUT"}
    assert path.forward is not None
    assert path.forward.chain == "filter-forward-in__lab0"
    entry = analysis.entry_rules(path.forward, rules)
    assert [rule.action for rule in entry] == ["vmap"]


def test_what_is_not_found_is_none() -> None:
    """A container whose namespace was not read leaves the end of the way open."""
    rules = [parse_iptables(SAVED)]
    port = next(p for p in analysis.published(rules) if p.host_port == 18080)
    path = analysis.packet_path(port, rules, network(HOST), [])
    assert (path.route, path.bridge, path.host_end, path.container_end) == (None,) * 4
    assert path.inode == 0


def test_rules_in_a_circle_end() -> None:
    """Chains that jump to each other are followed once."""
    text = (
        "*nat\n:A - [0:0]\n:B - [0:0]\n-A A -j B\n-A B -j A\n-A B -j DNAT --to-destination 1.1.1.1"
    )
    rules = [parse_iptables(text)]
    entry = analysis.entry_rules(rules[0].rules[2], rules)
    assert sorted(rule.chain for rule in entry) == ["A", "B"]


@pytest.mark.parametrize(
    ("address", "dev"),
    [("172.17.0.3", "docker0"), ("8.8.8.8", "eth0"), ("fd00::2", "six"), ("x", ""), ("", "")],
)
def test_find_route(address: str, dev: str) -> None:
    """The longest prefix of the main table wins, of the address's own family."""
    six = Route("fd00::/64", "", "six", "main", "unicast", "", "", "", 0)
    bad = Route("nonsense", "", "bad", "main", "unicast", "", "", "", 0)
    found = analysis.find_route(Network(1, (), (), (bad, six, *host().routes)), address)
    assert (found.dev if found else "") == dev


def test_dns() -> None:
    """Packets to 127.0.0.11 go where the container's rules say."""
    text = (
        "*nat\n:DOCKER_OUTPUT - [0:0]\n-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT\n"
        "-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT "
        "--to-destination 127.0.0.11:33939\n"
        "-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT "
        "--to-destination 127.0.0.11:38054\n"
    )
    resolver = kernel.parse_resolv_conf(b"nameserver 127.0.0.11\n")
    found = analysis.dns_redirects(resolver, [parse_iptables(text)])
    assert [(each.protocol, each.address, each.port) for each in found] == [
        ("tcp", "127.0.0.11", 33939),
        ("udp", "127.0.0.11", 38054),
    ]
    elsewhere = kernel.parse_resolv_conf(b"nameserver 192.0.2.9\n")
    assert analysis.dns_redirects(elsewhere, [parse_iptables(text)]) == ()


# -- the driver


class FakeTools(driver.NetworkTools):
    """Answers from a table; a program that is not in it is not installed."""

    def __init__(self, said: dict[str, str]) -> None:
        super().__init__()
        self.said = said

    def say(self, argv: Any, pid: int | None = None) -> str:
        if argv[0] not in self.said:
            raise CommandFailed(argv, 127 if pid else None, "not found")
        return self.said[argv[0]]


def test_who_tells_rules() -> None:
    """Each program that has rules is heard, and the same rules under two names count once."""
    nft = (RULES / "published.json").read_text()
    said = {"iptables-save": SAVED, "iptables-legacy-save": SAVED, "nft": nft}
    assert [each.source for each in driver.read_rules(FakeTools(said))] == ["iptables", "nft"]
    other = SAVED.replace("18080", "18081")
    said = {"iptables-save": SAVED, "iptables-legacy-save": other, "ip6tables-save": ""}
    sources = [each.source for each in driver.read_rules(FakeTools(said), 7)]
    assert sources == ["iptables", "iptables-legacy"]
    assert driver.read_rules(FakeTools(said), sources=["ip6tables"]) == ()


def test_no_program_at_all() -> None:
    """Without any program the reader learns what to install."""
    for pid in (None, 7):
        with pytest.raises(MissingNeed, match="Neither iptables nor nft"):
            driver.read_rules(FakeTools({}), pid)


def test_the_command_can_be_pasted() -> None:
    """Only the network namespace is entered, by the machine's own programs."""
    tools = driver.NetworkTools(["docker", "exec", "abc"])
    assert tools.command(("nft", "list"), 42) == [
        *("docker", "exec", "abc", "nsenter", "--net=/proc/42/ns/net", "--", "nft", "list")
    ]
    assert driver.NetworkTools().command(("nft",)) == ["nft"]


def test_what_only_root_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of the kernel's says who may; other failures stay what they are."""
    output = "nsenter: cannot open /proc/1/ns/net: Permission denied"

    def refuse(argv: Any, **_more: Any) -> Completed:
        raise CommandFailed(argv, 1, output)

    monkeypatch.setattr(driver, "run", refuse)
    with pytest.raises(MissingNeed, match="only root"):
        driver.NetworkTools().say(("ip",), 1)
    output = "something else"
    with pytest.raises(CommandFailed):
        driver.NetworkTools().say(("ip",))


def test_this_machines_own_network() -> None:
    """The loopback of this machine is there, with the number that stat(2) gives its namespace."""
    files = LocalFiles()
    try:
        seen = driver.read_network(files, driver.NetworkTools())
    except CommandFailed as error:
        if error.status is None:
            pytest.skip("iproute2 is not installed")
        raise
    finally:
        files.close()
    assert seen.inode == os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116
    loopback = seen.named("lo")
    assert loopback is not None
    assert "LOOPBACK" in loopback.flags
    assert seen.named("no such") is None
