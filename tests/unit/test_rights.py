"""What root tried is read from lines, and told as a table and a figure."""

from __future__ import annotations

import pytest

from helpers.analysis.rights import lost, one_door_each, parse
from helpers.drivers import engine_socket
from helpers.errors import LabError
from helpers.records.engine import Endpoint
from helpers.records.rights import Trial
from helpers.views.rights import attempts, matrix

ALL = "chown it\tCHOWN\tyes\nkill it\tKILL\tyes\nmount it\tSYS_ADMIN\tOperation not permitted\n"
NO = "\tOperation not permitted"
BASE = Trial("", parse(ALL))
CHOWN = Trial("CHOWN", parse(ALL.replace("CHOWN\tyes", "CHOWN" + NO)))
NONE = Trial("ALL", parse(ALL.replace("\tyes", NO)))


def test_lines_become_attempts() -> None:
    """An error is kept as it was said, and anything else is no answer."""
    assert [each.done for each in BASE.attempts] == [True, True, False]
    assert BASE.attempts[2].said == "Operation not permitted"
    for text in ("", "Traceback (most recent call last):\n"):
        with pytest.raises(LabError):
            parse(text)


def test_each_capability_closes_its_own_act() -> None:
    """One that closes another's, or nothing, is told apart."""
    assert lost(BASE, CHOWN) == ("chown it",)
    assert one_door_each([BASE, CHOWN, NONE])
    assert not one_door_each([BASE, Trial("KILL", CHOWN.attempts)])
    assert not one_door_each([BASE, Trial("KILL", BASE.attempts)])


def test_the_figure_says_what_was_tried() -> None:
    """Its words come from the trials, and so does its title."""
    words = matrix([BASE, CHOWN, NONE]).alt.splitlines()
    assert words[0].startswith("Each capability opens one door")
    assert words[1] == "Nothing dropped: 2 of 3 done. Refused: mount it."
    assert words[2:] == [
        "CHOWN dropped: no longer chown it.",
        "ALL dropped: no longer all 2 of them.",
    ]
    assert "one door" not in matrix([BASE, Trial("KILL", BASE.attempts)]).alt


def test_a_table_of_one_trial() -> None:
    """It counts what was done."""
    said = str(attempts(BASE.attempts))
    assert "Root did 2 of 3 things" in said
    assert "Operation not permitted" in said


def test_where_the_engines_machine_has_its_socket() -> None:
    """The path of a unix socket; the usual one where the engine is elsewhere."""
    own = Endpoint("unix:///run/user/1000/docker.sock", "")
    assert engine_socket.path(own, desktop=False) == "/run/user/1000/docker.sock"
    assert engine_socket.path(own, desktop=True) == engine_socket.USUAL
    far = Endpoint("tcp://127.0.0.1:2375", "")
    assert engine_socket.path(far, desktop=False) == engine_socket.USUAL
