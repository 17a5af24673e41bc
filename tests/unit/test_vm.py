"""The machine with cgroup v2: what goes into it, how its results are counted, its last result."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from helpers import paths
from tools.vm.__main__ import archive, counts, modules, ours, packages

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a.test_x.TestOne" name="a"/>
<testcase classname="tests.a.test_y" name="b"><failure message="no"/></testcase>
<testcase classname="tests.a.test_y" name="c"><skipped message="no engine"/></testcase>
<testcase classname="tests.a.test_y" name="d"><system-out>text</system-out></testcase>
<testcase classname="tests.a.test_y" name="e"><error message="no"/></testcase>
</testsuite></testsuites>"""


def test_results_are_counted() -> None:
    """Failures and errors count as failed, and each module is named once."""
    assert counts(REPORT) == {"passed": 2, "failed": 2, "skipped": 1}
    assert modules(REPORT) == ["tests.a.test_x", "tests.a.test_y"]


def test_packages_come_with_what_they_need() -> None:
    """A package's own files and those of its requirements are taken along."""
    names = {path.parent.name for path in packages(["docker"])}
    assert {"docker", "requests", "urllib3"} <= names


def test_the_working_tree_is_archived(tmp_path: Path) -> None:
    """The machine gets this repository's files, and nothing that git ignores."""
    names = ours()
    assert "helpers/kernel/agent.py" in names
    assert not [name for name in names if name.startswith((".venv/", ".cache/"))]
    (tmp_path / "a b").write_text("text")
    with tarfile.open(fileobj=io.BytesIO(archive(tmp_path, ["a b"]))) as tar:
        assert tar.getnames() == ["a b"]


def test_the_last_result_was_good() -> None:
    """The result in the repository is of a run under cgroup v2 in which nothing failed."""
    said = json.loads((paths.ROOT / "tests" / "fixtures" / "vm.json").read_text())
    assert said["failed"] == 0
    assert said["passed"] > 50
    assert "cgroup v2" in said["cgroups"]
