"""The map of Docker's commands: read, checked, and written as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import paths
from tools.sphinx import command_map
from tools.sphinx.command_map import Command

RUN = Command("docker run, docker start", "docker/010-run", {"layers": "adds one"})


def test_a_row_has_a_cell_for_each_mechanism(tmp_path: Path) -> None:
    """What a command does stands in its mechanism's column; the lab is linked when it is there."""
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "010-run.md").write_text("# Run, watch\n")
    row = command_map.table((RUN,), tmp_path).splitlines()[3]
    assert row == (
        "| `docker run`, `docker start` |  |  | adds one |  |  | [Run, watch](010-run.md) |"
    )


def test_a_lab_to_come_is_not_linked(tmp_path: Path) -> None:
    """A link to nothing would stop the build."""
    assert "| not written yet |" in command_map.table((RUN,), tmp_path)


def test_unknown_mechanisms_are_named() -> None:
    """A slip in the file is an error with the names that exist."""
    with pytest.raises(ValueError, match="docker run: the mechanisms are namespaces, cgroups"):
        command_map.read("[{command: docker run, lab: x, cgroup: makes one}]")
    with pytest.raises(ValueError, match="docker ps"):
        command_map.read("[{command: docker ps, lab: x}]")


def test_the_books_map_is_whole() -> None:
    """Every mechanism is used by some command, and no command stands there twice."""
    found = command_map.read((paths.BOOK / "docker" / "commands.yml").read_text(encoding="utf-8"))
    assert {name for each in found for name in each.does} == set(command_map.MECHANISMS)
    assert len({each.command for each in found}) == len(found)
