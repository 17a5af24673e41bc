"""The way of a packet: rules that counted, sockets that listen, and what the widget says."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_support import RULES, SAVED
from test_kernel_network import host, inner

from helpers.analysis import network as analysis
from helpers.analysis.firewall import counted
from helpers.drivers.packet_path import Watch
from helpers.errors import CommandFailed, LabError
from helpers.kernel import sockets
from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.firewall import parse_iptables, parse_nft
from helpers.records.network import Crossing, Listener, Proxy, Traffic
from helpers.views import live
from helpers.views import packet_path as view
from helpers.views.firewall import listing, rule_text
from helpers.waiting import wait_until

# as Linux 6.18 wrote them
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1B58 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 8 1 0
   2: 0200A8C0:0050 0100A8C0:9F2C 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000
   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 00000000
"""
SNMP = """\
Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm ActiveOpens PassiveOpens
Tcp: 1 3 12
"""
PROXY = Proxy(4711, "tcp", "127.0.0.1", 18080, "172.17.0.3", 80)


def crossing(
    at: float = 5.0,
    accepted: int = 4,
    listening: tuple[str, ...] = ("0.0.0.0",),
    proxy: Any = PROXY,
) -> Crossing:
    """A way by iptables' rules, beside a docker-proxy."""
    rules = [parse_iptables(SAVED)]
    ports = analysis.published(rules, [proxy] if proxy else [])
    port = next(each for each in ports if each.host_port == 18080)
    traffic = Traffic(900, 40, 0, 0), Traffic(800, 30, 0, 0)
    wired = replace(
        inner(), links=tuple(replace(each, rx=traffic[0], tx=traffic[1]) for each in inner().links)
    )
    path = analysis.packet_path(port, rules, host(), [wired])
    return Crossing(at, path, listening, accepted, 57 if proxy else None)


# -- sockets


def test_who_listens() -> None:
    """Only sockets that wait, with addresses the kernel wrote in its own order of bytes."""
    assert sockets.parse_listeners(TCP) == (
        Listener("127.0.0.1", 7000),
        Listener("0.0.0.0", 80),
    )
    assert sockets.parse_listeners(TCP6) == (Listener("::", 80), Listener("::1", 81))
    assert sockets.parse_listeners("") == ()
    with pytest.raises(Garbled):
        sockets.parse_listeners("  sl\nnonsense")


def test_how_many_came() -> None:
    """The value under its name; without it nothing is guessed."""
    assert sockets.parse_accepted(SNMP) == 12
    for text in ("", SNMP.replace("PassiveOpens", "x"), SNMP.replace("1 3 12", "1 3")):
        with pytest.raises(Garbled):
            sockets.parse_accepted(text)


@given(st.text(alphabet="0123456789ABCDEF: \nTcp", max_size=200))
def test_nothing_breaks_the_parsers(text: str) -> None:
    """Any text gives records or an error of ours."""
    for parse in (sockets.parse_listeners, sockets.parse_accepted):
        try:
            parse(text)
        except Garbled:
            continue


# -- rules that counted


def test_rules_that_counted_are_told_by_what_they_name() -> None:
    """Growth alone, of rules about the address or interface asked for."""
    before = [parse_iptables(SAVED)]
    text = SAVED.replace("[5:300]", "[7:420]").replace("[2:120]", "[9:540]")
    after = [parse_iptables(text)]
    ((rule, more),) = counted(before, after, ["172.17.0.3"])
    assert (rule.table, rule.chain, more) == ("filter", "DOCKER", 2)
    assert listing([(rule, more)]).startswith("+2  filter: -A DOCKER -d 172.17.0.3/32 ! -i")
    assert counted(before, after, ["10.0.0.1"]) == ()
    assert "No rule" in listing(())


def test_a_rule_that_is_new_counts_from_nothing() -> None:
    """And of two that are the same word for word, each is compared with its own."""
    rule = "-A FORWARD -o a -j DROP"
    twice = f"*filter\n:FORWARD ACCEPT [0:0]\n[3:9] {rule}\n[{{}}:9] {rule}"
    before, after = ([parse_iptables(twice.format(number))] for number in (4, 9))
    assert [more for _rule, more in counted(before, after, ["a"])] == [5]
    assert [more for _rule, more in counted([], after, ["a"])] == [3, 9]


def test_rules_are_written_as_one_types_them() -> None:
    """iptables' in its words without counters, nft's from what they ask and do."""
    saved = parse_iptables(SAVED).rules
    assert rule_text(saved[0]).startswith("-A FORWARD -o docker0")
    assert rule_text(saved[-1]).startswith("-A DOCKER -p tcp")
    native = parse_nft((RULES / "published.json").read_text()).rules
    (dnat,) = (rule for rule in native if rule.to_address == "192.0.2.2")
    text = rule_text(dnat)
    assert text == "iifname != lab0 protocol tcp dport 8080 dnat to 192.0.2.2:80"


# -- what the widget is given


def test_stops_stand_in_order_in_their_lanes() -> None:
    """The port, two ways beside each other, the bridge and both ends of the cable, the server."""
    state = view.state(crossing().path, "web")
    lanes = [(stop["lane"], stop["id"]) for stop in state["stops"]]
    assert lanes == [
        ("in", "port"),
        *(("rules", each) for each in ("entry0", "entry1", "dnat", "forward")),
        ("proxy", "proxy"),
        ("out", "bridge"),
        ("out", "host_end"),
        ("inside", "container_end"),
        ("inside", "process"),
    ]
    stops = {stop["id"]: stop for stop in state["stops"]}
    assert stops["port"]["what"] == "127.0.0.1, tcp 18080"
    assert "PREROUTING" in stops["entry0"]["what"]
    assert stops["entry1"]["what"].startswith("-A OUTPUT ! -d 127.0.0.0/8")
    assert stops["dnat"]["command"] == "iptables-save -c -t nat"
    assert "4711" in stops["proxy"]["detail"]
    assert (state["dnat"], state["proxy"], state["target"]) == (True, True, 80)


def test_counts_are_towards_the_container_and_back() -> None:
    """What the host sends the container gets; a rule counts one way only."""
    seen = view.frame(crossing(at=7.04), 5.0)
    assert seen["at"] == 2.0
    assert seen["counts"]["entry0"] == [2, None]
    assert seen["counts"]["dnat"] == [1, None]
    assert seen["counts"]["host_end"] == [11, 6]
    assert seen["counts"]["container_end"] == [40, 30]
    assert seen["counts"]["process"] == [4, None]
    assert "bridge" not in seen["counts"]  # it told no counters


def test_every_stop_that_counts_is_one_that_is_shown() -> None:
    """No count hangs in the air, with a proxy or without one."""
    for proxy in (PROXY, None):
        seen = crossing(proxy=proxy)
        shown = {stop["id"] for stop in view.state(seen.path, "web")["stops"]}
        assert set(view.frame(seen, 0.0)["counts"]) <= shown


# -- what it says


def said(**more: Any) -> str:
    """Return the words of one look."""
    seen = crossing(**more)
    return view.words([view.frame(seen, 5.0)], view.state(seen.path, "web"))


def test_words_tell_how_many_came_by_the_rule_and_how_many_did_not() -> None:
    """Connections taken less those counted by the rule came another way."""
    words = said()
    assert words.startswith("At 0 s: the container has taken 4 connections, and the rule")
    assert "has counted 1. 3 came another way" in words
    assert "40 packets went in by the cable, 30 came out." in words
    assert words.endswith("At port 80 of the container listens 0.0.0.0 (every address).")
    assert "another way" not in said(accepted=1)
    assert "3 came straight to the container's address." in said(proxy=None)


def test_words_tell_who_listens_and_for_whom() -> None:
    """A server that hears only itself is the commonest fault behind a published port."""
    assert said(listening=()).endswith("Nobody listens at port 80 of the container.")
    assert "alone: no packet from outside" in said(listening=("127.0.0.1",))
    assert "listens 127.0.0.1, :: (every address)." in said(listening=("127.0.0.1", "::"))


def test_without_a_rule_nothing_is_said_of_one() -> None:
    """An engine without rules leaves the proxy alone to do it."""
    seen = crossing()
    bare = replace(seen, path=replace(seen.path, port=replace(seen.path.port, dnat=None), entry=()))
    words = view.words([view.frame(bare, 5.0)], view.state(bare.path, "web"))
    assert "no rule changes the destination" in words
    assert view.words([], view.state(bare.path, "web")) == "Nothing has been seen yet."


def test_the_table_has_what_came_since_the_first_look() -> None:
    """One row for each stop; nothing where nobody counts."""
    state = view.state(crossing().path, "web")
    frames = [view.frame(crossing(5.0, 4), 5.0), view.frame(crossing(6.0, 9), 5.0)]
    told = view.still(frames, state)
    rows = {row[0]: row for row in told.rows}
    assert len(rows) == len(state["stops"])
    assert rows["Who listens there"][2:] == ["9", "", "5"]
    assert rows["A program that passes connections on"][2:] == ["57", "", "0"]
    assert rows["The published port"][2:] == ["", "", ""]
    assert all(len(row) == len(told.head) for row in told.rows)
    assert view.still([], state).rows[0][2:] == ["", "", ""]


def test_texts_are_its_own() -> None:
    """None takes the place of a sentence that all widgets share."""
    assert not set(view.texts()) & set(live._shared_texts())


# -- live


class Scripted:
    """A watch that sees one connection more each time, up to a number."""

    def __init__(self, most: int = 10**6) -> None:
        self.most, self.looks, self.closed = most, 0, False

    def look(self) -> Crossing:
        self.looks += 1
        return crossing(at=float(self.looks), accepted=min(self.looks, self.most))

    def close(self) -> None:
        self.closed = True


def test_a_way_goes_on_until_the_lab_ends() -> None:
    """Frames come while it is shown; at rest none do, and the end closes the watch."""
    ends: list[Any] = []
    watch = Scripted()
    way = view.Way(watch, ends.append, container="web", every=0.01)
    widget = way.show()
    wait_until(lambda: len(widget.frames) > 3, what="frames")
    way.rest()
    kept = len(widget.frames)
    assert way.counted("process") == watch.looks
    assert way.proxied
    time.sleep(0.05)
    assert len(widget.frames) == kept
    assert widget.still.words.startswith("At ")
    again = way.show()
    assert len(again.frames) >= kept
    ends[0]()
    assert watch.closed


def test_a_time_line_is_all_movement() -> None:
    """While nothing counts, no frame is added."""
    way = view.Way(Scripted(most=3), lambda _end: None, container="web", every=0.01)
    widget = way.show()
    wait_until(lambda: widget.frames[-1]["counts"]["process"] == [3, None], what="the third")
    time.sleep(0.1)
    way.stop()
    assert [each["counts"]["process"][0] for each in widget.frames] == [1, 2, 3]


# -- the driver


class Told:
    """A station that answers from a table."""

    def __init__(self, network: Any, answers: dict[str, str], proxies: Any = ()) -> None:
        self._network, self.answers, self._proxies = network, answers, proxies
        self.closed = False

    def network(self) -> Any:
        return self._network

    def proxies(self) -> Any:
        return self._proxies

    def say(self, argv: Any, pid: int | None = None) -> str:
        key = argv[-1] if argv[0] == "cat" else argv[0]
        if argv[0] == "sh" and "/4711/task" in argv[2]:
            key = "schedstat"
        if key not in self.answers:
            raise CommandFailed(argv, 127, "not found")
        return self.answers[key]

    def close(self) -> None:
        self.closed = True


INSIDE = {"/proc/net/tcp": TCP, "/proc/net/snmp": SNMP}


def test_a_watch_puts_both_ends_together() -> None:
    """Rules and links of the host, sockets and counters of the container; IPv6 only if there."""
    runs = "12000 7 3\n800 0 2\n"
    outer = Told(host(), {"iptables-save": SAVED, "schedstat": runs}, (PROXY,))
    for more, listening in (({}, ("0.0.0.0",)), ({"/proc/net/tcp6": TCP6}, ("0.0.0.0", "::"))):
        watch = Watch(outer, Told(inner(), INSIDE | more), 18080, clock=lambda: 3.5)  # type: ignore[arg-type]
        seen = watch.look()
        assert (seen.at, seen.accepted, seen.listening) == (3.5, 12, listening)
        assert (seen.path.port.proxy, seen.proxy_runs) == (PROXY, 5)
        assert seen.path.container_end is not None
    del outer.answers["schedstat"]
    assert watch.look().proxy_runs is None
    watch.close()
    assert outer.closed


def test_a_port_that_leads_elsewhere_is_told() -> None:
    """Neither another container's port nor one of nobody is taken for this one's."""
    outer = Told(host(), {"iptables-save": SAVED})
    for port in (1, 8080):  # nobody's; another address's
        watch = Watch(outer, Told(inner(), INSIDE), port)  # type: ignore[arg-type]
        with pytest.raises(LabError, match="does not lead"):
            watch.look()
