"""A lab that wants BuildKit gets it in its cells, and everything is as before when it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.labs import buildkit, shell
from helpers.records.engine import Endpoint

BARE = """case "$1" in --version) echo Docker version 28.2.2, build e;; *) exit 1;; esac"""
OLD = """case "$1" in --version) echo Docker version 20.10.24, build 2;; build) echo old $*;; *) exit 1;; esac"""  # noqa: E501


@pytest.fixture
def two_dockers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current command line without the plugin, and an old one behind it."""
    for name, script in (("a", BARE), ("b", OLD)):
        (tmp_path / name).mkdir()
        program = tmp_path / name / "docker"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/b:/usr/bin:/bin")
    monkeypatch.delenv("DOCKER_BUILDKIT", raising=False)
    monkeypatch.delenv("BUILDX_NO_DEFAULT_ATTESTATIONS", raising=False)


@pytest.mark.usefixtures("two_dockers")
def test_cells_call_the_docker_that_has_buildkit(tmp_path: Path) -> None:
    """It labels as the lab's own does; the variables are gone when the lab is."""
    scratch = tmp_path / "scratch"
    here: Any = SimpleNamespace(scratch=scratch)
    opened = shell.enter(scratch / "bin", Endpoint("unix:///x", "x"), {"mark": "1"})
    card = buildkit.use(here)
    said = subprocess.run(["docker", "build", "."], capture_output=True, text=True, check=True)
    assert said.stdout == "old build --label mark=1 .\n"
    assert os.environ["DOCKER_BUILDKIT"] == "1"
    assert "20.10.24" in card.text
    opened.leave()
    assert "DOCKER_BUILDKIT" not in os.environ
    assert "BUILDX_NO_DEFAULT_ATTESTATIONS" not in os.environ
