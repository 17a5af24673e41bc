"""The crates of docker/045-inside-an-image: each is what it is called; hints give none away."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.docker_045 import NAMES, VERDICTS, judge, make, verify
from helpers.drivers import oci

TRUTH = dict(zip(NAMES, VERDICTS, strict=True))


def test_each_crate_is_found_out(tmp_path: Path) -> None:
    """Verifying finds for each exactly what was done to it."""
    published = make(tmp_path, TRUTH, {"a": "b"})
    assert {name: verify(tmp_path / name, published) for name in NAMES} == TRUTH


def test_crates_look_alike(tmp_path: Path) -> None:
    """Only their digests tell them apart; each is a layout with three blobs and its labels."""
    make(tmp_path, TRUTH, {"a": "b"})
    for name in NAMES:
        layout = oci.read(tmp_path / name)
        assert len([*(tmp_path / name / "blobs" / "sha256").iterdir()]) == 3
        assert layout.config["config"]["Labels"] == {"a": "b"}
        assert oci.paths(layout, 1) == ("/prices",)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "No verdict yet on a, b, c, d"),
        ({"a": "sound"}, "No verdict yet on b, c, d"),
        ({**TRUTH, "b": "bad"}, "`bad` is no verdict"),
        ({**TRUTH, "b": ["blob"]}, "is no verdict"),
        ({**TRUTH, "a": "blob"}, "Crate a: not `blob`"),
        ({**TRUTH, "d": "sound"}, "Crate d: not `sound`"),
    ],
)
def test_wrong_verdicts(said: dict[str, object], words: str) -> None:
    """What is missing, what is no word of ours, and the first that is wrong."""
    outcome = judge(TRUTH, said)
    assert isinstance(outcome, NotYet)
    assert words in outcome.observed
    assert outcome.hint


def test_right_verdicts() -> None:
    """A verdict on a crate that is not there does no harm."""
    assert isinstance(judge(TRUTH, TRUTH), Met)
