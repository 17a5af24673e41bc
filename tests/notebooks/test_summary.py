"""The closing table counts what ran, and fails where less ran than exists."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.errors import MissingNeed
from tools import summary
from tools.engines import current, matrix
from tools.suites import Result, Suite, written
from tools.summary import Program

PASSING = (
    "def test_one():\n    assert True\n\n\nclass TestMore:\n    def test_two(self):\n        pass\n"
)
LOOKS = "print('looked at 3 files')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of tests outside of this project's settings."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    made = tmp_path / "tests" / "unit"
    made.mkdir(parents=True)
    (made / "test_all.py").write_text(PASSING)
    return made


def run(folder: Path, *more: str) -> Result:
    """Run the tests in `folder` as a kind."""
    quiet = ("-p", "no:hypothesispytest", "-p", "no:benchmark", "-p", "no:cacheprovider")
    return Suite("tests/unit", (*quiet, *more), root=folder.parent.parent)()


def looks(code: str, files: str = r"(\d+) files") -> Result:
    """Run a program that says at how many files it looked."""
    return Program((sys.executable, "-c", code), files)()


def test_tests_are_counted(folder: Path) -> None:
    """Functions and methods, passed and skipped."""
    (folder / "test_skip.py").write_text(
        "import pytest\n\n\ndef test_s():\n    pytest.skip('no')\n"
    )
    ran = run(folder)
    assert (ran.passed, ran.failed, ran.skipped, ran.faults) == (2, 0, 1, ())
    assert ran.what == ("3 tests",)


def test_parameters_count_each_and_satisfy_one_function(folder: Path) -> None:
    """A parametrised test gives several results for one `def`."""
    (folder / "test_many.py").write_text(
        "import pytest\n\n\n@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_n(n): ...\n"
    )
    assert (run(folder).passed, run(folder).faults) == (5, ())


def test_a_failing_test_fails_its_kind(folder: Path) -> None:
    """So does one whose fixture breaks."""
    (folder / "test_bad.py").write_text(
        "def test_bad():\n    assert 0\n\n\ndef test_x(gone): ...\n"
    )
    assert (run(folder).passed, run(folder).failed) == (2, 2)


def test_a_test_that_did_not_run_fails_its_kind(folder: Path) -> None:
    """Deselected tests exist, but gave no result: pytest itself would be content."""
    ran = run(folder, "-k", "test_one")
    assert (ran.passed, ran.failed) == (1, 1)
    assert ran.faults == ("tests.unit.test_all.TestMore.test_two exists, but did not run",)


def test_a_file_that_does_not_import_fails_its_kind(folder: Path) -> None:
    """Its tests exist and did not run."""
    (folder / "test_broken.py").write_text("import nowhere\n\n\ndef test_y():\n    pass\n")
    ran = run(folder)
    assert ran.failed
    assert "tests.unit.test_broken.test_y exists, but did not run" in ran.faults


def test_no_tests_fail_their_kind(folder: Path) -> None:
    """An empty folder is not a success."""
    (folder / "test_all.py").unlink()
    ran = run(folder)
    assert ran.failed
    assert "tests/unit has no tests" in ran.faults


def test_chosen_files_and_tests_are_held_against_themselves(folder: Path) -> None:
    """Of a choice, what is not chosen need not run; what is chosen must."""
    (folder / "test_more.py").write_text("def test_late(): ...\n\n\ndef test_b(): ...\n")
    quiet = ("-p", "no:hypothesispytest", "-p", "no:benchmark", "-p", "no:cacheprovider")
    choice = ("tests/unit/test_all.py", "tests/unit/test_more.py::test_late")
    suite = Suite("tests/unit", quiet, root=folder.parent.parent, chosen=choice)
    assert suite().what == ("3 tests",)
    assert suite().failed == 0
    lost = replace(suite, more=(*quiet, "-k", "not test_late"))()
    assert lost.faults == ("tests.unit.test_more.test_late exists, but did not run",)


def test_where_no_current_engine_can_be_had_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a reader's machine that is a skip with its reason; in CI, on Debian, a failure."""

    def nobody() -> None:
        raise MissingNeed("Only root can start an engine of its own.")

    monkeypatch.setattr(current, "need_root", nobody)
    monkeypatch.delenv("LABS_REQUIRE_LIVE", raising=False)
    on_current = matrix.OnCurrent("containerd")
    assert (on_current().failed, on_current().skipped) == (0, 1)
    assert "Only root can start" in capsys.readouterr().out
    monkeypatch.setenv("LABS_REQUIRE_LIVE", "1")
    monkeypatch.setattr(matrix, "os_release", lambda: {"ID": "debian"})
    assert on_current().failed == 1


@pytest.mark.parametrize(
    ("ran", "failed"), [(Result(5), 0), (Result(4, 1), 1), (Result(4), 1), (Result(skipped=1), 0)]
)
def test_an_engine_on_which_fewer_tests_ran_fails(ran: Result, failed: int) -> None:
    """Each engine is held against the first; one that is not to be had has said so."""
    before: list[Result] = []
    assert matrix.Held(lambda: Result(5), before)() == Result(5)
    assert matrix.Held(lambda: ran, before)().failed == failed


def test_the_short_form_names_tests_that_exist() -> None:
    """A file that was renamed does not silently leave the matrix."""
    for each in matrix.SHORT:
        assert list(written(summary.ROOT, each)), each
        assert (summary.ROOT / each.partition("::")[0]).is_file()


def test_a_program_counts_as_one_test() -> None:
    """And says at how many files it looked."""
    assert looks(LOOKS) == Result(passed=1, what=("3 files",))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("print('All checks passed!')", "looked at no file"),
        ("print('looked at 0 files')", "looked at no file"),
        (f"{LOOKS}; raise SystemExit(3)", "ended with status 3"),
    ],
)
def test_a_program_that_looked_at_nothing_or_failed_fails(code: str, fault: str) -> None:
    """A linter in the wrong folder is content with nothing."""
    ran = looks(code)
    assert (ran.passed, ran.failed) == (0, 1)
    assert fault in ran.faults[0]


def test_files_may_be_counted_one_by_one() -> None:
    """A program that lists files counts by its lines."""
    assert looks("print('a.py\\nb.py')", r"(?m)\.py$()").what == ("2 files",)


@pytest.mark.parametrize(
    ("status", "found", "counts"),
    [
        (0, {"notebooks": 2, "cells": 9, "checks": 2, "passed": 9, "faults": []}, (9, 0, 0)),
        (0, {"cells": 7, "passed": 7, "skipped": 2}, (7, 0, 2)),
        (1, {"cells": 9, "passed": 8, "failed": 1, "faults": ["x"]}, (8, 1, 0)),
        (1, {"cells": 9, "passed": 9, "failed": 0}, (9, 1, 0)),
        (0, {"cells": 0}, (0, 1, 0)),
        (3, {}, (0, 1, 0)),
    ],
)
def test_notebooks_are_counted_by_their_harness(
    status: int, found: dict[str, object], counts: tuple[int, int, int]
) -> None:
    """No report, no cells, or a bad status without a failure: each is a failure."""
    result = summary.of_book(status, found)
    assert (result.passed, result.failed, result.skipped) == counts


def test_all_kinds_run_and_the_last_line_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """A failure in one kind does not keep the next from running."""
    kinds = {
        "first": (lambda: Result(passed=2, failed=1, what=("3 tests",), faults=("why",)),),
        "second": (
            lambda: Result(passed=4, what=("4 tests",)),
            lambda: Result(passed=1, skipped=2, what=("3 cells",)),
        ),
    }
    assert summary.run_all(kinds) == 1
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[-1] == "7 passed, 1 failed, 2 skipped"
    table = lines[lines.index("=== second") + 2 : -2]
    assert table[0].startswith("first        3 tests: 1 failed")
    assert table[1].strip() == "why"
    assert table[2].startswith("second       4 tests, 3 cells: all passed, 2 skipped")


def test_nothing_run_is_a_failure() -> None:
    """An empty table passes nobody."""
    assert summary.run_all({}) == 1
    assert summary.run_all({"one": (lambda: Result(passed=1),)}) == 0


def test_an_interrupted_run_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends the run with the table so far and a status of its own."""

    def interrupted() -> Result:
        raise KeyboardInterrupt

    kinds = {"one": (lambda: Result(passed=1),), "two": (interrupted,), "three": (interrupted,)}
    assert summary.run_all(kinds) == summary.INTERRUPTED
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_an_unknown_kind_is_named() -> None:
    """A typing error does not run nothing and succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.summary", "notebook"],
        cwd=summary.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "There is no kind notebook" in done.stdout


def test_every_folder_of_tests_has_its_kind() -> None:
    """A new folder under tests/ cannot stay outside of `make test`."""
    folders = {f"tests/{path.parent.name}" for path in (summary.ROOT / "tests").glob("*/test_*.py")}
    run_by = {
        run.folder for runs in summary.KINDS.values() for run in runs if isinstance(run, Suite)
    }
    assert folders == run_by
    ordered = [
        "lint",
        "types",
        "unit",
        "integration",
        "engines",
        "interrupts",
        "notebooks",
        "pages",
        "binder",
    ]
    assert list(summary.KINDS) == ordered
