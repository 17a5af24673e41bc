"""The shim labels what a cell makes and leaves every other command alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.labs import shell
from helpers.labs.docker_shim import labelled
from helpers.records.engine import Endpoint

LABELS = {"caas-book.run": "7f3a", "caas-book.lab": "docker/010-run"}
OPTIONS = ["--label", "caas-book.run=7f3a", "--label", "caas-book.lab=docker/010-run"]
CHANGES = ["--change", "LABEL caas-book.run=7f3a", "--change", "LABEL caas-book.lab=docker/010-run"]


@pytest.mark.parametrize(
    ("typed", "at", "added"),
    [
        ("run -d --name web nginx", 1, OPTIONS),
        ("container run nginx", 2, OPTIONS),
        ("create nginx", 1, OPTIONS),
        ("build -t x .", 1, OPTIONS),
        ("buildx build .", 2, OPTIONS),
        ("network create net", 2, OPTIONS),
        ("volume create data", 2, OPTIONS),
        ("commit web copy", 1, CHANGES),
        ("import - copy", 1, CHANGES),
        ("--context far run nginx", 3, OPTIONS),
        ("--host=tcp://x -l debug run nginx", 4, OPTIONS),
    ],
)
def test_objects_are_labelled(typed: str, at: int, added: list[str]) -> None:
    """Options go right behind the sub-command, before the image and its own arguments."""
    argv = typed.split()
    assert labelled(argv, LABELS) == argv[:at] + added + argv[at:]


@pytest.mark.parametrize(
    "typed",
    [
        "ps -a",
        "",
        "--version",
        "exec web run build",
        "logs run",
        "network ls",
        "rm -f create",
        "network inspect create",
        "volume ls",
        "image ls",
        "start run",
    ],
)
def test_other_commands_are_left_alone(typed: str) -> None:
    """A command that makes nothing passes as typed, whatever its arguments are called."""
    assert labelled(typed.split(), LABELS) == typed.split()


def test_shell_shows_the_lab_its_own_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside the shell `docker` labels and speaks to the lab's engine; outside all is as before."""
    real = tmp_path / "real" / "docker"
    real.parent.mkdir()
    real.write_text(
        f"#!{sys.executable}\nimport json,os,sys\n"
        "print(json.dumps([sys.argv[1:], os.environ['DOCKER_HOST']]))\n"
    )
    real.chmod(real.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{real.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    before = dict(os.environ)
    lab = shell.enter(tmp_path / "bin", Endpoint("unix:///lab.sock", "test"), LABELS)
    shown = subprocess.run(
        "docker run 'a b'", shell=True, capture_output=True, text=True, check=True
    )
    assert json.loads(shown.stdout) == [["run", *OPTIONS, "a b"], "unix:///lab.sock"]
    lab.leave()
    assert dict(os.environ) == before
