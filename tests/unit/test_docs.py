"""What stands beside the book: how to cite it, under which licences, how to take part."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from helpers.paths import ROOT

# The Citation File Format's own schema (CC BY 4.0, https://citation-file-format.github.io).
SCHEMA = json.loads((Path(__file__).parent / "citation-file-format-1.2.0.json").read_text())
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
LEGAL = (ROOT / "LICENSE-text").read_text(encoding="utf-8")


def _faults(citation: dict[str, Any]) -> list[str]:
    return [fault.message for fault in jsonschema.Draft7Validator(SCHEMA).iter_errors(citation)]


def test_the_citation_is_valid() -> None:
    """GitHub and reference managers read CITATION.cff by this schema."""
    assert _faults(CITATION) == []


@pytest.mark.parametrize("key", ["authors", "cff-version", "message", "title"])
def test_a_citation_without_a_key_is_not(key: str) -> None:
    """The schema does look: each key that it asks for is missed."""
    assert _faults({name: value for name, value in CITATION.items() if name != key})


def test_the_citation_names_this_version_and_both_licences() -> None:
    """Code is cited under MIT, the book under CC BY 4.0, and both as what is here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    book = CITATION["preferred-citation"]
    assert CITATION["version"] == book["version"] == project["version"]
    assert (CITATION["license"], book["license"]) == ("MIT", "CC-BY-4.0")
    assert project["license"]["text"] == "MIT (code), CC-BY-4.0 (text)"
    assert book["title"] == CITATION["title"]
    assert (ROOT / "README.md").read_text().startswith(f"# {book['title']}\n")


def test_both_licences_are_there_whole() -> None:
    """The MIT licence in LICENSE; the legal code of CC BY 4.0, all eight sections, for the text."""
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
    assert re.findall(r"^Section (\d) -- ", LEGAL, re.MULTILINE) == list("12345678")
    assert "Attribution 4.0 International Public License" in LEGAL
    assert "creativecommons.org/licenses/by/4.0/" in LEGAL


def test_the_readme_says_which_licence_is_for_what() -> None:
    """A reader need not open the licences to know which one applies."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"## Licence\n\n(.+?)(?:\n\n|\n##|\Z)", readme, re.DOTALL)
    assert "[MIT](LICENSE)" in said
    assert "[CC BY 4.0](LICENSE-text)" in said
    assert "CITATION.cff" in said


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    """The newest section comes first and says something."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", changelog, re.MULTILINE)[0] == "Unreleased"
    newest = changelog.split("## Unreleased")[1].split("\n## ")[0]
    assert len(re.findall(r"^- ", newest, re.MULTILINE)) >= 3


# -- CONTRIBUTING.md

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return CONTRIBUTING.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_half_a_page_says_how_to_add_things() -> None:
    """The four things an author adds, in half a page, each with a way to more."""
    section = _section("How to add a notebook, a widget, a check, an image")
    assert len(section.split()) <= 220
    for what in ("notebook", "widget", "check", "image"):
        assert f"**A{'n' * (what == 'image')} {what}.**" in section
        (_more,) = re.findall(rf"\[More\]\(#add-an?-{what}\)", section)
        assert len(_section(f"Add a{'n' * (what == 'image')} {what}").split()) > 30


def test_the_makefile_has_what_authors_are_told_to_run() -> None:
    """Every `make` command of CONTRIBUTING and README is there, with the settings it names."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = CONTRIBUTING + (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert {"new-lab", "record", "check", "test"} <= told <= targets
    for setting in set(re.findall(r"\b([A-Z]{4,})=\S", CONTRIBUTING)):
        assert (
            f"$({setting}" in makefile or f"$${setting}" in makefile or f"({setting})" in makefile
        )


def test_files_that_authors_are_told_of_exist() -> None:
    """Every path in back-ticks names something; `<name>` and `<NNN>` stand for what is there."""
    told = set(re.findall(r"`((?:book|labs|helpers|tests|tools|\.github)/[^`\s#]*)`", CONTRIBUTING))
    assert len(told) > 10
    missing = {
        path
        for path in told - {"book/docker/030-build.ipynb"}
        if not list(ROOT.glob(re.sub(r"<[^>]+>", "*", path).rstrip("/")))
    }
    assert missing == set()
