"""The command line of `tools.interrupts`; see the package's docstring."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.interrupts import __doc__ as usage
from tools.interrupts.kernel import Lab, killed_after, notebooks
from tools.interrupts.short import boundary_of, this_day


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; return the exit status."""
    top = argparse.ArgumentParser(
        "tools.interrupts", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--once", action="store_true", help="one boundary of each notebook")
    top.add_argument("--seed", default=this_day(), help="chooses it (default: today's date)")
    top.add_argument("--quiet", action="store_true", help="nobody else uses this engine")
    top.add_argument("paths", nargs="*", type=Path, metavar="NOTEBOOK")
    asked = top.parse_args(arguments)
    held = failed = 0
    for path in [each.resolve() for each in asked.paths] or notebooks():
        lab = Lab.at(path)
        if lab.unmet:
            print(f"{lab.name}: not run, {lab.unmet}", flush=True)
            continue
        last = len(lab.cells)
        for boundary in [boundary_of(lab, asked.seed)] if asked.once else range(1, last + 1):
            faults = killed_after(lab, boundary, quiet=asked.quiet)
            print(
                f"{lab.name}: killed after {boundary} of {last}", *faults, sep="\n    ", flush=True
            )
            held, failed = held + (not faults), failed + bool(faults)
        failed += not asked.once and not green(path)
    print(f"{held} passed, {failed} failed")
    return int(failed > 0 or not held)


def green(path: Path) -> bool:
    """Tell whether the notebook still runs as it is stored."""
    line = [sys.executable, "-m", "tools.notebooks", "test", str(path)]
    return subprocess.run(line, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
