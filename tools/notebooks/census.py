"""How many notebooks, code cells and checks exist, and which have gone missing.

A test harness that matches nothing passes. So the harness counts what ran, and this module
says, from the files alone, what there is to run:

- every notebook on disk stands in `_toc.yml`, and every entry of it is a page on disk;
- every exercise registered in `helpers/checks/` is checked in its lab, and the other way
  round (read from the source, without importing it);
- every check stands in `book/checks.yml`. The recorder adds new ones; one that is gone is
  a fault until somebody takes it off the list (`python -m tools.notebooks census --write`).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from helpers.errors import BookError, LabError
from tools.notebooks import outline
from tools.notebooks.book import Book, read, tags
from tools.notebooks.normalise import code_cells

_CHECK = re.compile(r"\bhere\.check\(\s*[\"']([^\"']+)[\"']\s*\)")
_HEADER: Final = """\
# Every check in the book, so that none can vanish unnoticed: how often each exercise is
# checked, and how many cells assert facts. `make record` adds new ones;
# `python -m tools.notebooks census --write` writes the list anew when one is gone on purpose.
"""


@dataclass(frozen=True)
class Checks:
    """The checks of one notebook: how often each exercise is checked, and cells that assert."""

    exercises: dict[str, int] = field(default_factory=dict)
    cells: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.exercises.values()) + self.cells


@dataclass(frozen=True)
class Counted:
    """One notebook as it stands on disk. check_cells: numbers (from 0) of code cells that check."""

    name: str
    cells: int
    checks: Checks
    check_cells: frozenset[int]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Census:
    """The whole book. faults: what is wrong with it, a sentence each."""

    notebooks: dict[str, Counted]
    faults: tuple[str, ...]

    @property
    def cells(self) -> int:
        """The number of code cells."""
        return sum(each.cells for each in self.notebooks.values())

    @property
    def checks(self) -> int:
        """The number of checks."""
        return sum(each.checks.total for each in self.notebooks.values())


def take(book: Book) -> Census:
    """Count what there is and compare it with what should be."""
    notebooks, found = {}, []
    for path in book.notebooks():
        try:
            counted = count(book.name(path), read(path))
        except BookError as error:
            found.append(str(error))
        else:
            notebooks[counted.name] = counted
            found += [f"{counted.name}: {fault}" for fault in counted.faults]
    if not notebooks:
        found.append("the book has no notebook")
    for look in (_contents, _manifest, _exercises):
        try:
            found += look(book, notebooks)
        except LabError as error:
            found.append(str(error))
    return Census(notebooks, tuple(found))


def count(name: str, notebook: Any) -> Counted:
    """Count the cells and checks of one notebook, and look for its faults."""
    cells = code_cells(notebook)
    exercises: Counter[str] = Counter()
    check_cells = set()
    asserting = 0
    for number, cell in enumerate(cells):
        if outline.EXERCISE in tags(cell):
            exercises.update(_CHECK.findall(cell.source))
        asserting += outline.CHECK_CELL in tags(cell)
        if {outline.EXERCISE, outline.CHECK_CELL} & set(tags(cell)):
            check_cells.add(number)
    return Counted(
        name,
        len(cells),
        Checks(dict(sorted(exercises.items())), asserting),
        frozenset(check_cells),
        tuple(outline.faults(name, notebook)),
    )


# --- the table of contents


def _contents(book: Book, notebooks: dict[str, Counted]) -> Iterator[str]:
    entries = book.contents()
    for entry in entries:
        if not any((book.folder / f"{entry}{suffix}").is_file() for suffix in (".ipynb", ".md")):
            yield f"{entry}: stands in _toc.yml, but there is no such page"
    for entry, times in Counter(entries).items():
        if times > 1:
            yield f"{entry}: stands in _toc.yml {times} times"
    for name in sorted(set(notebooks) - set(entries)):
        yield f"{name}: is a notebook, but does not stand in _toc.yml"


# --- the list of checks


def read_manifest(book: Book) -> dict[str, Checks]:
    """Return the checks that should be there, by notebook; empty where there is no list yet."""
    if not book.manifest.is_file():
        return {}
    try:
        listed = yaml.safe_load(book.manifest.read_text(encoding="utf-8")) or {}
        return {
            name: Checks(dict(entry.get("exercises") or {}), int(entry.get("cells", 0)))
            for name, entry in listed.items()
        }
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise LabError(f"{book.manifest} cannot be read: {error}") from error


def write_manifest(book: Book, checks: dict[str, Checks]) -> None:
    """Write the list of checks; a list that says the same already is left alone."""
    if book.manifest.is_file() and read_manifest(book) == checks:
        return
    listed = {
        name: {"exercises": each.exercises, "cells": each.cells}
        for name, each in sorted(checks.items())
    }
    text = yaml.safe_dump(listed, sort_keys=False, default_flow_style=False)
    book.manifest.write_text(_HEADER + text, encoding="utf-8")


def add_to_manifest(book: Book, name: str, seen: Checks) -> None:
    """Enter the checks of one notebook that are not on the list; never take one off."""
    listed = read_manifest(book)
    before = listed.get(name, Checks())
    exercises = dict(before.exercises)
    for ident, times in seen.exercises.items():
        exercises[ident] = max(times, exercises.get(ident, 0))
    listed[name] = Checks(dict(sorted(exercises.items())), max(before.cells, seen.cells))
    write_manifest(book, listed)


def _manifest(book: Book, notebooks: dict[str, Counted]) -> Iterator[str]:
    listed = read_manifest(book)
    for name in sorted({*listed, *notebooks}):
        should = listed.get(name, Checks())
        has = notebooks[name].checks if name in notebooks else Checks()
        if name in listed and name not in notebooks:
            yield f"{name}: stands in checks.yml, but there is no such notebook"
            continue
        for ident in sorted({*should.exercises, *has.exercises}):
            yield from _differs(
                name,
                f"checks of exercise {ident!r}",
                should.exercises.get(ident, 0),
                has.exercises.get(ident, 0),
            )
        yield from _differs(name, "cells that assert facts", should.cells, has.cells)


def _differs(name: str, what: str, should: int, has: int) -> Iterator[str]:
    if has < should:
        yield f"{name}: {what}: {has}, but checks.yml lists {should}: a check is gone"
    elif has > should:
        yield f"{name}: {what}: {has}, but checks.yml lists {should}: `make record` adds them"


# --- the registered exercises


def registered(book: Book) -> set[tuple[str, str]]:
    """Return (lab, id) of every exercise that `helpers/checks/` registers, from its source."""
    found: set[tuple[str, str]] = set()
    for path in sorted((book.root / "helpers" / "checks").glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        constants = dict(_constants(module))
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                found.update(_registrations(node, constants))
    return found


def _constants(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the texts a module gives names to, as in `LAB: Final = "docker/010-run"`."""
    for node in module.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                yield target.id, str(value.value)


def _registrations(made: ast.ClassDef, constants: dict[str, str]) -> Iterator[tuple[str, str]]:
    for mark in made.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("exercise"):
            words = [
                str(word.value) if isinstance(word, ast.Constant) else constants[ast.unparse(word)]
                for word in mark.args
            ]
            yield words[0], words[1]


def _exercises(book: Book, notebooks: dict[str, Counted]) -> Iterator[str]:
    known = registered(book)
    checked = {(name, ident) for name, each in notebooks.items() for ident in each.checks.exercises}
    for lab, ident in sorted(known - checked):
        yield f"{lab}: the exercise {ident!r} is registered, but no cell checks it"
    for lab, ident in sorted(checked - known):
        yield f"{lab}: a cell checks {ident!r}, but helpers/checks/ registers no such exercise"
