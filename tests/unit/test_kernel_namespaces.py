"""Namespaces: parsed from links, grouped and compared; over fake trees and this machine's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.analysis import namespaces as analysis
from helpers.errors import LabError
from helpers.kernel import namespaces
from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.remote import Pipes, RemoteFiles
from helpers.records.host import Unavailable
from helpers.records.namespaces import (
    KINDS,
    ClockOffsets,
    IdRange,
    Kind,
    Namespace,
    ProcessNamespaces,
)
from helpers.waiting import wait_until

WAYS = ("in-process", "through a pipe")
ROOT = os.geteuid() == 0
NEW: tuple[Kind, ...] = ("ipc", "net", "uts")


def opened(way: str, root: Path | str = "/") -> Files:
    return LocalFiles(root) if way == "in-process" else RemoteFiles(Pipes.agent(root))


@pytest.fixture(params=WAYS)
def fake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    """A machine of three processes: two alike, the third in a network namespace of its own."""
    for pid, net in ((1, 4026531840), (20, 4026531840), (300, 4026532999)):
        folder = tmp_path / "proc" / str(pid) / "ns"
        folder.mkdir(parents=True)
        for number, kind in enumerate(KINDS):
            inode = net if kind == "net" else 4026531834 + number
            (folder / kind).symlink_to(f"{kind}:[{inode}]")
        (folder / "pid_for_children").symlink_to("pid:[4026533333]")
        (folder / "something_new").symlink_to("something:[1]")
    (tmp_path / "proc" / "4000").mkdir()  # it has gone meanwhile
    for name in ("self", "12x", "-3", "٣"):
        (tmp_path / "proc" / name).mkdir()
    files = opened(request.param, tmp_path)
    yield files
    files.close()


@pytest.fixture
def child() -> Iterator[int]:
    """A process in namespaces of its own: network, host name, interprocess communication."""
    if not ROOT:
        pytest.skip("only root makes namespaces everywhere")
    argv = ["unshare", "--net", "--uts", "--ipc", "sleep", "60"]
    with subprocess.Popen(argv) as process:
        there = Path(f"/proc/{process.pid}/ns/ipc")
        wait_until(
            lambda: os.readlink(there),  # noqa: PTH115
            lambda link: link != os.readlink("/proc/self/ns/ipc"),  # noqa: PTH115
            what="a process in its own namespaces",
            seconds=20,
        )
        yield process.pid
        process.kill()


# -- text to records


def test_link() -> None:
    """A link names its kind and its inode number, and prints as the kernel writes it."""
    seen = namespaces.parse_link("mnt:[4026531841]")
    assert seen == Namespace("mnt", 4026531841)
    assert str(seen) == "mnt:[4026531841]"


@pytest.mark.parametrize(
    "text",
    ["", "net", "net:[]", "net:[x]", "net:[-1]", "net:[1]\n", "nets:[1]", "net:[٣]", "net:[1_0]"],
)
def test_other_links_are_refused(text: str) -> None:
    """What is no link to a namespace is named as such."""
    with pytest.raises(Garbled):
        namespaces.parse_link(text)
    with pytest.raises(Garbled):
        namespaces.parse_links(1, {"net": text})


def test_a_link_names_its_own_kind() -> None:
    """A link to a namespace of another kind than it is called is refused."""
    with pytest.raises(Garbled):
        namespaces.parse_links(1, {"net": "uts:[4026531838]"})


def test_id_map() -> None:
    """A map's lines are ranges, and ids translate both ways."""
    text = b"         0     100000      65536\n     65536       1000          1\n"
    ranges = namespaces.parse_id_map(text)
    assert ranges == (IdRange(0, 100000, 65536), IdRange(65536, 1000, 1))
    assert [analysis.outside(ranges, uid) for uid in (0, 65535, 65536, 65537)] == [
        100000,
        165535,
        1000,
        None,
    ]
    assert [analysis.inside(ranges, uid) for uid in (100000, 1000, 0)] == [0, 65536, None]


def test_clock_offsets() -> None:
    """Offsets of a time namespace come in nanoseconds, negative ones too."""
    text = b"monotonic           5         7\nboottime         -86400         0\n"
    assert namespaces.parse_clock_offsets(text) == ClockOffsets(5_000_000_007, -86400 * 10**9)


@given(st.binary(max_size=200), st.text(max_size=40))
@example(b"0 0 4294967295\n", "net:[1]")
@example(b"1 2\n", "net:[1")
@example(b"monotonic 1 2\nboottime 1\n", "")
@example(b"0 " + b"9" * 5000 + b" 1", "net:[" + "9" * 5000 + "]")
def test_no_text_breaks_a_parser(text: bytes, link: str) -> None:
    """Any bytes at all give a record or an error of ours."""
    for parse in (namespaces.parse_id_map, namespaces.parse_clock_offsets):
        with suppress(LabError):
            parse(text)
    for links in ({"net": link}, {"pid_for_children": link}, {link: link}):
        with suppress(LabError):
            namespaces.parse_links(1, links)


# -- files to records


def test_all_processes(fake: Files) -> None:
    """Every process is there with its eight namespaces; what has gone or is none is not."""
    seen = namespaces.read_namespaces(fake, for_children=True)
    assert [each.pid for each in seen] == [1, 20, 300]
    assert set(seen[0].inodes) == set(KINDS)
    assert seen[0].inodes["net"] == 4026531840
    assert seen[0].for_children == {"pid": 4026533333}
    assert namespaces.read_namespaces(fake)[0].for_children == {}


def test_groups(fake: Files) -> None:
    """Processes are grouped by namespace: by kind, the largest group first."""
    found = analysis.groups(namespaces.read_namespaces(fake))
    assert [group.namespace.kind for group in found] == sorted([*KINDS, "net"])
    nets = [group for group in found if group.namespace.kind == "net"]
    assert [group.pids for group in nets] == [(1, 20), (300,)]


def test_compare(fake: Files) -> None:
    """Two processes share what has the same number, and what is not known is not guessed."""
    first, _second, third = namespaces.read_namespaces(fake)
    seen = {each.kind: each.shared for each in analysis.compare(first, third)}
    assert seen == {**dict.fromkeys(KINDS, True), "net": False}
    hidden = ProcessNamespaces(9, {}, {}, Unavailable("closed"))
    assert {each.shared for each in analysis.compare(first, hidden)} == {None}


def test_moves() -> None:
    """A process in another namespace than before has moved; one that is new has not."""
    before = [ProcessNamespaces(1, {"net": 1, "uts": 2}), ProcessNamespaces(2, {"net": 1})]
    after = [
        ProcessNamespaces(1, {"net": 5, "uts": 2}),
        ProcessNamespaces(2, {}, {}, Unavailable("closed")),
        ProcessNamespaces(3, {"net": 9}),
    ]
    (move,) = analysis.moves(before, after)
    assert (move.pid, move.kind, move.was, move.now) == (1, "net", 1, 5)


def test_nothing_to_see(tmp_path: Path) -> None:
    """Without /proc there is an error of the system's; of a missing process, a reason."""
    files = LocalFiles(tmp_path)
    with pytest.raises(FileNotFoundError):
        namespaces.read_namespaces(files)
    (tmp_path / "proc").mkdir()
    assert namespaces.read_namespaces(files, [7]) == ()
    assert isinstance(namespaces.read_id_maps(files, 7), Unavailable)
    assert isinstance(namespaces.read_clock_offsets(files, 7), Unavailable)
    assert isinstance(namespaces.owner(files, 7, "net"), Unavailable)
    files.close()


def test_what_is_closed_says_so() -> None:
    """Where the kernel refuses, the reason says who may look and what to do."""
    seen = namespaces.refused(PermissionError(13, "Permission denied"))
    assert "only to who may" in seen.reason
    assert "root" in seen.remedy


# -- this machine


@pytest.mark.parametrize("way", WAYS)
def test_own_namespaces(way: str) -> None:
    """Of this process, the numbers are those that stat(2) gives."""
    files = opened(way)
    (seen,) = namespaces.read_namespaces(files, [os.getpid()])
    real = {each.name: each.stat().st_ino for each in Path("/proc/self/ns").iterdir()}
    assert {**seen.inodes} == {kind: real[kind] for kind in KINDS if kind in real}
    assert len(seen.inodes) >= 7  # kernels before 5.6 have no time namespace
    files.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_process_of_its_own(way: str, child: int) -> None:
    """A process that was unshared differs in just that."""
    files = opened(way)
    here, there = namespaces.read_namespaces(files, [os.getpid(), child])
    differ = {each.kind for each in analysis.compare(here, there) if each.shared is False}
    assert differ == set(NEW)
    files.close()


def test_owner(child: int) -> None:
    """A namespace belongs to the user namespace it was made in; through a pipe nobody can ask."""
    files = LocalFiles()
    mine = Path("/proc/self/ns/user").stat().st_ino
    seen = namespaces.owner(files, child, "net")
    assert not isinstance(seen, Unavailable)
    assert seen.namespace.inode != Path("/proc/self/ns/net").stat().st_ino
    assert seen.user == mine
    assert isinstance(seen.parent, Unavailable)
    assert {each.namespace.kind for each in namespaces.owners(files, child)} >= {*NEW, "user"}
    files.close()
    remote = opened("through a pipe")
    assert isinstance(namespaces.owner(remote, child, "net"), Unavailable)
    remote.close()
