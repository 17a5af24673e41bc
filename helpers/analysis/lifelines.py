"""Read a dated table of systems: when each began and ended, with sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from helpers.errors import BookError
from helpers.records.lifelines import Lifeline, Lifelines
from helpers.text import _

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?")


def parse(text: str) -> Lifelines:
    """Parse the YAML of a table. Raises BookError: a row without date or source is no row."""
    table = yaml.safe_load(text)
    return Lifelines(year(table["read"]), tuple(_row(each) for each in table["systems"]))


def year(date: object) -> float:
    """Return `2013-10` or `2013-10-03` as a year with its part: 2013.75. Raises BookError."""
    found = _MONTH.fullmatch(str(date))
    if found is None or not 1 <= int(found[2]) <= 12:
        raise BookError(_("{date} is no month of a year.").format(date=date))
    return int(found[1]) + (int(found[2]) - 1) / 12


def _row(row: Mapping[str, Any]) -> Lifeline:
    sources = tuple(row.get("sources") or ())
    if not sources or not all(str(each).startswith("https://") for each in sources):
        raise BookError(_("{name} has no source.").format(name=row["name"]))
    began = year(row["began"])
    ended = None if row.get("ended") is None else year(row["ended"])
    if ended is not None and ended <= began:
        raise BookError(_("{name} ends before it begins.").format(name=row["name"]))
    return Lifeline(row["name"], began, ended, sources)
