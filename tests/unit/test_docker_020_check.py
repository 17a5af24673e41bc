"""What the check of docker/020-images-and-layers decides from what it read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from layers_support import Member, build, file, folder

from helpers.checks import Met, NotYet
from helpers.checks.docker_020 import Seen, judge
from helpers.records.layers import ImageStack

pytestmark = pytest.mark.slow

BASE = [folder("bin"), file("bin/sh", 2_000_000)]
PRICES = file("opt/prices", 8_000_000)
FAT = [BASE, [file("tmp/download", 8_000_000)], [PRICES], [file("tmp/.wh.download")], [PRICES]]
SLIM = [BASE, [folder("opt"), PRICES]]


def seen(slim: Sequence[Sequence[Member]] | None) -> Seen:
    return Seen(build(FAT), None if slim is None else build(slim), build([BASE]))


def test_no_image_yet() -> None:
    """Nothing built: not yet, and no error."""
    assert "no image `slim`" in judge(seen(None)).observed


@pytest.mark.parametrize(
    ("slim", "words"),
    [
        (FAT, "16,000,000 bytes that no container sees"),
        (FAT[:2] + FAT[3:], "layer 3 (`RUN step 3`): it hides what layer 2 stored as `/tmp/dow"),
        ([BASE], "`/opt/prices` is in `fat`, and not in `slim`"),
        ([*SLIM, [file("opt/more")]], "`/opt/more` is in `slim`, and not in `fat`"),
        ([BASE, [file("opt/prices", 5)]], "not the same in both: its content"),
        ([[*BASE, PRICES]], "no longer stands on its base"),
    ],
)
def test_each_way_to_fall_short_is_told_apart(slim: Sequence[Sequence[Member]], words: str) -> None:
    """Waste, missing, superfluous and changed files, and a flattened image each get their say."""
    outcome = judge(seen(slim))
    assert isinstance(outcome, NotYet)
    assert words in outcome.observed
    assert outcome.hint


def test_an_owner_counts_and_a_start_counts() -> None:
    """The same bytes with another owner, or another command, are not the same image."""
    right = seen(SLIM)
    top = right.slim.layers[-1]
    entries = tuple(replace(entry, uid=7) for entry in top.entries)
    other = ImageStack("slim", (right.slim.layers[0], replace(top, entries=entries)))
    assert "its owner" in judge(replace(right, slim=other)).observed
    assert "starts otherwise" in judge(replace(right, starts=(("1000",), ("0",)))).observed


@pytest.mark.parametrize("extra", [folder("run"), file("etc/hosts", 0), file("dev/console", 0)])
def test_met_whatever_the_builder_leaves(extra: Member) -> None:
    """Directories and the empty files that builders leave are not held against the reader."""
    outcome = judge(seen([*SLIM, [extra]]))
    assert isinstance(outcome, Met)
    assert "`fat` stores 26,000,000" in outcome.observed
