"""The namespaces of 500 processes against `lsns`, in one run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.analysis.namespaces import groups
from helpers.kernel.files import LocalFiles
from helpers.kernel.namespaces import process_ids, read_namespaces
from tools.performance import in_turn, judge

PROCESSES, SPARE = 500, 50  # of those that are there some may go


@pytest.fixture(scope="module")
def crowd() -> Iterator[None]:
    """As many processes as it takes to have 500."""
    files = LocalFiles()
    missing = max(0, PROCESSES - len(process_ids(files))) + SPARE
    files.close()
    # One shell starts them and waits for its standard input to end.
    script = f"for i in $(seq {missing}); do sleep 600 & done; echo ready; read x; kill $(jobs -p)"
    with subprocess.Popen(
        ["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"ready\n"
        yield
        shell.communicate(b"\n")


@pytest.mark.benchmark(group="namespaces of 500 processes")
def test_namespaces(benchmark: Any, crowd: None) -> None:
    """One look at all namespaces, and who is in them, is five times as fast as `lsns`."""
    files = LocalFiles()

    def ours() -> int:
        return len(groups(read_namespaces(files)))

    def lsns() -> int:
        said = subprocess.run(["lsns", "--noheadings"], capture_output=True, check=True)
        return said.stdout.count(b"\n")

    times = in_turn(benchmark, ours, lsns, rounds=30, clock=time.perf_counter)
    assert ours() >= 7
    assert len(process_ids(files)) >= PROCESSES
    files.close()
    mine, theirs = map(min, times)
    judge(benchmark, "namespaces", theirs / mine, f"{mine * 1e3:.0f} ms", f"{theirs * 1e3:.0f} ms")
