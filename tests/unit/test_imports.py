"""Imports run one way, exports are pinned, and the package opens quickly."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import helpers

PACKAGE = Path(helpers.__file__).parent
# what each room may import from; the others are above it
BELOW = {
    "records": set(),
    "kernel": {"records"},
    "analysis": {"records"},
    "drivers": {"records", "kernel", "analysis"},
    "checks": {"records", "kernel", "analysis", "drivers"},
    "views": {"records", "kernel", "analysis", "checks"},
    "labs": {"records", "kernel", "analysis", "drivers", "checks", "views", "host"},
}
ANYWHERE = {"errors", "command", "text", "waiting", "paths"}


def imported(path: Path) -> set[str]:
    """Return the rooms and modules of helpers that a file imports when it is loaded."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only or not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module == "helpers":
            found |= {alias.name for alias in node.names}
        elif node.module.startswith("helpers."):
            found.add(node.module.split(".")[1])
    return found


@pytest.mark.parametrize("room", BELOW)
def test_imports_run_one_way(room: str) -> None:
    """No room imports from one above it."""
    for path in sorted((PACKAGE / room).glob("*.py")):
        allowed = BELOW[room] | ANYWHERE | {room}
        assert imported(path) <= allowed, f"{path.name} imports {imported(path) - allowed}"


def test_records_import_nothing_of_ours() -> None:
    """Records are plain values."""
    for path in sorted((PACKAGE / "records").glob("*.py")):
        assert imported(path) <= {"records"}, path.name


def test_exports_are_pinned() -> None:
    """What notebooks may import from the top changes only on purpose."""
    assert helpers.__all__ == ["lab"]


def test_there_is_no_room_for_odds_and_ends() -> None:
    """Nothing is called utils, misc or common."""
    names = {path.stem for path in PACKAGE.rglob("*.py")}
    assert not names & {"utils", "util", "misc", "common"}
