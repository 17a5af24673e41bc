"""`from helpers import lab` costs far less than the Docker SDK it may later need.

A notebook's first cell should not wait for what it may never use. Both imports are timed
in fresh interpreters in the same run; the figure is their ratio.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tools.performance import in_turn, judge, timed


def fresh(statement: str) -> None:
    subprocess.run([sys.executable, "-c", statement], check=True)


@pytest.mark.benchmark(group="import")
def test_import(benchmark: Any) -> None:
    """Both imports in interpreters of their own, less what an interpreter takes by itself."""
    acts = [lambda each=each: fresh(each) for each in ("from helpers import lab", "import docker")]
    ours, theirs = in_turn(benchmark, *acts, rounds=15)
    floor = min(timed(lambda: fresh("pass")) for _round in range(15))
    mine, sdk = (min(each) - floor for each in (ours, theirs))
    judge(benchmark, "import", mine / sdk, f"{mine * 1e3:.0f} ms", f"{sdk * 1e3:.0f} ms")
