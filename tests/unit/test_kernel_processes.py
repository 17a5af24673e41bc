"""Processes: whatever they call themselves, they are read as what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.analysis.processes import ancestors, printable, tree
from helpers.errors import LabError
from helpers.kernel import processes
from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.remote import Pipes, RemoteFiles
from helpers.records.host import Unavailable
from helpers.records.processes import Branch, Ids, Label, Process, Stat
from helpers.waiting import wait_until

WAYS = ("in-process", "through a pipe")
STAT = b"%d (%s) S %d 7 8 0 -1 %d 1 2 3 4 50 60 0 0 20 0 3 0 12345 999 9 18446744073709551615"
STATUS = b"""Name:\tsh\\nUid:\\t0
Umask:\t0022
State:\tS (sleeping)
Tgid:\t4711
Pid:\t4711
PPid:\t4700
Uid:\t1000\t1001\t1002\t1003
Gid:\t5\t6\t7\t8
Groups:\t5 27\x20
NSpid:\t4711\t12\t1
CapInh:\t0000000000000000
CapPrm:\t00000000a80425fb
CapEff:\t00000000a80425fb
CapBnd:\t000003ffffffffff
CapAmb:\t0000000000000001
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
"""
# what `docker run` grants unless told otherwise (moby, oci/caps/defaults.go)
DOCKER = """chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap
net_bind_service sys_chroot kill audit_write"""
HOSTILE = [
    b"x) R 1 1",
    b"a\nb\x1b[31m",
    b"((((",
    b"))))",
    b") Z 0 0 0 0",
    b"",
    b" ",
    b"caf\xe9\xff",
    b"1 (sh) S 1 1 1",
]


def process(pid: int, ppid: int) -> Process:
    return Process(Stat(pid, "x", "S", ppid, 0, 0, 0, 0, 1, 0, False), ())


def pids(branches: tuple[Branch, ...]) -> list:
    return [(each.process.pid, pids(each.children)) for each in branches]


@pytest.fixture(params=WAYS)
def files(request: pytest.FixtureRequest) -> Iterator[Files]:
    """This machine's own files."""
    made = LocalFiles() if request.param == "in-process" else RemoteFiles(Pipes.agent("/"))
    yield made
    made.close()


# -- text to records


@pytest.mark.parametrize("comm", HOSTILE)
def test_stat_of_any_name(comm: bytes) -> None:
    """Whatever name a process chose, its numbers are its own."""
    seen = processes.parse_stat(STAT % (42, comm, 7, 0x400100))
    assert (seen.pid, seen.ppid, seen.state, seen.starttime) == (42, 7, "S", 12345)
    assert (seen.utime, seen.stime, seen.num_threads, seen.kernel) == (50, 60, 3, False)
    assert os.fsencode(seen.comm) == comm
    assert processes.parse_stat(STAT % (2, b"kthreadd", 0, 0x208040)).kernel


def test_status() -> None:
    """Ids, numbers in each pid namespace, capabilities and seccomp come named."""
    seen = processes.parse_status(STATUS)
    assert (seen.pid, seen.ppid, seen.ns_pid) == (4711, 4700, (4711, 12, 1))
    assert seen.uid == Ids(1000, 1001, 1002, 1003)
    assert seen.gid == Ids(5, 6, 7, 8)
    assert seen.groups == (5, 27)
    assert seen.capabilities.effective == {f"cap_{name}" for name in DOCKER.split()}
    assert seen.capabilities.bounding == {*processes.CAPABILITIES, "cap_41"}
    assert seen.capabilities.ambient == {"cap_chown"}
    assert seen.capabilities.inheritable == set()
    assert (seen.seccomp, seen.seccomp_filters, seen.no_new_privs) == ("filter", 1, True)
    assert seen.raw == STATUS.decode()


def test_status_of_an_old_kernel() -> None:
    """What a kernel does not tell is unavailable; its own number stands for NSpid."""
    old = b"".join(
        line
        for line in STATUS.splitlines(keepends=True)
        if not line.startswith((b"NSpid", b"NoNew", b"Seccomp", b"CapAmb"))
    )
    seen = processes.parse_status(old)
    assert seen.ns_pid == (4711,)
    assert isinstance(seen.seccomp, Unavailable)
    assert isinstance(seen.no_new_privs, Unavailable)
    assert seen.capabilities.ambient == set()


def test_capabilities_have_the_kernels_numbers() -> None:
    """The table agrees with the machine's own header and with the last number it knows."""
    assert processes.capability_names(1 << 21) == {"cap_sys_admin"}
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    assert last + 1 <= len(processes.CAPABILITIES), "a capability has come that has no name here"
    header = Path("/usr/include/linux/capability.h")
    if header.exists():
        defined = [line.split() for line in header.read_text().splitlines()]
        table = {
            each[1].lower(): int(each[2])
            for each in defined
            if len(each) == 3 and each[0] == "#define" and each[2].isdigit()
        }
        for name, number in table.items():
            if name.startswith("cap_"):
                assert processes.CAPABILITIES[number] == name


@pytest.mark.parametrize(
    ("text", "modules", "label"),
    [
        (b"docker-default (enforce)\n", (), Label("apparmor", "docker-default", "enforce")),
        (b"unconfined\n", ("capability", "apparmor"), Label("apparmor", "unconfined")),
        (
            b"system_u:system_r:container_t:s0:c1,c2\0",
            ("selinux",),
            Label("selinux", "system_u:system_r:container_t:s0:c1,c2"),
        ),
        (b"_\n", ("smack",), Label("smack", "_")),
        (b"what\n", (), Label("", "what")),
    ],
)
def test_label(text: bytes, modules: tuple[str, ...], label: Label) -> None:
    """A label tells its module, profile and mode."""
    assert processes.parse_label(text, modules) == label


def test_no_label() -> None:
    """An empty label is none."""
    assert isinstance(processes.parse_label(b"\n"), Unavailable)


@given(st.binary(max_size=300))
@example(STAT % (1, b"x", 1, 0))
@example(b"1 (x) S" + b" 1_0" * 30)
@example(STATUS.replace(b"Pid:\t4711", b"Pid:\t" + b"9" * 5000))
@example(STATUS.replace(b"\t8\n", b"\n"))
@example(STATUS.replace(b"a80425fb", b"0x80425fb"))
def test_no_text_breaks_a_parser(text: bytes) -> None:
    """Any bytes at all give a record or an error of ours."""
    processes.parse_label(text)
    processes.parse_cmdline(text)
    for parse in (processes.parse_stat, processes.parse_status):
        with suppress(LabError):
            parse(text)


@pytest.mark.parametrize("text", [b"", b"1 (x", b"1 (x) S 1", b"x (x) S" + b" 1" * 30])
def test_other_text_is_refused(text: bytes) -> None:
    """What is no stat file is named as such."""
    with pytest.raises(Garbled):
        processes.parse_stat(text)


@given(st.integers(0, 1 << 20), st.binary(max_size=64), st.integers(0, 1 << 20))
def test_no_name_changes_what_stat_says(pid: int, comm: bytes, ppid: int) -> None:
    """Any name of any length leaves the other fields as they are."""
    seen = processes.parse_stat(STAT % (pid, comm, ppid, 0))
    assert (seen.pid, seen.ppid, os.fsencode(seen.comm)) == (pid, ppid, comm)


# -- the tree, and names


def test_tree() -> None:
    """Children stand below their parent; whose parent is not there stands at the top."""
    seen = tree([process(1, 0), process(3, 1), process(2, 1), process(9, 3), process(50, 40)])
    assert pids(seen) == [(1, [(2, []), (3, [(9, [])])]), (50, [])]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12))
@example([(1, 1)])
@example([(1, 2), (2, 1)])
@example([(1, 2), (2, 3), (3, 2)])
def test_each_process_stands_in_the_tree_once(pairs: list[tuple[int, int]]) -> None:
    """Even where parents lead in a circle, nobody is lost or doubled."""
    counted: list[int] = []
    waiting = list(tree(process(*pair) for pair in pairs))
    while waiting:
        each = waiting.pop()
        counted.append(each.process.pid)
        waiting.extend(each.children)
    assert sorted(counted) == sorted({pid for pid, _ppid in pairs})


def test_deep_trees_end() -> None:
    """A chain of 20,000 processes is a tree like another."""
    chain = [process(pid, pid - 1) for pid in range(1, 20_001)]
    assert tree(chain)[0].process.pid == 1
    assert len(ancestors(chain, 20_000)) == 20_000
    assert [each.pid for each in ancestors(chain, 3)] == [1, 2, 3]


@given(st.text() | st.binary().map(os.fsdecode))
def test_printable(name: str) -> None:
    """Whatever a name holds, what is shown is one printable line of bounded length."""
    shown = printable(name, 40)
    assert shown.isprintable()
    assert len(shown) <= 40


def test_printable_keeps_what_can_be_read() -> None:
    """Letters of any script stay; what acts on a terminal or a page's direction is spelt out."""
    assert printable("nginx: master né 日本") == "nginx: master né 日本"
    assert printable("\x1b[2J\n\u202e\udcff") == r"\x1b[2J\x0a\u202e\xff"


# -- this machine


def test_own_process(files: Files) -> None:
    """Of this process: its parent, its arguments, its ids."""
    (seen,) = processes.read_processes(files, [os.getpid()])
    assert seen.ppid == os.getppid()
    assert os.fsencode("\0".join(seen.cmdline)) in Path("/proc/self/cmdline").read_bytes()
    status = processes.read_status(files, os.getpid())
    assert not isinstance(status, Unavailable)
    assert status.uid.effective == os.geteuid()
    assert status.ns_pid[0] == os.getpid()


def test_everybody(files: Files) -> None:
    """All processes are read, and this one hangs below the first."""
    seen = processes.read_processes(files)
    chain = ancestors(seen, os.getpid())
    assert [each.pid for each in chain[-2:]] == [os.getppid(), os.getpid()]


RENAME = """
import ctypes, sys
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)
print("renamed", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", [b"x) R 1 1 (", b"a\nb\x1b[31m", b"\xff\xfe\\n", b")"])
def test_a_process_that_renames_itself(files: Files, name: bytes) -> None:
    """A real process with a hostile name is this process's child all the same."""
    argv = [sys.executable, "-c", RENAME, name.hex()]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"renamed\n"
        (seen,) = processes.read_processes(files, [child.pid])
        status = processes.read_status(files, child.pid)
        assert not isinstance(status, Unavailable)
        assert (seen.pid, seen.ppid, status.pid) == (child.pid, os.getpid(), child.pid)
        assert printable(seen.comm).isprintable()
        assert status.uid.real == os.getuid()
        child.communicate()
    assert processes.read_processes(files, [child.pid]) == ()


def test_no_new_privs(files: Files) -> None:
    """A process that gave up new privileges shows it."""
    code = "import ctypes; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        seen = wait_until(
            lambda: processes.read_confinement(files, child.pid),
            lambda seen: not isinstance(seen, Unavailable) and seen.status.no_new_privs is True,
            what="NoNewPrivs: 1",
            seconds=20,
        )
        assert not isinstance(seen, Unavailable)
        assert isinstance(seen.label, Label | Unavailable)
        child.communicate(b"\n")
    assert isinstance(processes.read_confinement(files, child.pid), Unavailable)
