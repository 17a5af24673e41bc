"""Pure: what a new lab is called, and the lines it adds to files that exist already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from helpers.errors import BookError, LabError
from helpers.text import _
from tools.sphinx.syllabus import Chapter

_NAME: Final = re.compile(r"([a-z]+)/(\d{3})-([a-z0-9]+(?:-[a-z0-9]+)*)")


class Refused(LabError):
    """A lab of this name cannot be begun."""


@dataclass(frozen=True)
class Name:
    """What a lab is called: `docker/030-build`."""

    chapter: str
    number: str
    slug: str

    @property
    def lab(self) -> str:
        """The whole name."""
        return f"{self.chapter}/{self.number}-{self.slug}"

    @property
    def module(self) -> str:
        """The module of its exercises, below `helpers/checks`."""
        return f"{self.chapter}_{self.number}"

    @property
    def title(self) -> str:
        """A title for want of a better one."""
        return self.slug.replace("-", " ").capitalize()


def parse(text: str, chapters: Iterable[str]) -> Name:
    """Return the name that `text` spells. Raises Refused."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise Refused(
            _("{name!r} is no name for a lab.").format(name=text),
            remedy=_("Chapter, number of three digits, words: make new-lab NAME=docker/030-build."),
        )
    known = list(chapters)
    if found[1] not in known:
        raise Refused(
            _("The book has no chapter called {name}.").format(name=found[1]),
            remedy=_("It has: {names}.").format(names=", ".join(known)),
        )
    return Name(*found.groups())


def free(name: Name, labs: Iterable[str]) -> None:
    """Raise Refused where the number is taken. labs: the names of those there are."""
    for lab in labs:
        if lab.startswith(f"{name.chapter}/{name.number}-"):
            raise Refused(
                _("The number {number} is taken by {lab}.").format(number=name.number, lab=lab),
                remedy=_("Choose another; numbers have gaps so that labs can come between two."),
            )


def topic_of(name: Name, wanted: str, chapters: Sequence[Chapter]) -> str:
    """Return the topic that the lab is to teach: `wanted`, or the one called as the lab is.

    Raises Refused where the chapter has no such topic that is not taught yet.
    """
    (chapter,) = (each for each in chapters if each.id == name.chapter)
    untaught = [topic.id for topic in chapter.topics if topic.taught is None]
    for topic in untaught:
        if topic == wanted or (not wanted and topic.partition(".")[2] == name.slug):
            return topic
    if not untaught:
        raise Refused(_("Every topic of {name} is taught already.").format(name=chapter.title))
    raise Refused(
        _("Which topic does {lab} teach?").format(lab=name.lab)
        if not wanted
        else _("{topic} is no topic of this chapter that waits for a lab.").format(topic=wanted),
        remedy=_("Name one with TOPIC=...: {names}.").format(names=", ".join(untaught)),
    )


def with_page(toc: str, name: Name) -> str:
    """Return the text of `_toc.yml` with the lab in its chapter, by number. Raises BookError."""
    lines = toc.splitlines()
    index = f"- file: {name.chapter}/index"
    at = next((n for n, line in enumerate(lines) if line.strip() == index), None)
    if at is None:
        raise BookError(_("_toc.yml has no line `{line}`.").format(line=index))
    margin = " " * (len(lines[at]) - len(lines[at].lstrip()) + 2)
    if lines[at + 1 : at + 2] != [f"{margin}sections:"]:
        lines.insert(at + 1, f"{margin}sections:")
    entry, place = f"{margin}  - file: {name.lab}", at + 2
    while place < len(lines) and lines[place].startswith(f"{margin}  ") and lines[place] < entry:
        place += 1
    lines.insert(place, entry)
    made = "\n".join(lines) + "\n"
    yaml.safe_load(made)
    return made


def with_topic(syllabus: str, topic: str, taught: str) -> str:
    """Return the text of `syllabus.yml` in which `topic` is `taught`. Raises BookError."""
    entry = re.compile(
        rf"(^ *- id: {re.escape(topic)}\n(?:(?! *- ).*\n)*? *taught:) null$", re.MULTILINE
    )
    made, times = entry.subn(rf"\g<1> {taught}", syllabus)
    if times != 1:
        raise BookError(_("syllabus.yml has no entry {topic} to fill in.").format(topic=topic))
    return made
