"""Packet filter rules in one form, whether iptables or nft told them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy", "nft"]


@dataclass(frozen=True)
class Condition:
    """One thing a rule asks of a packet; all must hold.

    key: "protocol", "saddr", "daddr", "sport", "dport", "iifname", "oifname", "daddr-type",
    "ct-state", or the option's own name. values: any of them will do; addresses as prefixes
    without a full-length mask, ports as "80" or "80-90". negated: none of them may be.
    """

    key: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Rule:
    """One rule.

    action: "accept", "drop", "return", "jump", "goto", "dnat", "snat", "masquerade", or what
    else it does; "" for a rule that only counts. target: the chain of a jump; the map of a
    "vmap". to_address, to_port: of dnat and snat, "" where it is kept. packets, bytes: what it
    counted, None without a counter. raw: the rule as it was told.
    """

    family: str
    table: str
    chain: str
    conditions: tuple[Condition, ...]
    action: str
    target: str
    to_address: str
    to_port: str
    packets: int | None
    bytes: int | None
    comment: str
    raw: str

    def of(self, key: str) -> Condition | None:
        """Return what the rule asks about one thing."""
        return next((each for each in self.conditions if each.key == key), None)


@dataclass(frozen=True)
class Chain:
    """One chain. hook: "prerouting", "forward", ... of a base chain; "" of others.

    policy: "accept" or "drop" of a base chain. packets, bytes: what reached the policy (None:
    nft does not count that).
    """

    family: str
    table: str
    name: str
    hook: str
    policy: str
    packets: int | None
    bytes: int | None


@dataclass(frozen=True)
class Ruleset:
    """All rules one program told. maps: of each verdict map, the chains it can lead to."""

    source: Source
    chains: tuple[Chain, ...]
    rules: tuple[Rule, ...]
    maps: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()
