"""What a lab's session calls when it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.labs import session
from helpers.records.host import Unavailable
from helpers.records.lab import Lab

LAB = Lab("tests/010-session", Path("x.ipynb"), (), (), 1, "live")


@pytest.fixture
def here() -> session.Session:
    return session.Session(LAB, "0e0d", Unavailable("none here"), "nobody")


def test_the_latest_is_called_first_and_once(here: session.Session) -> None:
    """What was begun later may rest on what was begun earlier; a second end calls nothing."""
    called: list[str] = []
    here.at_end(lambda: called.append("first"))
    here.at_end(lambda: called.append("second"))
    here.close()
    here.close()
    assert called == ["second", "first"]


def test_a_failure_does_not_keep_the_lab_from_ending(here: session.Session) -> None:
    """The others are called all the same, and nothing is raised."""
    called: list[str] = []

    def fails() -> None:
        raise RuntimeError

    here.at_end(lambda: called.append("all the same"))
    here.at_end(fails)
    here.close()
    assert called == ["all the same"]
