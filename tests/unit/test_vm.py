"""The machine with cgroup v2: what goes into it, how its results are counted, its last result."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from helpers import paths
from tools.notebooks.book import nodes
from tools.vm import engines, notebooks
from tools.vm.__main__ import counts, modules
from tools.vm.furnish import OURS, archive, needed, ours, packages

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
    """A package's own files and those of its requirements are taken along, and our commands."""
    assert {"docker", "requests", "urllib3"} <= set(needed(["docker"]))
    found = {path.relative_to(paths.ROOT / ".venv") for path in packages(["docker"])}
    assert {"docker", "requests", "urllib3"} <= {path.parent.name for path in found}
    assert Path("bin/labs") in found, f"the command of {OURS}"


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


def test_the_labs_that_were_tested_there_were_good() -> None:
    """Labs that the last run of `make test-vm` had all passed, with cgroup v2."""
    said = json.loads((paths.ROOT / "tests" / "fixtures" / "vm.json").read_text())
    if "labs" in said:
        assert said["labs"]["names"]
        assert (said["labs"]["failed"], "cgroup v2" in said["labs"]["cgroups"]) == (0, True)


def test_labs_declare_it_in_their_metadata(empty_book: Any) -> None:
    """Those that ask for cgroup v2 are found, with the images they use; others are not."""
    empty_book.add("demo/010-first", [("", "1")])
    path = empty_book.add("demo/020-second", [("", "1")])
    asked = {"recorded_on": ["cgroup2"], "images": ["python"]}
    empty_book.edit("demo/020-second", lambda stored: stored.metadata.labs.update(nodes(asked)))
    assert notebooks.declared(empty_book) == [path]
    assert notebooks.images_of([path]) == ["base", "busybox", "python"]


def test_the_current_engine_takes_the_usual_socket_under_systemd() -> None:
    """It stands in for Debian's own, with data of its own, and never beside it."""
    docker, containerd = reversed(engines.units("containerd").values())
    assert "--host unix:///var/run/docker.sock" in docker
    assert "--data-root /var/lib/docker-current-containerd" in docker
    assert "--feature containerd-snapshotter=true" in docker
    assert "--root /var/lib/docker-current-containerd/containerd" in containerd
    assert "Conflicts=docker.service docker.socket" in docker
    assert "Conflicts=containerd.service" in containerd


def test_what_was_edited_meanwhile_is_not_overwritten(
    empty_book: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording takes long: an author's changes go before it."""
    path = empty_book.add("demo/010-first", [("", "1")])
    sent, made = path.read_text(), path.read_text().replace("# demo", "# recorded")
    monkeypatch.setattr(notebooks, "BOOK", empty_book)
    monkeypatch.setattr(notebooks, "get", lambda _path: made)
    assert not notebooks.bring_back(path, sent + " ")
    assert path.read_text() == sent
    assert notebooks.bring_back(path, sent)
    assert path.read_text() == made
    assert "demo/010-first" in empty_book.manifest.read_text()
