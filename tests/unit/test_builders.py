"""Which `docker` builds with BuildKit: tried with programs that answer like real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.drivers.builders import find
from helpers.errors import MissingNeed
from helpers.records.builds import Builder

PLUGIN = 'case "$1" in buildx) echo github.com/docker/buildx 0.29.1 0.29.1-4;; esac'
OLD = 'case "$1" in --version) echo Docker version 20.10.24, build 297e128;; *) exit 1;; esac'
BARE = 'case "$1" in --version) echo Docker version 28.2.2, build e6534b4;; *) exit 1;; esac'


def docker(folder: Path, script: str) -> str:
    folder.mkdir()
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def search(*folders: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, folders))}


def test_a_plugin_is_taken(tmp_path: Path) -> None:
    """Whatever the command line's own version."""
    program = docker(tmp_path / "a", PLUGIN)
    found = find(search(tmp_path / "a"), tmp_path)
    assert found == Builder(program, "plugin", "0.29.1")


def test_the_next_on_the_path_is_taken(tmp_path: Path) -> None:
    """A current command line without the plugin is passed over for an old one."""
    docker(tmp_path / "a", BARE)
    program = docker(tmp_path / "b", OLD)
    found = find(search(tmp_path / "a", tmp_path / "b"), tmp_path)
    assert found == Builder(program, "built in", "20.10.24")


def test_the_labs_own_docker_is_left_out(tmp_path: Path) -> None:
    """It stands before the real one and would be called by itself."""
    docker(tmp_path / "ours", PLUGIN)
    with pytest.raises(MissingNeed):
        find(search(tmp_path / "ours"), tmp_path / "ours")


def test_without_buildkit_the_remedy_names_packages(tmp_path: Path) -> None:
    """One that cannot be started at all is no builder, either."""
    docker(tmp_path / "a", BARE)
    (tmp_path / "b").mkdir()
    broken = tmp_path / "b" / "docker"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    with pytest.raises(MissingNeed) as raised:
        find(search(tmp_path / "a", tmp_path / "b"), tmp_path)
    assert "docker-buildx-plugin" in raised.value.remedy
