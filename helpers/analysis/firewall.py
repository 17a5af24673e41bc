"""Which rules have counted between two looks: the way that packets took, by the kernel's word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from helpers.analysis.network import native
from helpers.records.firewall import Rule, Ruleset


def counted(
    before: Sequence[Ruleset], after: Sequence[Ruleset], about: Iterable[str]
) -> tuple[tuple[Rule, int], ...]:
    """Return the rules that have counted since, and how many packets, in the order told.

    about: interfaces and addresses; a rule that names none of them may have counted for
    somebody else. Rules that came meanwhile count from 0.
    """
    wanted = tuple(about)
    then: defaultdict[Any, list[int]] = defaultdict(list)
    for rule in native(before):
        then[_identity(rule)].append(rule.packets or 0)
    found = []
    for rule in native(after):
        # Of rules that are the same word for word, the first was the first before, too.
        known = then[_identity(rule)]
        more = (rule.packets or 0) - (known.pop(0) if known else 0)
        if more > 0 and any(_names(rule, each) for each in wanted):
            found.append((rule, more))
    return tuple(found)


def _identity(rule: Rule) -> tuple[Any, ...]:
    place = (rule.family, rule.table, rule.chain)
    return (*place, rule.conditions, rule.action, rule.target, rule.to_address, rule.to_port)


def _names(rule: Rule, word: str) -> bool:
    if word == rule.to_address:
        return True
    return any(word in condition.values for condition in rule.conditions)
