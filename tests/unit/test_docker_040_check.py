"""The two shops of docker/040-ship: what is wrong with each is told, and what mends it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.docker_040 import EXPORTED, SAVED, Moved, Seen, judge, settings
from helpers.records.shipping import Traits

WANTED = {SAVED: "apples,7\nbatch ab12\n", EXPORTED: "apples,8\nbatch ab12\n"}
LAYERS = ("a", "b")
WHOLE = Traits("sha256:1", LAYERS, 3, ("sh",), ("BATCH=ab12",), ())
GOOD = {name: Seen(WHOLE, WANTED[name], "", wrapped=False) for name in WANTED}
SHUT = Seen(replace(WHOLE, cmd=()), "", "No command specified", wrapped=False)


def test_both_open() -> None:
    """Both say what they said before the move, and the saved one has its layers."""
    assert isinstance(judge(GOOD, WANTED, LAYERS), Met)


@pytest.mark.parametrize(
    ("name", "seen", "words"),
    [
        (SAVED, replace(GOOD[SAVED], traits=None), "There is no image `kiosk`"),
        (SAVED, replace(SHUT, wrapped=True), "in its root lies a `manifest.json`"),
        (EXPORTED, SHUT, "`stall` does not open: it has its files, and no command"),
        (EXPORTED, replace(GOOD[EXPORTED], output="batch\n"), "was told to open and said: batch"),
        (EXPORTED, replace(GOOD[EXPORTED], output="", failed="no prices"), "said: no prices"),
        (EXPORTED, replace(GOOD[EXPORTED], output=""), "said: nothing"),
        (
            SAVED,
            replace(GOOD[SAVED], traits=replace(WHOLE, layers=("c",))),
            "of its 2 layers it has 1 left",
        ),
    ],
)
def test_what_is_wrong_is_told(name: str, seen: Seen, words: str) -> None:
    """No image, an image in an image, no command, other settings, flattened: each by itself."""
    outcome = judge({**GOOD, name: seen}, WANTED, LAYERS)
    assert isinstance(outcome, NotYet)
    assert words in outcome.observed
    assert outcome.hint


def test_hints_go_from_looking_to_doing() -> None:
    """The first says where to look, the last is the command without what stands in the file."""
    assert "tar tf" in Moved.hints[0]
    assert "--change" in Moved.hints[-1]
    assert not any(settings("ab12").splitlines()[2] in hint for hint in Moved.hints)
