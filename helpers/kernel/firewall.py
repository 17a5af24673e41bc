"""Packet filter rules: from `iptables-save -c` and from `nft -j list ruleset`, in one form.

Rules that iptables made are told by iptables-save alone, whether the kernel keeps them in
nftables or in the legacy tables: nft shows only that there is something ("xt").
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Final

from helpers.kernel.cgroup_paths import Garbled
from helpers.records.firewall import Chain, Condition, Rule, Ruleset, Source

NFT: Final = ("nft", "-j", "list", "ruleset")
SAVERS: Final[dict[Source, tuple[str, ...]]] = {
    "iptables": ("iptables-save", "-c"),
    "ip6tables": ("ip6tables-save", "-c"),
    "iptables-legacy": ("iptables-legacy-save", "-c"),
    "ip6tables-legacy": ("ip6tables-legacy-save", "-c"),
}
_COUNTED: Final = re.compile(r"\[(\d{1,20}):(\d{1,20})\]", re.ASCII)
_CHAIN: Final = re.compile(r":(\S+) (\S+)(?: \[(\d{1,20}):(\d{1,20})\])?", re.ASCII)
_KEYS: Final = {
    "-p": "protocol",
    "-s": "saddr",
    "-d": "daddr",
    "-i": "iifname",
    "-o": "oifname",
    "--dport": "dport",
    "--dports": "dport",
    "--sport": "sport",
    "--sports": "sport",
    "--dst-type": "daddr-type",
    "--src-type": "saddr-type",
    "--ctstate": "ct-state",
}
_TARGETS: Final = ("--to-destination", "--to-source", "--to-ports")
_HOOKS: Final = frozenset(["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"])
_PLAIN: Final = frozenset(
    ["accept", "drop", "return", "reject", "dnat", "snat", "masquerade", "redirect"]
)


# -- iptables-save


def parse_iptables(text: str, source: Source = "iptables") -> Ruleset:
    """Parse what iptables-save -c (or without -c) prints. Raises Garbled."""
    family = "ip6" if source.startswith("ip6") else "ip"
    table = ""
    names: set[str] = set()
    chains: list[Chain] = []
    rules: list[Rule] = []
    for raw in text.split("\n"):
        line = raw.strip()
        if not line or line.startswith("#") or line == "COMMIT":
            continue
        if line.startswith("*"):
            table, names = line[1:], set()
        elif line.startswith(":"):
            chains.append(_iptables_chain(family, table, line))
            names.add(chains[-1].name)
        elif "-A " in line[:50]:
            rules.append(_iptables_rule(family, table, line, names))
        else:
            raise Garbled(source, line)
    return Ruleset(source, tuple(chains), tuple(rules))


def _iptables_chain(family: str, table: str, line: str) -> Chain:
    found = _CHAIN.fullmatch(line)
    if found is None:
        raise Garbled("iptables-save", line)
    name, policy, packets, size = found.groups()
    base = name in _HOOKS
    return Chain(
        family=family,
        table=table,
        name=name,
        hook=name.lower() if base else "",
        policy=policy.lower() if policy != "-" else "",
        packets=int(packets) if packets and base else None,
        bytes=int(size) if size and base else None,
    )


def _iptables_rule(family: str, table: str, line: str, chains: set[str]) -> Rule:
    try:
        words = shlex.split(line)
    except ValueError:
        raise Garbled("iptables-save", line) from None
    counted = _COUNTED.fullmatch(words[0]) if words else None
    if counted is not None:
        words = words[1:]
    if len(words) < 2 or words[0] != "-A":
        raise Garbled("iptables-save", line)
    options = _options(words[2:])
    said = {key: values for key, values, _negated in options}
    name = next(iter(said.get("-j", ()) or said.get("-g", ())), "")
    chained = name in chains
    goal = next((said[key][0] for key in _TARGETS if said.get(key)), "")
    address, port = split_goal(goal)
    return Rule(
        family=family,
        table=table,
        chain=words[1],
        conditions=tuple(
            Condition(_KEYS.get(key, key.lstrip("-")), _values(key, values), negated)
            for key, values, negated in options
            if key not in ("-j", "-g", "-m", "--comment", *_TARGETS)
        ),
        action=("goto" if "-g" in said else "jump") if chained else name.lower(),
        target=name if chained else "",
        to_address=address,
        to_port=port,
        packets=int(counted[1]) if counted else None,
        bytes=int(counted[2]) if counted else None,
        comment=" ".join(said.get("--comment", ())),
        raw=line,
    )


def _options(words: list[str]) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return (option, its values, negated) for each option, in order."""
    found: list[tuple[str, list[str], bool]] = []
    negated = False
    for word in words:
        if word == "!":
            negated = True
        elif word.startswith("-") and len(word) > 1 and not word[1].isdigit():
            found.append((word, [], negated))
            negated = False
        elif found:
            found[-1][1].append(word)
    return [(key, tuple(values), negated) for key, values, negated in found]


def _values(key: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if key in ("-s", "-d"):
        return tuple(prefix(each) for each in values)
    split = [part for each in values for part in each.split(",")]
    if "port" in key:
        split = [part.replace(":", "-") for part in split]
    return tuple(part.lower() if key in ("--ctstate", "--dst-type") else part for part in split)


def prefix(address: str) -> str:
    """Return a prefix without a mask of full length, which says nothing."""
    host, _slash, mask = address.partition("/")
    return host if mask == ("128" if ":" in host else "32") else address


def split_goal(goal: str) -> tuple[str, str]:
    """Split `172.17.0.2:80`, `[fd00::2]:80`, `:53`, `8080` into address and port."""
    if goal.startswith("["):
        address, _bracket, port = goal[1:].partition("]")
        return address, port.removeprefix(":")
    if goal.count(":") > 1:
        return goal, ""
    if goal.isascii() and goal.replace("-", "").isdigit():
        return "", goal
    address, _colon, port = goal.partition(":")
    return address, port.partition("/")[0]


# -- nft


def parse_nft(text: str) -> Ruleset:
    """Parse what nft -j list ruleset prints (libnftables-json(5)). Raises Garbled."""
    try:
        said = json.loads(text) if text.strip() else {"nftables": []}
        listed = said["nftables"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Garbled("nft", text) from None
    if not isinstance(listed, list):
        raise Garbled("nft", text)
    chains, rules, maps = [], [], []
    for each in listed:
        if not isinstance(each, dict):
            continue
        for kind, what in each.items():
            if not isinstance(what, dict):
                continue
            if kind == "chain":
                chains.append(_nft_chain(what))
            elif kind == "rule":
                rules.append(_nft_rule(what))
            elif kind == "map":
                maps.append((*_place(what), _text(what, "name"), tuple(_led_to(what.get("elem")))))
    return Ruleset("nft", tuple(chains), tuple(rules), tuple(maps))


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _place(said: dict[str, Any]) -> tuple[str, str]:
    return _text(said, "family"), _text(said, "table")


def _nft_chain(said: dict[str, Any]) -> Chain:
    family, table = _place(said)
    name, hook, policy = (_text(said, key) for key in ("name", "hook", "policy"))
    return Chain(family, table, name, hook, policy, None, None)


def _led_to(value: Any) -> list[str]:
    """Return the chains that a verdict map's elements jump to."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += reversed(here)
        elif isinstance(here, dict):
            for key, inner in here.items():
                if key in ("jump", "goto") and isinstance(inner, dict):
                    found.append(_text(inner, "target"))
                else:
                    waiting.append(inner)
    return found


def _nft_rule(said: dict[str, Any]) -> Rule:
    family, table = _place(said)
    expressions = said.get("expr")
    conditions: list[Condition] = []
    action = target = address = port = ""
    packets = size = None
    for expression in expressions if isinstance(expressions, list) else []:
        for kind, what in expression.items() if isinstance(expression, dict) else ():
            if kind == "match" and isinstance(what, dict):
                conditions += _nft_conditions(what)
            elif kind == "counter" and isinstance(what, dict):
                packets, size = _count(what, "packets"), _count(what, "bytes")
            elif kind == "xt":
                conditions.append(Condition("xt", (_shown(what),)))
            elif kind in ("jump", "goto") and isinstance(what, dict):
                action, target = kind, _text(what, "target")
            elif kind == "vmap" and isinstance(what, dict):
                action, target = kind, _shown(what.get("data")).removeprefix("@")
            elif kind in _PLAIN:
                action = kind
                if isinstance(what, dict):
                    address, port = _shown(what.get("addr")), _shown(what.get("port"))
    raw = json.dumps(expressions, separators=(",", ":"))
    return Rule(
        family, table, _text(said, "chain"), tuple(conditions), action, target, address, port,
        packets, size, _text(said, "comment"), raw,
    )  # fmt: skip


def _count(said: dict[str, Any], key: str) -> int | None:
    value = said.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _nft_conditions(said: dict[str, Any]) -> list[Condition]:
    left, right = said.get("left"), said.get("right")
    if not isinstance(left, dict):
        return []
    key = _nft_key(left)
    values = tuple(prefix(_shown(each)) for each in _each(right))
    negated = said.get("op") == "!="
    found = [Condition(key, values, negated)]
    payload = left.get("payload")
    protocol = _text(payload, "protocol") if isinstance(payload, dict) else ""
    if key in ("dport", "sport") and protocol in ("tcp", "udp", "sctp", "dccp"):
        found.insert(0, Condition("protocol", (protocol,)))
    return found


def _nft_key(left: dict[str, Any]) -> str:
    """Return what a match looks at, under the name that iptables' options have here."""
    for kind, what in left.items():
        if not isinstance(what, dict):
            continue
        if kind == "payload":
            return _text(what, "field")
        if kind == "meta":
            key = _text(what, "key")
            return "protocol" if key == "l4proto" else key
        if kind == "ct":
            return f"ct-{_text(what, 'key')}"
        if kind == "fib":
            flags = what.get("flags")
            first = flags[0] if isinstance(flags, list) and flags else flags
            return f"{_shown(first)}-{_text(what, 'result')}"
    return next(iter(left), "")


def _each(right: Any) -> list[Any]:
    if isinstance(right, dict) and isinstance(right.get("set"), list):
        right = right["set"]
    return right if isinstance(right, list) else [right]


def _shown(value: Any) -> str:
    """Return a value of nft's JSON as nft writes it in its own language."""
    if value is None:
        return ""
    if isinstance(value, dict):
        ends = value.get("range")
        if isinstance(ends, list) and len(ends) == 2:
            return f"{_shown(ends[0])}-{_shown(ends[1])}"
        inner = value.get("prefix")
        if isinstance(inner, dict):
            return f"{_shown(inner.get('addr'))}/{_shown(inner.get('len'))}"
        return json.dumps(value, separators=(",", ":"))
    return value if isinstance(value, str) else json.dumps(value)
