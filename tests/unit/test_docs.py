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
