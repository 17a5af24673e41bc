"""Orchestrators then and now, and a first comparison: tables from files, each row with a source.

What is measured elsewhere and what somebody claimed are told apart in every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from helpers.errors import BookError
from helpers.text import _
from helpers.views.tables import Cell, Link, Table

KINDS: Final = ("measured", "claim")


def history(file: Path) -> Table:
    """Return the table of orchestrators in `file`. Raises BookError."""
    said = _read(file)
    rows: list[list[Cell]] = [
        [
            str(row["name"]),
            str(row["does"]),
            str(row["since"]),
            str(row["today"]),
            [Link(*each) for each in row["sources"]],
        ]
        for row in said["rows"]
    ]
    ended = sum("**" in str(row["today"]) for row in said["rows"])
    caption = _("{count} orchestrators, of which {ended} have ended (read in {date})").format(
        count=len(rows), ended=ended, date=said["read"]
    )
    return Table(caption, ["", _("does"), _("since"), _("today"), _("source")], rows)


def comparison(file: Path) -> Table:
    """Return the table that compares Swarm and Kubernetes in `file`. Raises BookError."""
    said = _read(file)
    rows: list[list[Cell]] = [
        [str(row["about"]), str(row["swarm"]), str(row["kubernetes"]), *_basis(row)]
        for row in said["rows"]
    ]
    claims = sum(row["kind"] == "claim" for row in said["rows"])
    caption = _("{claims} of {count} rows are somebody's word, with its date").format(
        claims=claims, count=len(rows)
    )
    return Table(caption, ["", "Swarm", "Kubernetes", _("how we know"), _("of")], rows)


def _basis(row: Mapping[str, Any]) -> tuple[Cell, Cell]:
    if row["kind"] == "claim":
        return Link(*row["source"]), str(row["date"])
    if row["kind"] == "measured":
        return _("will be measured in {where}").format(where=row["where"]), ""
    raise BookError(
        _("{about} is neither of {kinds}.").format(about=row["about"], kinds=", ".join(KINDS))
    )


def _read(file: Path) -> dict[str, Any]:
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not found.get("rows"):
        raise BookError(_("{file} has no rows.").format(file=file))
    return found
