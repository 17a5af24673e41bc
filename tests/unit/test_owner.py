"""Dead runs are told from living ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.labs import owner


def test_this_process_is_alive() -> None:
    """What this process owns is in use."""
    assert not owner.is_dead(owner.current())


def test_a_process_that_ended_is_dead() -> None:
    """What a process owned may be removed once it has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        theirs = owner.of(child.pid)
        assert not owner.is_dead(theirs)
        child.communicate(b"\n")
    assert owner.is_dead(theirs)


def test_a_reused_pid_does_not_bring_a_run_back() -> None:
    """The same pid with another start time is another process."""
    host, boot, pid, start = owner.current().split("/")
    assert owner.is_dead(f"{host}/{boot}/{pid}/{int(start) - 100}")


def test_another_boot_is_dead_and_another_host_is_not_ours() -> None:
    """Runs from before a restart are dead; runs of other machines are left alone."""
    host, boot, pid, start = owner.current().split("/")
    assert owner.is_dead(f"{host}/{int(boot) - 60}/{pid}/{start}")
    assert not owner.is_dead(f"other-{host}/{boot}/{pid}/1")


@pytest.mark.parametrize("garbage", ["", "x", "a/b/c/d", "h/1/2", "////"])
def test_unreadable_owners_count_as_dead(garbage: str) -> None:
    """A label nobody can read protects nothing."""
    assert owner.is_dead(garbage)
