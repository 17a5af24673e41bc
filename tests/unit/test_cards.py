"""Boxes say in words what they show in colour, and cannot be broken out of."""

from __future__ import annotations

import pytest

from helpers.checks import Broken, Met, NotYet, find, run_check
from helpers.errors import BookError, EngineUnavailable
from helpers.views import cards


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Met("It stopped in 0.3 s."), ["Met. It stopped in 0.3 s."]),
        (
            NotYet("It took 10 s.", "Who is PID 1?"),
            ["Not yet. It took 10 s.", "Hint: Who is PID 1?", "see labs solve"],
        ),
        (Broken("no engine"), ["The check itself broke. no engine"]),
    ],
)
def test_outcome_is_told_in_words(outcome: cards.Outcome, words: list[str]) -> None:
    """The text equivalent holds what the box holds."""
    card = cards.outcome(outcome, "see labs solve")
    assert str(card).splitlines() == words
    data, _metadata = card._repr_mimebundle_()
    assert data["text/plain"] == str(card)


def test_html_is_escaped_and_code_is_kept() -> None:
    """What a container is called cannot become markup; back-ticks become code."""
    card = cards.outcome(Met("`<script>` & `ps`"))
    assert "<code>&lt;script&gt;</code> &amp; <code>ps</code>" in card.html()
    assert "<script" not in card.html()


class Silent:
    hints = ()

    def start(self, _here: object) -> None: ...

    def solve(self, _here: object) -> None: ...

    def check(self, _here: object) -> cards.Outcome:
        raise self.error


@pytest.mark.parametrize("error", [EngineUnavailable("unix:///x"), KeyError("State")])
def test_check_that_cannot_look_is_broken(error: Exception) -> None:
    """An engine that went away, or a fault of ours, is never held against the reader."""
    exercise = Silent()
    exercise.error = error
    assert isinstance(run_check(exercise, None), Broken)


def test_unknown_exercise_is_named_with_those_there_are() -> None:
    """A misspelt exercise gives a sentence, not a KeyError."""
    with pytest.raises(BookError, match="no exercise called nothing"):
        find("docker/010-run", "nothing")
