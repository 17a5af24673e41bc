"""The search for what a killed notebook leaves: it finds nothing, and what there is to find."""

from __future__ import annotations

import dataclasses

import nbformat
import pytest

from helpers.drivers.images import reference
from helpers.paths import BOOK
from tools.interrupts.kernel import Lab, killed_after
from tools.interrupts.short import boundary_of, counted
from tools.interrupts.traces import Trace, left, unlabelled

OPEN = """import os, subprocess
from helpers.labs import lab
here = lab("docker/010-run")
run = os.environ["LABS_RUN_ID"]"""
LABELLED = f"!docker run -d --name {{here.name('web')}} {reference('busybox')} sleep 600"
# What no lab may do: past the session, so that no label says whose it is.
PAST = f"""here.docker.containers.create("{reference("busybox")}", name=f"stray-{{run}}")
started = subprocess.Popen(["sleep", "600"])"""


def a_lab(*sources: str) -> Lab:
    """A lab of these cells, which lies where a real one does."""
    cells = tuple(nbformat.v4.new_code_cell(source) for source in sources)
    return Lab("docker/010-run", BOOK / "docker", cells)


@pytest.mark.docker
def test_a_killed_lab_that_labels_leaves_nothing() -> None:
    """`labs clean` removes the container and the scratch folder of a dead kernel's run."""
    assert killed_after(a_lab(OPEN, LABELLED), 2, quiet=False) == []


@pytest.mark.docker
def test_what_bears_no_label_and_what_runs_on_is_told() -> None:
    """A container made past the session, and a process that outlives the kernel."""
    tidy = "here.docker.containers.get(f'stray-{run}').remove()"
    faults = killed_after(a_lab(OPEN, PAST, tidy), 3, quiet=False)
    assert len(faults) == 2, faults
    assert faults[0].startswith("after code cell 2 container stray-")
    assert faults[1].startswith("killed after code cell 3, `labs clean` leaves process sleep")


def test_an_error_in_a_cell_is_told() -> None:
    """Nor is what comes after it run."""
    faults = killed_after(a_lab("1 / 0", "raise SystemExit"), 2, quiet=False)
    assert faults == ["code cell 1 failed: ZeroDivisionError: division by zero"]


RUN = "7f3a"
OURS = Trace("container", "1", f"run-{RUN}-web", run=RUN)
NAMED = Trace("image", "2", f"run-{RUN}-made:latest")
THEIRS = Trace("container", "3", "shop")
OTHERS = Trace("network", "4", "run-9c1d-net", run="9c1d")
BOUND = Trace("volume", "5", "5" * 64, bound=True)
ALL = {OURS, NAMED, THEIRS, OTHERS, BOUND}


def test_whose_an_object_is() -> None:
    """On a shared engine what bears neither label nor name is a neighbour's."""
    assert unlabelled(ALL, RUN, quiet=False) == [NAMED]
    assert unlabelled(ALL, RUN, quiet=True) == [THEIRS, NAMED]
    assert set(left(ALL, RUN, quiet=False)) == {OURS, NAMED}
    assert set(left(ALL, RUN, quiet=True)) == {OURS, NAMED, THEIRS, BOUND}


def test_the_boundary_is_drawn_by_the_seed() -> None:
    """The same seed, the same boundary; all boundaries but the last cell have their day."""
    lab = a_lab(*"abcd")
    drawn = {boundary_of(lab, f"day {number}") for number in range(60)}
    assert drawn == {1, 2, 3}
    assert boundary_of(lab, "x") == boundary_of(dataclasses.replace(lab), "x")


def test_notebooks_that_ran_are_counted() -> None:
    """One failure for a notebook, however much it left; how many ran of how many is said."""
    result = counted([(), ("a", "b"), ()], 16)
    assert (result.passed, result.failed) == (2, 1)
    assert result.faults == ("a", "b")
    assert result.what == ("kernels killed in 3 of 16 notebooks",)
