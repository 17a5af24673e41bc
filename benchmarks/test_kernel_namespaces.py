"""The namespaces of 500 processes against `lsns`, in one run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.analysis.namespaces import groups
from helpers.kernel.files import LocalFiles
from helpers.kernel.namespaces import process_ids, read_namespaces

PROCESSES = 500


@pytest.fixture(scope="module")
def crowd() -> Iterator[None]:
    """As many processes as it takes to have 500."""
    files = LocalFiles()
    missing = max(0, PROCESSES - len(process_ids(files)))
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
@pytest.mark.parametrize("what", ["lsns", "ours"])
def test_namespaces(benchmark: Any, crowd: None, what: str) -> None:
    """Time one look at all namespaces and who is in them."""
    files = LocalFiles()

    def ours() -> int:
        return len(groups(read_namespaces(files)))

    def lsns() -> int:
        said = subprocess.run(["lsns", "--noheadings"], capture_output=True, check=True)
        return said.stdout.count(b"\n")

    act = ours if what == "ours" else lsns
    benchmark.pedantic(act, rounds=15, warmup_rounds=2)
    benchmark.extra_info["processes"] = len(process_ids(files))
    assert ours() >= 7
    files.close()
