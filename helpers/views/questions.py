"""Predictions and quizzes: shown so that they work with and without a kernel.

A prediction is plain HTML: options to choose from and, folded away until the reader has
measured, the answer with its reason. A quiz is drawn by jupyterquiz. Both come with a
text equivalent that holds every question and answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml

from helpers.errors import BookError
from helpers.text import _
from helpers.views.cards import inline

# libyaml's where it came with PyYAML: ten times as quick, and as safe
SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD = "abcdefgh"
# jupyterquiz's own names; white text on these keeps a contrast of 4.5:1
_COLOURS = {
    "--jq-multiple-choice-bg": "#005a8e",
    "--jq-many-choice-bg": "#8a3b00",
    "--jq-mc-button-bg": "#fafafa",
    "--jq-mc-button-border": "#e0e0e0",
    "--jq-mc-button-inset-shadow": "#555555",
    "--jq-incorrect-color": "#a34700",
    "--jq-correct-color": "#00694d",
    "--jq-text-color": "#fafafa",
    "--jq-link-color": "#cfe8f7",
}


@dataclass(frozen=True)
class Option:
    """One answer to choose. why: what to tell who chose it."""

    text: str
    correct: bool
    why: str


@dataclass(frozen=True)
class Question:
    """A question with its options; one or several are correct."""

    ident: str
    question: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Shown:
    """Something to show: HTML and its text equivalent."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def load(path: Path, part: str, ident: str) -> tuple[Question, ...]:
    """Read the questions `ident` of `part` ("predict" or "quiz") from a questions.yml.

    Raises BookError where the file, the part or the id is missing.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), SafeLoader)[part][ident]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise BookError(
            _("The book has no {part} called {ident} in {path}.").format(
                part=part, ident=ident, path=path
            )
        ) from error
    asked = found if isinstance(found, list) else [found]
    return tuple(
        Question(
            ident=f"{ident}-{number}",
            question=raw["question"],
            options=tuple(
                Option(str(o["text"]), bool(o.get("correct")), o.get("why", ""))
                for o in raw["options"]
            ),
        )
        for number, raw in enumerate(asked, 1)
    )


def prediction(question: Question) -> Shown:
    """Return a question to answer before measuring; the answer is folded away."""
    name = f"predict-{question.ident}"
    rows = "".join(
        f"<div><label><input type='radio' name='{escape(name)}'> {inline(o.text)}</label></div>"
        for o in question.options
    )
    answer = " ".join(_verdict(letter, o) for letter, o in _lettered(question) if o.correct)
    html = (
        f"<fieldset class='lab-predict'><legend><strong>{_('Predict.')}</strong> "
        f"{inline(question.question)}</legend>{rows}"
        f"<details><summary>{_('After measuring: the answer')}</summary>"
        f"<p>{inline(answer)}</p></details></fieldset>"
    )
    lines = [f"{_('Predict.')} {question.question}"]
    lines += [f"  ({letter}) {option.text}" for letter, option in _lettered(question)]
    return Shown(html, "\n".join(lines))


def _lettered(question: Question) -> list[tuple[str, Option]]:
    return list(zip(_WORD, question.options, strict=False))


def _verdict(letter: str, option: Option) -> str:
    return f"({letter}) {option.text} {option.why}".strip()


def quiz(name: str, questions: tuple[Question, ...]) -> Shown:
    """Return a quiz drawn by jupyterquiz, with its text equivalent."""
    html = _jupyterquiz([_as_jupyterquiz(question) for question in questions], name)
    lines = []
    for number, question in enumerate(questions, 1):
        lines.append(f"{number}. {question.question}")
        lines += [
            f"   ({letter}){'*' if o.correct else ' '} {o.text} — {o.why}"
            for letter, o in _lettered(question)
        ]
    return Shown(html, "\n".join(lines))


def _as_jupyterquiz(question: Question) -> dict[str, Any]:
    several = sum(option.correct for option in question.options) > 1
    return {
        "question": inline(question.question),
        "type": "many_choice" if several else "multiple_choice",
        "answers": [
            {"answer": inline(o.text), "correct": o.correct, "feedback": inline(o.why)}
            for o in question.options
        ],
    }


def _jupyterquiz(questions: list[dict[str, Any]], name: str) -> str:
    """Let jupyterquiz draw, in the book's colours and under a name of ours.

    Its front door, `display_quiz`, makes up a random id at each call; its parts take one,
    and a fixed id keeps a page the same from one recording to the next.
    """
    from jupyterquiz.dynamic.loader import load_questions_script
    from jupyterquiz.dynamic.renderer import build_script, build_styles, render_div

    ident = "quiz_" + re.sub(r"\W", "_", name)
    shape = {"shuffle_questions": False, "shuffle_answers": False, "preserve_responses": False}
    box = render_div(
        ident,
        **shape,
        num=len(questions),
        max_width=760,
        border_radius=6,
        question_alignment="left",
    )
    prefix, static, url = load_questions_script(questions, ident)
    script = build_script(prefix, static, url, ident, load_js=True)
    # A MathJax of its own, and none: where the library meets a page's, it fetches another
    # from a foreign host. The function keeps its names out of the page as well.
    script = f"(() => {{ var MathJax; {script} }})();"
    return f"{box}</div>{build_styles(ident, _COLOURS)}<script>{script}</script>"
