"""What the check of docker/030-build decides from what it saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.docker_030 import Seen, judge
from helpers.records.builds import Place

LAYERS = (("/usr/bin/python3",), ("/usr/lib/x.opt-2.pyc",), ("/srv/prices.csv",), ("/srv/shop.py",))
GOOD = Seen(LAYERS, (), "10001", "open: apples,3 pears,4\nclosed\n", 0)


def test_met() -> None:
    """Nothing leaks, not root, hears SIGTERM, and the slow layer is below."""
    assert isinstance(judge(GOOD), Met)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": None}, "no image `tidy`"),
        ({"said": "Permission denied"}, "should print"),
        ({"places": (Place("layer 4: /srv/token.txt", 4),)}, "layer 4: /srv/token.txt"),
        ({"user": ""}, "root"),
        ({"user": "0:0"}, "root"),
        ({"user": "root"}, "root"),
        ({"ended": 137}, "ended with 137"),
        ({"said": "open: apples,3 pears,4\n"}, "had to wait"),
        ({"layers": (*LAYERS[:1], LAYERS[3], LAYERS[1])}, "compiles them again"),
        ({"layers": (*LAYERS[:1], LAYERS[1] + LAYERS[3])}, "compiles them again"),
        ({"layers": (LAYERS[0], LAYERS[3])}, "Nothing is compiled"),
    ],
)
def test_each_fault_is_named(change: dict[str, object], words: str) -> None:
    """One at a time, with a hint."""
    outcome = judge(replace(GOOD, **change))
    assert isinstance(outcome, NotYet)
    assert words in outcome.observed
    assert outcome.hint
