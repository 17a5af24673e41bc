"""Predictions hide their answer until measured; quizzes carry theirs in words too."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import paths
from helpers.errors import BookError
from helpers.views import questions

YAML = """
predict:
  half-cpu:
    question: A loop with `--cpus 0.5` will
    options:
      - {text: take 1 s}
      - {text: take 2 s <in bursts>, correct: true, why: The kernel counts `quota`.}
quiz:
  limits:
    - question: Which file holds the quota?
      options:
        - {text: cpu.max, correct: true, why: quota and period}
        - {text: cpu.stat, why: that one counts}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.yml"
    path.write_text(YAML)
    return path


def test_prediction_shows_options_and_folds_the_answer(file: Path) -> None:
    """The text equivalent asks without answering; the page folds the answer away."""
    shown = questions.prediction(questions.load(file, "predict", "half-cpu")[0])
    assert shown.text.splitlines()[1:] == ["  (a) take 1 s", "  (b) take 2 s <in bursts>"]
    before, folded = shown.html.split("<details>")
    assert "quota" not in before
    assert "<code>quota</code>" in folded
    assert "&lt;in bursts&gt;" in before


def test_quiz_is_the_same_each_time_and_has_a_text(file: Path) -> None:
    """No random id reaches the page, so a recording made again is the same."""
    asked = questions.load(file, "quiz", "limits")
    first, second = questions.quiz("limits", asked), questions.quiz("limits", asked)
    assert first == second
    assert "quiz_limits" in first.html
    assert "(a)* cpu.max — quota and period" in first.text


@pytest.mark.parametrize(("part", "ident"), [("predict", "none"), ("nothing", "x")])
def test_missing_question_is_the_books_fault(file: Path, part: str, ident: str) -> None:
    """A notebook that asks for a question nobody wrote says so."""
    with pytest.raises(BookError, match="has no"):
        questions.load(file, part, ident)


def every_question() -> list[tuple[Path, str, str]]:
    import yaml

    return [
        (path, part, ident)
        for path in sorted(paths.LABS.glob("*/*/questions.yml"))
        for part, asked in yaml.load(path.read_text(), questions.SafeLoader).items()
        for ident in asked
    ]


@pytest.mark.parametrize(
    ("path", "part", "ident"), every_question(), ids=lambda v: getattr(v, "parent", v) and str(v)
)
def test_every_question_of_the_book_can_be_answered(path: Path, part: str, ident: str) -> None:
    """Each has at least two options, one or more correct, and a reason for every option."""
    for question in questions.load(path, part, ident):
        assert len(question.options) >= 2
        assert any(option.correct for option in question.options)
        assert not all(option.correct for option in question.options)
        assert all(option.why for option in question.options if part == "quiz" or option.correct)
