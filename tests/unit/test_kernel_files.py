"""The kernel's files in this process and through a pipe; and what the agent's program bears."""

from __future__ import annotations

import ast
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_files_suite import FilesSuite, Ground, prepare, refusal

from helpers.kernel import agent
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.remote import Pipes, RemoteFiles

WAYS = ("in-process", "without openat2", "through a pipe")


def opened(way: str, root: Path) -> Files:
    if way == "through a pipe":
        return RemoteFiles(Pipes.agent(root))
    return LocalFiles(root, openat2=way == "in-process")


@pytest.fixture(params=WAYS, scope="module")
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """An empty root, opened in one of three ways."""
    root, outside = prepare(tmp_path_factory.mktemp("ground"))
    files = opened(request.param, root)
    yield Ground(files, root, outside)
    files.close()


class TestFiles(FilesSuite):
    """The suite, in three ways."""


@pytest.fixture(params=WAYS, scope="module")
def machine(request: pytest.FixtureRequest) -> Iterator[Files]:
    """This machine's own files."""
    files = opened(request.param, Path("/"))
    yield files
    files.close()


@pytest.mark.parametrize("link", ["root", "cwd", "exe", "ns/net", "fd/0"])
def test_links_of_proc_are_not_followed(machine: Files, link: str) -> None:
    """Links of /proc into another place are read as text, never followed."""
    path = f"/proc/{os.getpid()}/{link}"
    assert machine.link(path)
    for act in (machine.read, machine.names, machine.watch):
        args = (path, lambda _event: None) if act == machine.watch else (path,)
        assert refusal(lambda act=act, args=args: act(*args)).errno == errno.ELOOP


def test_plain_links_of_proc_are_followed(machine: Files) -> None:
    """/proc/self and /proc/mounts are links like any other."""
    assert machine.read("/proc/self/comm")
    assert machine.read("/proc/mounts").startswith(machine.read("/proc/mounts", 10))


def test_inside_a_real_process(machine: Files, tmp_path: Path) -> None:
    """Below a real process's root lies what it sees, but not its /proc or /sys."""
    (tmp_path / "file").write_bytes(b"seen")
    inner = machine.inside(os.getpid())
    assert inner.read(f"{tmp_path}/file") == b"seen"
    for path in ("/proc/version", "/proc/self/status", "/sys/kernel/notes"):
        assert refusal(lambda path=path: inner.read(path)).errno in (errno.EOPNOTSUPP, errno.ELOOP)


def test_files_of_the_dead_are_dropped(machine: Files) -> None:
    """A sampled file whose process ends gives an error, and its descriptor is closed."""
    with subprocess.Popen(["sleep", "60"]) as child:
        path = f"/proc/{child.pid}/stat"
        (alive,) = machine.sample([path])
        assert isinstance(alive, bytes)
        child.kill()
    (dead,) = machine.sample([path])
    assert isinstance(dead, FileNotFoundError | ProcessLookupError)


def test_what_is_gone_is_closed() -> None:
    """A sampled process that ends leaves no descriptor behind."""
    files = LocalFiles()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with subprocess.Popen(["sleep", "60"]) as child:
        files.sample([f"/proc/{child.pid}/stat"])
        assert len(list(Path("/proc/self/fd").iterdir())) == before + 1
        child.kill()
    files.sample([f"/proc/{child.pid}/stat"])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    files.close()


def test_a_walk_stays_on_its_file_system(machine: Files) -> None:
    """What is mounted below a folder is listed, and not entered."""
    names = {entry.path for entry in machine.walk("/dev")}
    assert "pts" in names
    assert "null" in names
    assert not any(name.startswith("pts/") for name in names)


def test_descriptors_are_kept_within_bounds(tmp_path: Path, monkeypatch) -> None:
    """More files than there are descriptors to spare are sampled all the same."""
    monkeypatch.setattr(agent, "_descriptors", lambda: 20)
    files = LocalFiles(tmp_path)
    for number in range(50):
        (tmp_path / str(number)).write_text(str(number))
    before = len(list(Path("/proc/self/fd").iterdir()))
    paths = [f"/{number}" for number in range(50)]
    assert files.sample(paths) == [str(number).encode() for number in range(50)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 10
    files.forget(paths)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    files.close()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_stays_open(tmp_path: Path, way: str) -> None:
    """A closed agent leaves no descriptor and no process behind."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    files = opened(way, tmp_path)
    (tmp_path / "file").touch()
    files.sample(["/file", "/none"])
    files.watch("/", lambda _event: None)
    for bad in ("/none", "/file/x"):
        refusal(lambda bad=bad: files.read(bad))
    files.walk("/")
    files.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_agent_that_ends_is_told() -> None:
    """Whoever asks an agent that has gone gets an error, not a wait."""
    files = RemoteFiles(Pipes([sys.executable, "-c", "input()"]))
    with pytest.raises(ConnectionError):
        files.read("/proc/version")
    with pytest.raises(ConnectionError):
        files.read("/proc/version")
    files.close()


def test_an_agent_that_is_silent_is_given_up() -> None:
    """An answer that does not come is a TimeoutError."""
    silent = Pipes([sys.executable, "-c", "import sys; sys.stdin.read()"])
    files = RemoteFiles(silent, timeout=0.1)
    with pytest.raises(TimeoutError):
        files.read("/proc/version")
    files.close()


def test_the_agent_is_one_plain_file() -> None:
    """The agent imports the standard library alone and is written for Python 3.9."""
    tree = ast.parse(Path(agent.__file__).read_text(), feature_version=(3, 9))
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names <= set(sys.stdlib_module_names)


def talk(lines: bytes) -> list[dict]:
    """Return the answers of an agent to some lines."""
    done = subprocess.run(
        [sys.executable, agent.__file__, "/"], input=lines, capture_output=True, check=True
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_bad_request_gets_an_error() -> None:
    """Nonsense is answered line by line, and a good request after it as well."""
    bad = [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"id":1,"op":"close","args":{}}',
        b'{"id":2,"op":"read"}',
        b'{"id":3,"op":"read","args":{"path":7}}',
        b'{"id":4,"op":"read","args":{"path":"/proc/version","limit":"x"}}',
        b'{"id":5,"op":"read","args":{"path":"/proc/version","inside":"x"}}',
        b'{"id":6,"op":"many","args":{"calls":[{"op":"many","args":{"calls":[]}}]}}',
        b'{"id":7,"op":"__init__","args":{}}',
        b'{"id":{"a":1},"op":"read","args":{"path":"/none"}}',
        b"[" * 100_000,
        b"\xff\xfe",
        b"x" * (agent.REQUEST_LIMIT + 100_000),
    ]
    good = b'{"id":99,"op":"read","args":{"path":"/proc/version"}}'
    answers = talk(b"\n".join([*bad, good, b""]))
    assert len(answers) == len(bad) + 1
    many = next(each for each in answers if each["id"] == 6)
    assert "error" in many["value"][0]
    assert all("error" in each for each in answers[:-1] if each["id"] != 6)
    assert answers[-1]["value"].startswith("Linux")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def empty_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[agent.Agent]:
    """An agent below an empty folder."""
    made = agent.Agent(str(tmp_path_factory.mktemp("empty")))
    yield made
    made.close()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    op=st.sampled_from(sorted(agent.OPS)) | st.just("many") | json_values,
    args=st.dictionaries(
        st.sampled_from(
            ["path", "paths", "limit", "inside", "xattrs", "name", "calls", "follow", "number"]
        ),
        json_values,
    )
    | json_values,
)
def test_no_request_breaks_the_agent(empty_agent: agent.Agent, op, args) -> None:
    """Any JSON at all gets one line of answer."""
    line = json.dumps({"id": 1, "op": op, "args": args}).encode()
    said = json.loads(agent.answer(empty_agent, line))
    assert said["id"] == 1
    assert ("value" in said) != ("error" in said)
