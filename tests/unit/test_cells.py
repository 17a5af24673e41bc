"""What is seen of a cell without running it."""

from __future__ import annotations

import pytest

from helpers.labs import cells


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a = 1\nb: int = 2", {"a", "b"}),
        ("ids = !docker ps -q", {"ids"}),
        ("import os\nfor i in x:\n    j = i", {"i", "j"}),
        ("def f(): ...", {"f"}),
        ("!docker run x", set()),
        ("!docker run \\\n  {x}\ny = 1", {"y"}),
    ],
)
def test_assigned_names(source: str, names: set[str]) -> None:
    """The names a cell binds are found, through shell assignments too."""
    tree = cells.parse(source)
    assert tree is not None
    assert cells.assigned(tree) == names


def test_no_python() -> None:
    """A cell that is no Python is no tree."""
    assert cells.parse("(") is None


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("!docker ps", True),
        ("!echo 1 | docker run -i x", True),
        ("x = !docker ps", True),
        ("%%bash\ndocker ps", True),
        ("!cat labs/docker/010-run/till.py", False),
        ("!ls /run/docker.sock", False),
        ("import docker", False),
    ],
)
def test_commands_with_the_word_docker(source: str, calls: bool) -> None:
    """The program is recognised in a command; a folder or a module of its name is not it."""
    tree = cells.parse(source)
    assert tree is not None
    assert cells.calls_docker(tree) is calls


def test_names_filled_into_commands() -> None:
    """Fields and variables of commands are found; Docker's own templates are none."""
    tree = cells.parse('!docker ps --format "{{.Names}}" {here.name("web")} $box {n}')
    assert tree is not None
    assert cells.filled_in(tree) == {"here.name", "box", "n"}
