"""What `make test` counts: results, and pytest's files held against what is written in them.

A harness that runs nothing passes. So every `def test...` in a suite's files must have given
a result; one that exists and did not run is a failure.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

ROOT: Final = Path(__file__).parent.parent


def here(argv: Sequence[str], root: Path) -> int:
    """Run a command in the folder `root`; return its status."""
    # Not through helpers.command: what it prints is shown while it runs.
    return subprocess.run(argv, cwd=root, check=False).returncode


@dataclass(frozen=True)
class Result:
    """Counts of one kind. what: what was looked at, in words; faults: a sentence each."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    what: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def __add__(self, other: Result) -> Result:
        return Result(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.what + other.what,
            self.faults + other.faults,
        )


class Run(Protocol):
    """One thing to run."""

    def __call__(self) -> Result:
        """Run it, show what it prints, and count."""


@dataclass(frozen=True)
class Suite:
    """The pytest files of one folder. more: further arguments for pytest.

    chosen: only these files of it, or tests (`file.py::test[parameter]`). launch: what runs
    the command, for tests on another engine.
    """

    folder: str
    more: tuple[str, ...] = ()
    noun: str = "tests"
    root: Path = ROOT
    chosen: tuple[str, ...] = ()
    launch: Callable[[Sequence[str], Path], int] = here

    def __call__(self) -> Result:
        """See Run."""
        where = self.chosen or (self.folder,)
        exist = {name for each in where for name in written(self.root, each)}
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "report.xml"
            # nbval is the notebooks' affair: importing it costs each process 3 s here.
            quick = ["-p", "no:nbval"]
            line = ["pytest", "-q", f"--junitxml={report}", *quick, *self.more, *where]
            print(f"$ {' '.join(['python -m', line[0], line[1], *line[3:]])}", flush=True)
            status = self.launch([sys.executable, "-m", *line], self.root)
            ran = list(results(report)) if report.is_file() else []
        return self._judge(status, exist, ran)

    def _judge(self, status: int, exist: set[str], ran: Sequence[tuple[str, str]]) -> Result:
        counts = Counter(outcome for _name, outcome in ran)
        faults = [f"{name} exists, but did not run" for name in sorted(exist - {n for n, _ in ran})]
        if not exist:
            faults.append(f"{self.folder} has no tests")
        if status != 0 and not counts["failed"]:
            faults.append(f"pytest ended with status {status} in {self.folder}")
        return Result(
            counts["passed"],
            counts["failed"] + len(faults),
            counts["skipped"],
            (f"{len(ran)} {self.noun}",),
            tuple(faults),
        )


# --- what exists, and what ran


def written(root: Path, folder: str) -> Iterator[str]:
    """Yield the name of every test function under `folder`, read from the source.

    folder: may be a file, or one test of it.
    """
    file, _colons, only = folder.partition("::")
    paths = [root / file] if file.endswith(".py") else sorted((root / file).rglob("test_*.py"))
    for path in paths:
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if only:
            yield f"{module}.{only.partition('[')[0].replace('::', '.')}"
            continue
        yield from _functions(tree, module)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                yield from _functions(node, f"{module}.{node.name}")


def _functions(node: ast.Module | ast.ClassDef, where: str) -> Iterator[str]:
    for child in node.body:
        name = child.name if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else ""
        if name.startswith("test"):
            yield f"{where}.{name}"


def results(report: Path) -> Iterator[tuple[str, str]]:
    """Yield (test function, passed | failed | skipped) for each result in a JUnit report."""
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{str(case.get('name')).partition('[')[0]}"
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            yield name, "failed"
        else:
            yield name, "skipped" if "skipped" in kinds else "passed"
