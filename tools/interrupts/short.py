"""The short form, part of `make test`: as many notebooks as begin within 100 seconds.

Which, and after which cell, is drawn by the date: another day tries others, and a failure can
be had again by its seed (LABS_SEED). What runs is said. The notebooks run once more after it,
with their outputs compared: `make test` does that in any case.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tools.interrupts.kernel import Lab, killed_after, notebooks
from tools.suites import Result

BUDGET: Final = 100  # seconds after which no further notebook begins
AT_ONCE: Final = 3  # labs wait more than they compute


def this_day() -> str:
    """Return the seed of today."""
    return os.environ.get("LABS_SEED") or datetime.now(UTC).date().isoformat()


def boundary_of(lab: Lab, seed: str) -> int:
    """Return after which of its code cells (from 1) a lab's kernel is killed."""
    return random.Random(f"{seed} {lab.name}").randint(1, max(1, len(lab.cells) - 1))


@dataclass(frozen=True)
class Killed:
    """Notebooks whose kernel is killed, each after one cell. budget: seconds."""

    budget: float = BUDGET

    def __call__(self) -> Result:
        """Kill, clean up and count."""
        seed, began = this_day(), time.monotonic()
        print(f"# seed {seed} (LABS_SEED)", flush=True)
        paths = notebooks()
        random.Random(seed).shuffle(paths)
        labs = [lab for lab in map(Lab.at, paths) if not lab.unmet]

        def one(lab: Lab) -> tuple[str, ...] | None:
            if time.monotonic() - began > self.budget:
                return None
            boundary = boundary_of(lab, seed)
            faults = killed_after(lab, boundary, quiet=False)
            where = f"{lab.name}: killed after code cell {boundary} of {len(lab.cells)}"
            print(where, *faults, sep="\n    ", flush=True)
            return tuple(f"{lab.name}: {fault}" for fault in faults)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [each for each in pool.map(one, labs) if each is not None]
        return counted(found, len(paths))


def counted(found: list[tuple[str, ...]], there: int) -> Result:
    """Return the result of what was found wrong with each notebook that ran.

    there: how many notebooks the book has.
    """
    failed = sum(bool(faults) for faults in found)
    return Result(
        len(found) - failed,
        failed,
        what=(f"kernels killed in {len(found)} of {there} notebooks",),
        faults=tuple(_flat(found)),
    )


def _flat(found: list[tuple[str, ...]]) -> Iterator[str]:
    for faults in found:
        yield from faults
