"""An engine that was killed does not keep the next one from starting."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from helpers.drivers.daemon import forget_dead

ME = psutil.Process().name()


@pytest.mark.parametrize("pid", ["{mine}", "4194305", "no number", ""])
def test_pid_file_of_another_process_is_removed(tmp_path: Path, pid: str) -> None:
    """A number that is no process, or one of another name, says nothing."""
    file = tmp_path / "docker.pid"
    file.write_text(pid.format(mine=os.getpid()))
    forget_dead(file, "dockerd")
    assert not file.exists()


def test_pid_file_of_a_living_engine_stays(tmp_path: Path) -> None:
    """The file of a process that is what it says is left alone."""
    file = tmp_path / "docker.pid"
    file.write_text(str(os.getpid()))
    forget_dead(file, ME)
    assert file.exists()


def test_no_pid_file_is_fine(tmp_path: Path) -> None:
    """The usual case: nothing was left behind."""
    forget_dead(tmp_path / "docker.pid", "dockerd")
