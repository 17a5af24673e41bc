"""Packet filter rules as one types them, and those that have counted."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.records.firewall import Rule
from helpers.text import _


def told_by_iptables(rule: Rule) -> bool:
    """Tell whether a rule is in iptables' words; nft's are JSON."""
    return not rule.raw.startswith("[{") and "-A " in rule.raw[:50]


def rule_text(rule: Rule) -> str:
    """Return a rule as one types it, without its counters."""
    if told_by_iptables(rule):
        return rule.raw[rule.raw.index("-A ") :]
    asked = " ".join(
        f"{each.key} {'!= ' if each.negated else ''}{','.join(each.values)}"
        for each in rule.conditions
    )
    goal = ":".join(filter(None, [rule.to_address, rule.to_port]))
    done = " ".join(filter(None, [rule.action, rule.target, goal and f"to {goal}"]))
    return f"{asked} {done}".strip()


def listing(counted: Iterable[tuple[Rule, int]]) -> str:
    """Return rules with what they counted, one a line: `+2  raw: -A PREROUTING ... -j DROP`."""
    lines = [f"+{more}  {rule.table}: {rule_text(rule)}" for rule, more in counted]
    return "\n".join(lines) or _("No rule about them has counted anything.")
