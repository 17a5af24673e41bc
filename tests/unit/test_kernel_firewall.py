"""Packet filter rules: from iptables-save and from nft, in one form."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from network_support import RULES, SAVED

from helpers.errors import LabError
from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.firewall import parse_iptables, parse_nft, split_goal
from helpers.records.firewall import Condition, Rule, Ruleset


def rule(ruleset: Ruleset, chain: str, number: int = 0) -> Rule:
    return [each for each in ruleset.rules if each.chain == chain][number]


# -- iptables


def test_chains() -> None:
    """Base chains have a hook, a policy and what reached it; others have none of it."""
    first, second, *_others = parse_iptables(SAVED).chains
    assert (first.table, first.name, first.hook, first.policy) == (
        "filter",
        "FORWARD",
        "forward",
        "drop",
    )
    assert (first.packets, first.bytes) == (7, 420)
    assert (second.name, second.hook, second.policy, second.packets) == ("DOCKER", "", "", None)


def test_a_published_port() -> None:
    """A DNAT rule tells what it asks for, where it sends packets, and how many there were."""
    seen = next(each for each in parse_iptables(SAVED).rules if each.action == "dnat")
    assert seen.conditions == (
        Condition("daddr", ("127.0.0.1",)),
        Condition("iifname", ("docker0",), True),
        Condition("protocol", ("tcp",)),
        Condition("dport", ("18080",)),
    )
    assert (seen.to_address, seen.to_port) == ("172.17.0.3", "80")
    assert (seen.packets, seen.bytes) == (1, 60)
    assert (seen.family, seen.table, seen.chain) == ("ip", "nat", "DOCKER")
    assert seen.raw in SAVED


def test_a_range_and_a_comment() -> None:
    """Quotes in a comment are a comment; ranges of ports stay ranges."""
    seen = [each for each in parse_iptables(SAVED).rules if each.action == "dnat"][1]
    assert seen.comment == 'a "b" -j c'
    assert seen.of("dport") == Condition("dport", ("8080-8090",))
    assert (seen.to_address, seen.to_port) == ("10.88.0.2", "80-90")


def test_jumps() -> None:
    """A jump to a chain of the table is one, however the chain is called; -g is a goto."""
    seen = parse_iptables(SAVED)
    assert (rule(seen, "PREROUTING").action, rule(seen, "PREROUTING").target) == ("jump", "DOCKER")
    assert rule(seen, "PREROUTING").of("daddr-type") == Condition("daddr-type", ("local",))
    assert rule(seen, "OUTPUT").of("daddr") == Condition("daddr", ("127.0.0.0/8",), True)
    last = seen.rules[-1]
    assert (last.action, last.target, last.packets) == ("goto", "OTHER", None)
    assert last.of("dport") == Condition("dport", ("1", "2", "3-5"))
    assert rule(seen, "POSTROUTING").action == "masquerade"
    assert rule(seen, "FORWARD").of("ct-state") == Condition("ct-state", ("related", "established"))


def test_a_chain_of_another_table_is_none() -> None:
    """What is a chain in one table is a target in another."""
    text = "*nat\n:LOG - [0:0]\n-A LOG -j LOG\nCOMMIT\n*filter\n:INPUT ACCEPT\n-A INPUT -j LOG\n"
    first, second = parse_iptables(text, "ip6tables").rules
    assert (first.action, first.target, first.family) == ("jump", "LOG", "ip6")
    assert (second.action, second.target) == ("log", "")


@pytest.mark.parametrize(
    ("goal", "parts"),
    [
        ("172.17.0.3:80", ("172.17.0.3", "80")),
        ("172.17.0.3", ("172.17.0.3", "")),
        ("[fd00::2]:80", ("fd00::2", "80")),
        ("fd00::2", ("fd00::2", "")),
        (":53", ("", "53")),
        ("8080", ("", "8080")),
        ("8080-8090", ("", "8080-8090")),
        ("10.0.0.1-10.0.0.5:1-2", ("10.0.0.1-10.0.0.5", "1-2")),
        ("", ("", "")),
    ],
)
def test_goals(goal: str, parts: tuple[str, str]) -> None:
    """Address and port of --to-destination are told apart, in every way to write them."""
    assert split_goal(goal) == parts


@pytest.mark.parametrize("text", ["nonsense", "*nat\n:DOCKER", '*nat\n-A X --comment "a', "-A "])
def test_other_text_is_refused(text: str) -> None:
    """What iptables-save does not print is named as such."""
    with pytest.raises(Garbled):
        parse_iptables(text)


@given(st.text(max_size=200))
@example("[1:2] -A")
@example("*nat\n[1:1] -A A -j")
@example("*\n-A A ! ! - -- -j -g -d")
@example("*nat\n-A A -p tcp --dport 9 -j DNAT --to-destination [")
def test_no_text_breaks_the_parsers(text: str) -> None:
    """Any text at all gives rules or an error of ours."""
    for said in (text, f"*nat\n-A X {text}", f":{text}"):
        with suppress(LabError):
            parse_iptables(said)
    with suppress(LabError):
        parse_nft(text)


# -- nft


@pytest.fixture
def native() -> Ruleset:
    """What nft said of the rules in published.nft."""
    return parse_nft((RULES / "published.json").read_text())


def test_nft_published_port(native: Ruleset) -> None:
    """The same port reads the same from nft."""
    seen = rule(native, "nat-published")
    assert seen.conditions == (
        Condition("iifname", ("lab0",), True),
        Condition("protocol", ("tcp",)),
        Condition("dport", ("8080",)),
    )
    assert (seen.action, seen.to_address, seen.to_port) == ("dnat", "192.0.2.2", "80")
    assert (seen.packets, seen.bytes, seen.comment) == (0, 0, "DNAT")


def test_nft_jumps(native: Ruleset) -> None:
    """Jumps name their chain, verdict maps all that they can lead to."""
    seen = rule(native, "nat-PREROUTING")
    assert (seen.action, seen.target) == ("jump", "nat-published")
    assert seen.of("daddr-type") == Condition("daddr-type", ("local",))
    assert rule(native, "nat-OUTPUT").of("daddr") == Condition("daddr", ("127.0.0.0/8",), True)
    mapped = rule(native, "filter-FORWARD")
    assert (mapped.action, mapped.target) == ("vmap", "filter-forward-in-jumps")
    assert native.maps == (
        ("ip", "docker-bridges", "filter-forward-in-jumps", ("filter-forward-in__lab0",)),
    )


def test_nft_values(native: Ruleset) -> None:
    """Sets, ranges, prefixes and IPv6 come as nft writes them."""
    ranged = rule(native, "pods")
    assert ranged.of("dport") == Condition("dport", ("9000-9010",))
    assert (ranged.to_address, ranged.to_port) == ("10.88.0.2", "8000-8010")
    assert rule(native, "pods", 1).of("protocol") == Condition("protocol", ("tcp", "udp"))
    six = next(each for each in native.rules if each.family == "ip6")
    assert (six.to_address, six.to_port) == ("fd00::2", "80")
    state = rule(native, "filter-forward-in__lab0")
    assert state.of("ct-state") == Condition("ct-state", ("established", "related"))
    assert rule(native, "nat-POSTROUTING").action == "masquerade"
    hooks = {chain.name: (chain.hook, chain.policy) for chain in native.chains}
    assert hooks["nat-PREROUTING"] == ("prerouting", "accept")
    assert hooks["nat-published"] == ("", "")


def test_what_iptables_made_is_marked() -> None:
    """Of a rule that iptables made, nft tells only that there is one."""
    said = {"expr": [{"xt": {"type": "target", "name": "DNAT"}}], "table": "nat", "family": "ip"}
    (seen,) = parse_nft(json.dumps({"nftables": [{"rule": said}]})).rules
    assert seen.of("xt") is not None
    assert seen.action == ""


def test_no_rules() -> None:
    """Nothing said is no rules."""
    assert parse_nft("").rules == ()
    assert parse_iptables("").rules == ()


WORDS = """nftables rule chain map expr match left right op payload meta ct fib set range prefix
addr len port dnat jump vmap counter packets flags elem data"""
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_json_breaks_the_parser(value: object) -> None:
    """Any JSON at all gives rules or an error of ours."""
    for said in (
        value,
        {"nftables": value},
        {"nftables": [value, {"rule": value, "map": value}]},
        {"nftables": [{"rule": {"expr": value}}, {"rule": {"expr": [value]}}]},
        {"nftables": [{"rule": {"expr": [{"match": value, "dnat": value, "vmap": value}]}}]},
    ):
        with suppress(LabError):
            parse_nft(json.dumps(said))
