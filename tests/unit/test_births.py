"""Processes born while a container starts: whose they are, and how they are drawn."""

from __future__ import annotations

import json

from helpers.analysis.births import family, merged, parse
from helpers.records.births import Birth
from helpers.views.births import timeline

IDENT = "16ddb9acfe114551"
SHIM = Birth(68, 1, "containerd-shim", 1.25, 4.99, f"containerd-shim-runc-v2 -id {IDENT}")
RUNC = Birth(79, 68, "runc", 1.26, 1.58, f"runc --root /run create {IDENT}")
INIT = Birth(92, 79, "runc:[2:INIT]", 1.29, 1.58, "runc init")
SLEEP = Birth(92, 68, "sleep", 1.58, 4.99, "sleep 600")
OTHER = Birth(70, 1, "runc", 1.20, 1.40, "runc create 0123456789ab")


def test_what_the_watcher_printed_is_read_in_order() -> None:
    """Lines that are no object are passed over; the first seen comes first."""
    lines = ["watching", json.dumps(vars_of(SLEEP)), json.dumps(vars_of(SHIM)), ""]
    assert parse(lines) == (SHIM, SLEEP)


def vars_of(birth: Birth) -> dict[str, object]:
    return {name: getattr(birth, name) for name in Birth.__dataclass_fields__}


def test_a_family_is_who_names_the_container_and_their_children() -> None:
    """Another container's runc does not belong; a grandchild without the id does."""
    assert family([OTHER, SHIM, RUNC, INIT, SLEEP], IDENT) == (SHIM, RUNC, INIT, SLEEP)
    assert family([OTHER], IDENT) == ()


def test_a_process_that_became_another_program_is_one_row() -> None:
    """It has its last name, its last parent, and all of its time."""
    (shim, runc, sleep) = merged([SHIM, RUNC, INIT, SLEEP])
    assert (shim, runc) == (SHIM, RUNC)
    assert (sleep.name, sleep.parent, sleep.first, sleep.last) == ("sleep", 68, 1.29, 4.99)


def test_the_figure_says_who_stayed() -> None:
    """Its title is counted from the births, and the words tell every row."""
    drawn = timeline(merged([SHIM, RUNC, INIT, SLEEP]), until=5)
    assert drawn.alt.splitlines() == [
        "1 came and went; containerd-shim and sleep stayed.",
        "containerd-shim: from 0.00 s, still there",
        "runc: from 0.01 to 0.33 s",
        "sleep: from 0.04 s, still there",
    ]
    assert timeline([], until=5).alt == "Nobody stayed."
