"""The pytest plugin that runs the book: nbval, strict, and everything counted.

    python -m pytest -p tools.notebooks.harness --nbval --nbval-current-env \\
        --nbval-sanitize-with tests/notebooks/sanitize.cfg --census book

(`python -m tools.notebooks test` says all that.) nbval runs the cells and compares; this
plugin changes four things about it:

- What is compared. nbval alone compares strings cleaned by the patterns, JSON (plotly)
  exactly and uncleaned, no widgets, and no cell without an execution count. Here both sides
  are first reduced by `sanitise.canonical`, which says what counts; a cell tagged
  `nbval-ignore-output` must still show the same kinds of outputs and titles.
- Displays that a cell updates or clears end as a reader sees them (nbval ignores both).
- The kernel: this very Python, an environment of its own (`execute.environment`), a run id
  of its own, and an orderly end, so that a session can remove what it made.
- Needs. Where this machine lacks what a notebook declares, only its first and last cell and
  those tagged `runs-anywhere` run; the others are skipped, with the reason, and
  `--require-live` makes that a failure.

At the end come one summary line and, with `--census`, a comparison of what ran with what
there is: every notebook, code cell and check must have run (or been skipped for a named
need), and `census.take` must find no fault. `LABS_RESULTS` names a file for the counts, as
JSON. With pytest-xdist notebooks run side by side (`--dist loadscope` keeps each on one
worker); those that measure the machine run alone (tools/notebooks/quiet.py).
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any, Final

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile  # type: ignore[import-untyped]

from tools.notebooks import census, outline, provenance, quiet, sanitise
from tools.notebooks.book import Book, lab_of, nodes, tags
from tools.notebooks.execute import environment, random_run, run_of
from tools.notebooks.normalise import of_this_machine

MESSAGE_TIMEOUT: Final = 30  # seconds nbval waits for an output after a cell has ended
LOOK_EVERY: Final = 1  # seconds between two looks whether a kernel still lives
SHUTDOWN: Final = 60  # seconds a kernel has to end its session


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the harness's options."""
    group = parser.getgroup("book", "the book's notebooks")
    group.addoption("--census", action="store_true", help="fail unless the whole book ran")
    group.addoption(
        "--require-live", action="store_true", help="fail where a notebook's need is not met"
    )
    group.addoption("--book-root", default=".", help="the folder that holds book/ and _toc.yml")


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that sees all reports: the only one, or xdist's controller."""
    if config.option.nbval and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Counter(config), "book-counter")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[Any], list[Any]]:
    """Put our notebooks in the place of nbval's."""
    collected = yield
    return [
        BookNotebook.from_parent(parent, path=file_path) if type(each) is IPyNbFile else each
        for each in collected
    ]


class BookNotebook(IPyNbFile):  # type: ignore[misc]
    """A notebook of the book, in a kernel as the recorder's."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.book = Book(Path(self.config.option.book_root).resolve())
        self.run = random_run()
        self.unmet: provenance.Unmet = ()
        self.current: Any = None
        self._displays: dict[str, Any] = {}
        self._clear_first = False

    def collect(self) -> Generator[Any, None, None]:
        """Yield a cell of ours for each of nbval's."""
        cells = list(super().collect())
        for each in cells:
            place = (each.cell_num == 0, each.cell_num == len(cells) - 1)
            yield BookCell.from_parent(
                self,
                name=each.name,
                cell_num=each.cell_num,
                cell=each.cell,
                options=each.options,
                framing=any(place),
            )

    def setup(self) -> None:
        """Start the kernel, when there is a place for this notebook beside others."""
        self.place = ExitStack()
        self.place.enter_context(quiet.place(alone=quiet.wanted(self.nb)))
        needs = list(lab_of(self.nb).get("needs", []))
        self.unmet = provenance.unmet(needs)
        self.home = tempfile.TemporaryDirectory(prefix="ipython-")
        made = environment(self.book.root, self.run, Path(self.home.name))
        with environ_as(made):  # nbval has no way to hand one on
            super().setup()
        self.kernel.await_reply = partial(await_reply, self.kernel)
        words = provenance.words(needs) | of_this_machine(self.book.root)
        name = self.book.name(self.path)
        clean = sanitise.load(Path(self.config.option.nbval_sanitize_with))
        self.clean = clean.knowing({**words, self.run: "RUN", run_of(name): "RUN"})
        self.sanitize_patterns.clear()  # they have been applied when nbval would

    def teardown(self) -> None:
        """End the kernel in order: its session removes what it made at its exit."""
        with self.place:
            if self.kernel is not None and self.kernel.is_alive():
                self.kernel.kc.stop_channels()
                self.kernel.km.shutdown_wait_time = SHUTDOWN
                self.kernel.km.shutdown_kernel(now=False)
            self.home.cleanup()

    def get_kernel_message(self, timeout: float | None = None, stream: str = "iopub") -> Any:
        """Return the next message, having done to the cell's outputs what nbval leaves out."""
        message = super().get_kernel_message(timeout=timeout, stream=stream)
        if stream != "iopub" or self.current is None:
            return message
        outputs: list[Any] = self.current.test_outputs
        kind, content = message["msg_type"], message["content"]
        if kind in ("stream", "display_data", "execute_result", "error") and self._clear_first:
            outputs.clear()
            self._clear_first = False
        if kind == "clear_output":
            self._clear_first = bool(content.get("wait"))
            if not content.get("wait"):
                outputs.clear()
        elif kind in ("display_data", "execute_result", "update_display_data"):
            self._keep_display(kind, content)
        if kind in ("clear_output", "update_display_data"):
            return {**message, "msg_type": "comm_msg"}  # which nbval passes over
        return message

    def _keep_display(self, kind: str, content: Any) -> None:
        """Hand nbval the very object that a later update of the same display will change."""
        ident = (content.get("transient") or {}).get("display_id")
        if ident is None:
            return
        data = nodes(content["data"])
        for shown in self._displays.get(ident, ()):
            shown.clear()
            shown.update(data)
        if kind != "update_display_data":
            content["data"] = data
            self._displays.setdefault(ident, []).append(data)


class BookCell(IPyNbCell):  # type: ignore[misc]
    """A code cell: run, compared by its facts, and counted as run."""

    def __init__(self, *, framing: bool, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.framing = framing  # the first cell opens the lab, the last cleans up
        self.output_timeout = MESSAGE_TIMEOUT
        self.loose = outline.is_loose(self.cell, self.cell_num)
        self.options["check"] = True

    def runtest(self) -> None:
        """Run the cell and compare, unless this machine lacks what it needs."""
        unmet = self.parent.unmet
        if unmet and not self.framing and "runs-anywhere" not in tags(self.cell):
            reason = "; ".join(f"needs {need}: {why}" for need, why in unmet)
            self.user_properties.append(("unmet", reason))
            pytest.skip(reason)
        if unmet and self.framing:
            self.options["check"] = False  # it says "recorded" here, and removes nothing
        self.parent.current = self
        try:
            super().runtest()
        finally:
            self.parent.current = None
            if self.test_outputs is not None:
                self.user_properties.append(("ran", True))
        if self.cell.execution_count is None:
            self.raise_cell_error("Nothing is recorded for this cell: `make record`.")

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        """Compare the facts; nbval finds and shows the differences."""
        sides = [
            [nodes(output) for output in reduced]
            for reduced in (
                sanitise.canonical(side, self.parent.clean, loose=self.loose)
                for side in (test, ref)
            )
        ]
        passed_over = ("metadata", "traceback", "output_type", "name", "execution_count")
        return bool(super().compare_outputs(*sides, skip_compare=passed_over))


def await_reply(kernel: Any, msg_id: str, timeout: float) -> None:
    """Wait for the kernel's answer as nbval does, but not for that of a dead kernel.

    timeout: seconds. Raises queue.Empty after it, RuntimeError when the kernel has died.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            message = kernel.get_message(stream="shell", timeout=LOOK_EVERY)
        except Empty:
            if not kernel.is_alive():
                raise RuntimeError("The kernel died.") from None
            if time.monotonic() >= deadline:
                raise
            continue
        if message["parent_header"].get("msg_id") == msg_id:
            return


@contextmanager
def environ_as(made: dict[str, str]) -> Generator[None, None, None]:
    """Make `made` this process's environment for a while."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(made)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass
class Tally:
    """What became of one notebook's cells, by number (from 0)."""

    ran: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    unmet: dict[int, str] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)


class Counter:
    """Counts what ran, compares it with what there is, and says so in one line."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.book = Book(Path(config.option.book_root).resolve())
        self.census = census.Census({}, ())
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self.faults: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a cell."""
        path, _, cell = report.nodeid.partition("::Cell ")
        if not path.endswith(".ipynb") or not cell.isdigit():
            return
        tally, number = self.tallies[self._name(path)], int(cell)
        seen = dict(report.user_properties)
        if report.when == "call" and "ran" in seen:
            tally.ran.add(number)
        if report.failed:
            tally.failed.add(number)
        elif report.skipped and "unmet" in seen:
            tally.unmet[number] = str(seen["unmet"])
        elif report.skipped or hasattr(report, "wasxfail"):
            tally.skipped.add(number)  # nbval lets cells after a time-out off with an "xfail"

    def _name(self, nodeid: str) -> str:
        path = Path(self.config.rootpath, nodeid).resolve()
        return self.book.name(path) if path.is_relative_to(self.book.folder) else path.stem

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare what ran with what there is; any difference fails the session."""
        self.census = census.take(self.book)
        self.faults = [*self._faults()]
        if self.config.option.census:
            self.faults += [*self.census.faults, *self._missed()]
        if self.faults and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._write_results()

    def _faults(self) -> Generator[str, None, None]:
        for name, tally in sorted(self.tallies.items()):
            for number in sorted(tally.skipped):
                yield f"{name}: code cell {number + 1} was skipped, and not for a missing need"
            if tally.unmet and self.config.option.require_live:
                reason = next(iter(tally.unmet.values()))
                yield f"{name}: {len(tally.unmet)} cells did not run live: {reason}"

    def _missed(self) -> Generator[str, None, None]:
        """Say what of the book neither ran nor was excused."""
        for name, there in self.census.notebooks.items():
            tally = self.tallies.get(name, Tally())
            done = tally.ran | set(tally.unmet)
            if len(done) < there.cells:
                yield f"{name}: {there.cells} code cells exist, only {len(done)} ran"
            if not there.check_cells <= done:
                missed = len(there.check_cells - done)
                yield f"{name}: {len(there.check_cells)} checks exist, {missed} did not run"

    def _counts(self) -> dict[str, int]:
        ran = {name: tally for name, tally in self.tallies.items() if tally.ran or tally.unmet}
        there = self.census.notebooks
        failed = sum(len(tally.failed) for tally in ran.values())
        return {
            "notebooks": len(ran),
            "cells": sum(len(tally.ran) for tally in ran.values()),
            "checks": sum(
                len(there[name].check_cells & tally.ran)
                for name, tally in ran.items()
                if name in there
            ),
            "passed": sum(len(tally.ran - tally.failed) for tally in ran.values()),
            "failed": failed + len(self.faults),
            "skipped": sum(len(tally.unmet) for tally in ran.values()),
        }

    def _write_results(self) -> None:
        target = os.environ.get("LABS_RESULTS")
        if target:
            found = {"kind": "notebooks", **self._counts(), "faults": self.faults}
            Path(target).write_text(json.dumps(found, indent=1), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the faults, the reasons of skips, and the summary line."""
        if self.faults:
            terminalreporter.section("faults of the book", red=True, bold=True)
            for fault in self.faults:
                terminalreporter.write_line(fault)
        for name, tally in sorted(self.tallies.items()):
            for reason in sorted(set(tally.unmet.values())):
                count = sum(why == reason for why in tally.unmet.values())
                terminalreporter.write_line(f"{name}: {count} cells not run: {reason}")
        terminalreporter.write_line(self.line())

    def line(self) -> str:
        """Return the summary: `notebooks  3 notebooks, 61 code cells, 4 checks: all passed`."""
        counts = self._counts()
        ran = (
            f"notebooks  {counts['notebooks']} notebooks, {counts['cells']} code cells, "
            f"{counts['checks']} checks: "
        )
        if not counts["notebooks"]:
            ran += "nothing ran"
        else:
            ran += f"{counts['failed']} failed" if counts["failed"] else "all passed"
        return ran + (f", {counts['skipped']} cells skipped" if counts["skipped"] else "")
