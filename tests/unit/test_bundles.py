"""A container's bundle, found through the folder in which its shim works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.errors import LabError
from helpers.kernel.bundles import bundle_of
from helpers.kernel.files import LocalFiles
from helpers.records.processes import Process, Stat

IDENT = "c0ffee"


def process(pid: int, ppid: int, comm: str) -> Process:
    """A process of a fake tree."""
    return Process(Stat(pid, comm, "S", ppid, 1, 1, 0, 0, 1, 0, False), (comm,))


LINE = (process(1, 0, "init"), process(7, 1, "containerd-shim"), process(9, 7, "sleep"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine on which a shim keeps one container."""
    bundle = tmp_path / "run" / "tasks" / "moby" / IDENT
    state = tmp_path / "run" / "runc" / "moby" / IDENT
    for folder in (bundle, state, tmp_path / "proc" / "7"):
        folder.mkdir(parents=True)
    (bundle / "config.json").write_text(json.dumps({"ociVersion": "1.2.0"}))
    (bundle / "options.json").write_text(json.dumps({"root": "/run/runc"}))
    (state / "state.json").write_text(json.dumps({"init_process_pid": 9}))
    (tmp_path / "proc" / "7" / "cwd").symlink_to(f"/run/tasks/moby/{IDENT}")
    (tmp_path / "proc" / "7" / "root").symlink_to("/")
    return tmp_path


def test_the_shims_folder_is_the_bundle(root: Path) -> None:
    """config.json from there, and the runtime's note where options.json says."""
    found = bundle_of(LocalFiles(str(root)), LINE, IDENT)
    assert found.folder == f"/run/tasks/moby/{IDENT}"
    assert found.config == {"ociVersion": "1.2.0"}
    assert found.state == f"/run/runc/moby/{IDENT}/state.json"
    assert (found.state_pid, found.shim.pid) == (9, 7)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"root": "/elsewhere"}'])
def test_without_a_note_there_is_none(root: Path, text: str) -> None:
    """Options that say nothing, or lead nowhere, are no fault."""
    (root / "run" / "tasks" / "moby" / IDENT / "options.json").write_text(text)
    found = bundle_of(LocalFiles(str(root)), LINE, IDENT)
    assert (found.state, found.state_pid) == ("", 0)


def test_another_kind_of_parent_and_a_closed_folder_are_told(root: Path) -> None:
    """Podman's conmon is no shim; a bundle that cannot be read has a remedy."""
    conmon = (LINE[0], process(7, 1, "conmon"), LINE[2])
    with pytest.raises(LabError, match="no child of containerd's shim"):
        bundle_of(LocalFiles(str(root)), conmon, IDENT)
    (root / "run" / "tasks" / "moby" / IDENT / "config.json").write_text("{")
    with pytest.raises(LabError, match="cannot be read"):
        bundle_of(LocalFiles(str(root)), LINE, IDENT)
