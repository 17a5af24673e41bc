"""`make test`: run each kind of test, go on past failures, and end with a table of counts.

    python -m tools.summary                  everything
    python -m tools.summary notebooks pages  these kinds

A harness that runs nothing passes. So each kind is held against a count made without
running it: linters say how many files they looked at, every `def test...` in the files must
have given a result, and the notebooks are counted by a census of their own. Fewer is a
failure. The last line is always of the shape `N passed, N failed`, with `, N skipped` where
tests were skipped (pytest has printed the reasons). LABS_REQUIRE_LIVE=1 (for CI) turns
notebook cells skipped for a missing need into failures.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tools.engines.matrix import OnCurrent
from tools.interrupts.short import Killed
from tools.suites import ROOT, Result, Run, Suite

BIN: Final = Path(sys.executable).parent
INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Program:
    """A program that looks at files and says at how many: counted as one test.

    files: finds the number in its output (or each file, with an empty group); where it does
    not tell, in that of `told_by`. A program that looked at none has failed.
    """

    argv: tuple[str, ...]
    files: str
    told_by: tuple[str, ...] = ()
    noun: str = "files"

    def __call__(self) -> Result:
        """See Run."""
        name = " ".join(self.argv)
        print(f"$ {name}", flush=True)
        status, printed = _printed(self.argv, show=True)
        if self.told_by:
            _status, printed = _printed(self.told_by, show=False)
        counted = sum(int(number or 1) for number in re.findall(self.files, printed))
        if status != 0:
            return Result(failed=1, faults=(f"`{name}` ended with status {status}",))
        if not counted:
            return Result(failed=1, faults=(f"`{name}` looked at no file",))
        return Result(passed=1, what=(f"{counted} {self.noun}",))


def _printed(argv: Sequence[str], *, show: bool) -> tuple[int, str]:
    """Run a program of this environment; return its status and what it printed."""
    own = BIN / argv[0]
    # Not through helpers.command: what it prints is shown while it runs.
    with subprocess.Popen(
        [str(own) if own.exists() else argv[0], *argv[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    ) as running:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if show:
                print(line, end="", flush=True)
    return running.returncode, "".join(lines)


@dataclass(frozen=True)
class Book:
    """Every notebook, through the harness of `tools.notebooks`. more: arguments for pytest."""

    more: tuple[str, ...] = ()

    def __call__(self) -> Result:
        """See Run."""
        line = ["tools.notebooks", "test"]
        line += ["--require-live"] if os.environ.get("LABS_REQUIRE_LIVE") else []
        line += ["--", *self.more] if self.more else []
        print(f"$ python -m {' '.join(line)}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "notebooks.json"
            status = subprocess.run(
                [sys.executable, "-m", *line],
                cwd=ROOT,
                env={**os.environ, "LABS_RESULTS": str(report)},
                check=False,
            ).returncode
            found = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        return of_book(status, found)


def of_book(status: int, found: Mapping[str, object]) -> Result:
    """Turn what the notebook harness wrote (LABS_RESULTS) into a Result."""
    count = {key: value for key, value in found.items() if isinstance(value, int)}
    listed = found.get("faults")
    faults = [str(fault) for fault in listed] if isinstance(listed, list) else []
    failed = count.get("failed", 0)
    if not count.get("cells") or (status != 0 and not failed):
        faults.append(f"the notebook harness ended with status {status}")
        failed += 1
    return Result(
        count.get("passed", 0),
        failed,
        count.get("skipped", 0),
        tuple(
            f"{count.get(key, 0)} {noun}"
            for key, noun in (
                ("notebooks", "notebooks"),
                ("cells", "code cells"),
                ("checks", "checks"),
            )
        ),
        tuple(faults),
    )


# --- the table


# Tests that share no engine run side by side, on as many cores as `make check` takes.
WORKERS: Final = ("-n", "logical", "--maxprocesses", "4")
# Labs wait more than they compute; those that measure the machine run alone all the same.
SIDE_BY_SIDE: Final = ("-n", "3", "--dist", "loadscope")
# tests/pages/conftest.py says what stays together.
IN_TWO: Final = ("-n", "2", "--dist", "loadscope")
TYPED_FILES: Final = r"no issues found in (\d+) source files?"

TYPED_TOOLS: Final = (
    *("-p", "tools.engines", "-p", "tools.notebooks", "-p", "tools.npm"),
    *("-p", "tools.go", "-p", "tools.new_lab", "-p", "tools.interrupts"),
    *("-m", "tools.binder", "-m", "tools.bootstrap", "-m", "tools.prepare", "-m", "tools.start"),
    *("-m", "tools.suites", "-m", "tools.summary"),
)

KINDS: Final[dict[str, tuple[Run, ...]]] = {
    "lint": (
        Program(
            ("ruff", "check", "."),
            r"(?m)\.py$()",
            told_by=("ruff", "check", "--show-files", "."),
            noun="files linted",
        ),
        Program(
            ("ruff", "format", "--check", "."),
            r"(\d+) files? already formatted",
            noun="files formatted",
        ),
        Program(("python", "-m", "tools.npm", "lint"), r"(?m)\.mjs$()", noun="modules linted"),
        Program(
            ("python", "-m", "tools.npm", "format", "--check"),
            r"All matched files use()",
            noun="format of modules",
        ),
        Program(
            ("python", "-m", "tools.go", "actionlint"),
            r"(?m)\.ya?ml$()",
            noun="workflows linted",
        ),
    ),
    "types": (
        Program(("mypy",), TYPED_FILES),
        Program(("mypy", *TYPED_TOOLS), TYPED_FILES, noun="of tools"),
    ),
    "unit": (
        Suite("tests/unit", WORKERS),
        Program(("python", "-m", "tools.npm", "test"), r"(?m)^# pass (\d+)", noun="of modules"),
    ),
    "integration": (Suite("tests/integration"),),
    "engines": (OnCurrent("containerd"),),
    # Before the notebooks: that these run then, with the same outputs, is part of it.
    "interrupts": (Killed(),),
    "notebooks": (
        Book(SIDE_BY_SIDE),
        Suite("tests/notebooks", WORKERS, noun="tests of the harness"),
    ),
    "pages": (Suite("tests/pages", IN_TWO),),
    "binder": (Suite("tests/binder"),),
}


def line(kind: str, result: Result, seconds: float) -> str:
    """Return a kind's line in the table: what, how it went, and how long it took (seconds)."""
    went = f"{result.failed} failed" if result.failed else "all passed"
    if result.skipped:
        went += f", {result.skipped} skipped"
    what = ", ".join(result.what) or "nothing"
    return f"{kind:<12} {f'{what}: {went}':<72} {seconds:6.0f} s"


def closing(result: Result) -> str:
    """Return the last line: `N passed, N failed`, and `, N skipped` where any were."""
    counts = f"{result.passed} passed, {result.failed} failed"
    return counts + (f", {result.skipped} skipped" if result.skipped else "")


def run_all(kinds: Mapping[str, Sequence[Run]]) -> int:
    """Run `kinds`, print the table and the closing line; return the exit status."""
    table: list[str] = []
    total, stopped = Result(), False
    for kind, runs in kinds.items():
        print(f"\n=== {kind}", flush=True)
        began, result = time.monotonic(), Result()
        try:
            for run in runs:
                result += run()
        except KeyboardInterrupt:
            stopped = True
            result = replace(result, failed=result.failed + 1, faults=("interrupted",))
        table.append(line(kind, result, time.monotonic() - began))
        table += [f"{'':12} {fault}" for fault in result.faults]
        total += result
        if stopped:
            break
    print("", *table, "", closing(total), sep="\n", flush=True)
    return INTERRUPTED if stopped else int(total.failed > 0 or not total.passed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the kinds that the command line names, or all; return the exit status."""
    # Started in the background of a shell, we ignore Ctrl-C, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    names = list(sys.argv[1:] if arguments is None else arguments)
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        print(f"There is no kind {', '.join(unknown)}; there are {', '.join(KINDS)}.")
        return 2
    return run_all({kind: runs for kind, runs in KINDS.items() if not names or kind in names})


if __name__ == "__main__":
    sys.exit(main())
