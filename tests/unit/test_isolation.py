"""What keeps a process apart: read from a /proc, and shown side by side."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.errors import LabError
from helpers.kernel import isolation
from helpers.kernel.files import LocalFiles
from helpers.kernel.processes import CAPABILITIES
from helpers.records.host import Unavailable
from helpers.records.isolation import Isolation
from helpers.records.namespaces import KINDS
from helpers.views import isolation as tables
from helpers.views.tables import Table

NET_DEV = b"""Inter-|   Receive                            |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo:       0       0    0    0    0     0          0         0        0       0
  eth0:    1156      14    0    0    0     0          0         0      126       3
"""
DOCKER = Isolation(
    pid=7,
    own={kind: kind not in ("user", "time") for kind in KINDS},
    user=0,
    capabilities=frozenset(CAPABILITIES[:14]),
    seccomp="filter",
    no_new_privs=False,
    group="/sys/fs/cgroup/system.slice/docker-" + "ab" * 32 + ".scope",
    pids_max=20,
    covered=("/proc/kcore",),
    devices=isolation.DEVICES,
    interfaces=("eth0", "lo"),
)


def test_interfaces_are_those_the_kernel_lists() -> None:
    """Two lines of head are no interfaces."""
    assert isolation.parse_interfaces(NET_DEV) == ("eth0", "lo")
    assert isolation.parse_interfaces(b"") == ()


def test_a_process_of_ours_is_as_its_parent() -> None:
    """This test shares every namespace with the program that started it, and has /dev/null."""
    files = LocalFiles()
    try:
        seen = isolation.isolation(files, os.getpid(), isolation.parent(files, os.getpid()))
        assert set(seen.own.values()) == {False}
        assert "null" in seen.devices
        assert "lo" in seen.interfaces
        assert seen.user == os.geteuid()
    finally:
        files.close()


def test_what_does_not_run_is_an_error_with_a_remedy() -> None:
    """A container's program that is not there is named."""
    files = LocalFiles()
    try:
        with pytest.raises(LabError, match="sleep 987654321"):
            isolation.running(files, "no-such-container", ("sleep", "987654321"))
        with pytest.raises(LabError, match="4194305"):
            isolation.parent(files, 4194305)  # more than a kernel can have
    finally:
        files.close()


def test_only_devices_count_as_devices(tmp_path: Path) -> None:
    """A file called null, which `> /dev/null` makes where there is none, is not one."""
    root = tmp_path / "proc" / "7" / "root"
    (root / "dev").mkdir(parents=True)
    (root / "dev" / "null").write_text("")
    files = LocalFiles(tmp_path)
    try:
        assert isolation._devices(files, 7) == ()
    finally:
        files.close()


def test_the_table_says_what_is_own_and_what_is_shared() -> None:
    """Kinds that nobody has of his own stand in the caption; the rest are rows."""
    bare = replace(DOCKER, capabilities=frozenset(CAPABILITIES), seccomp="disabled", pids_max=None)
    unknown = replace(DOCKER, own=dict.fromkeys(KINDS), seccomp=Unavailable("no idea"))
    shown = tables.table({"docker": DOCKER, "bare": bare, "far": unknown})
    rows = {row[0]: list(row[1:]) for row in shown.rows}
    assert rows["own pid namespace"] == ["yes", "yes", "?"]
    assert "own user namespace" not in rows
    assert shown.caption.endswith("Shared with the starter by all: time, user")
    assert "14 to 41 capabilities" in shown.caption
    assert rows["seccomp"] == ["filter", "disabled", "no idea"]
    assert rows["processes allowed"] == ["20", "any number", "20"]
    assert rows["end of its cgroup's path"][0] == "`system.slice/docker-ababab….scope`"


def test_a_table_is_html_and_words() -> None:
    """Cells are escaped, back-ticks are code, and the text has the same cells, aligned."""
    made = Table("Two", ["", "`a`"], [["x<y", "1"], ["z", "22"]])
    assert "<th scope='row'>x&lt;y</th>" in made.html()
    assert "<code>a</code>" in made.html()
    assert "<caption>Two</caption>" in made.html()
    assert str(made).splitlines() == ["Two.", "     a", "x<y  1", "z    22"]
