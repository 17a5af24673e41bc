"""`from helpers import lab` costs far less than the Docker SDK it may later need.

A notebook's first cell should not wait for what it may never use. Both imports are timed
in fresh interpreters in the same run; the figure is their ratio.
"""

from __future__ import annotations

import subprocess
import sys

import pytest


def fresh(statement: str) -> None:
    subprocess.run([sys.executable, "-c", statement], check=True)


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("statement", ["pass", "import docker", "import helpers"])
def test_import(benchmark, statement: str) -> None:
    """Time one import in an interpreter of its own; `pass` is the floor of both."""
    benchmark.pedantic(fresh, args=(statement,), rounds=15, warmup_rounds=2)
    benchmark.extra_info["statement"] = statement
