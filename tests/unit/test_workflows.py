"""The workflows for GitHub: valid, pinned, with no more rights than they need."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.paths import ROOT
from tools import go
from tools.go import __main__ as command

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NAMES = [file.name for file in FILES]
SOUND = """
on: push
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - run: make help
"""


def read(file: Path) -> dict[str, Any]:
    """Return a workflow. YAML 1.1 takes its key `on` for true."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return {"on" if key is True else str(key): value for key, value in found.items()}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_workflows_for_tests_and_pages() -> None:
    """A folder without workflows would pass every test below."""
    assert NAMES == ["pages.yml", "tests.yml"]


def test_actionlint_finds_no_fault(capfd: pytest.CaptureFixture[str]) -> None:
    """Every workflow is looked at, by name, and none has a fault."""
    assert command.main(["actionlint"]) == 0
    named = capfd.readouterr().out.splitlines()
    assert named == [f".github/workflows/{name}" for name in NAMES]


@pytest.mark.parametrize(
    ("whole", "broken", "said"),
    [
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-lates", "unknown"),
        ("run: make help", "run: ${{ steps.gone.outputs.x }}", "not defined"),
        ("run: make help", "uses: actions/checkout@v1", "too old"),
        ("    steps:", "    stpes:", "unexpected key"),
    ],
)
def test_actionlint_finds_a_broken_workflow(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], whole: str, broken: str, said: str
) -> None:
    """A sound workflow passes; each way to break it fails and is named."""
    file = tmp_path / "broken.yml"
    file.write_text(SOUND)
    assert command.main(["actionlint", str(file)]) == 0
    capfd.readouterr()
    file.write_text(SOUND.replace(whole, broken))
    assert command.main(["actionlint", str(file)]) == 1
    assert said in capfd.readouterr().err


def test_no_workflow_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A linter that looks at nothing must not pass."""
    monkeypatch.setattr(go, "ROOT", tmp_path)
    assert command.main(["actionlint"]) == 1
    assert "no workflow" in capsys.readouterr().err


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    """Each action is named by a whole commit, with its version beside it for the reader."""
    text = file.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == sum("uses" in step for step in steps(read(file))) > 0
    for line in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_rights_and_time_are_bounded(file: Path) -> None:
    """A workflow may read; only the deployment may write, to Pages. Every job has an end."""
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90
        allowed = {"pages": "write", "id-token": "write"} if name == "deploy" else None
        assert job.get("permissions") == allowed, name
    for step in steps(workflow):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_workflows_run_what_the_makefile_has() -> None:
    """The tests run `make test`, the pages `make book`, and what that writes is uploaded."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tests, pages = read(FILES[1]), read(FILES[0])
    ran = [
        re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))
        for step in [*steps(tests), *steps(pages)]
    ]
    assert [name for names in ran for name in names] == ["test", "book"]
    assert {"test", "book"} <= targets
    (uploaded,) = [step for step in steps(pages) if "upload-pages" in step.get("uses", "")]
    assert uploaded["with"]["path"] == "_build/html"


def test_tests_run_on_changes_and_every_week() -> None:
    """What a change breaks shows at once; what the world outside breaks, within a week."""
    when = read(FILES[1])["on"]
    assert {"push", "pull_request", "schedule"} <= set(when)
    (entry,) = when["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", entry["cron"])


# -- Go, with which actionlint is built


def _fake_go(folder: Path, said: str) -> Path:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("go version go1.26.8 linux/amd64", True),
        ("go version go1.25 linux/amd64", True),
        ("go version go1.19.8 linux/amd64", False),
        ("gccgo (Debian 12.2.0)", False),
    ],
)
def test_an_old_go_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, taken: bool
) -> None:
    """The machine's Go serves where it is recent enough, else the pinned one."""
    own = _fake_go(tmp_path, said)
    wheel = tmp_path / "wheel" / "go" / "bin" / "go"
    wheel.parent.mkdir(parents=True)
    wheel.touch()
    monkeypatch.setattr(go, "_WHEEL", tmp_path / "wheel")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert go._go() == str(own if taken else wheel)


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that fails says what to do next, and the next one starts anew."""
    false = tmp_path / "false"
    false.write_text("#!/bin/sh\nexit 1\n")
    false.chmod(0o755)
    monkeypatch.setattr(go, "_go", lambda: str(false))
    monkeypatch.setattr(go, "_TOOLS", tmp_path)
    with pytest.raises(go.Stop, match="Check the network"):
        go.program("actionlint")
    assert list((tmp_path / "go-programs").iterdir()) == []
