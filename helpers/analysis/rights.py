"""Read what acts.py printed, and tell which capability opens which door. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.errors import LabError
from helpers.records.rights import Attempt, Trial
from helpers.text import _


def parse(text: str) -> tuple[Attempt, ...]:
    """Return the attempts in the lines that acts.py printed. Raises LabError on other text."""
    lines = [line.strip("\r").split("\t") for line in text.splitlines() if line.strip()]
    if not lines or any(len(line) != 3 for line in lines):
        raise LabError(
            _("That is not what acts.py prints: {text}").format(text=text[:200]),
            remedy=_("Build the room's image again, then try again."),
        )
    return tuple(Attempt(act, needs, "" if said == "yes" else said) for act, needs, said in lines)


def lost(base: Trial, other: Trial) -> tuple[str, ...]:
    """Return what was possible in `base` and no more in `other`, as acts."""
    able = {each.act for each in base.attempts if each.done}
    return tuple(each.act for each in other.attempts if each.act in able and not each.done)


def one_door_each(trials: Sequence[Trial]) -> bool:
    """Tell whether each dropped capability closed its own act and nothing else.

    The first trial has dropped nothing; one that dropped ALL is left out.
    """
    base = trials[0]
    needs = {each.act: each.needs for each in base.attempts}
    return all(
        [needs[act] for act in lost(base, each)] == [each.dropped]
        for each in trials[1:]
        if each.dropped != "ALL"
    )
