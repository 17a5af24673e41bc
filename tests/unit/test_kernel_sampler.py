"""One sampler for all who look, and starts that are noticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cgroup_trees as trees
import pytest

from helpers.kernel.cgroups import find
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.remote import Pipes, RemoteFiles
from helpers.kernel.sampler import Sampler, Snapshot, Start, Starts, top, usual_parents
from helpers.records.cgroups import Cgroup
from helpers.waiting import wait_until

A, B = "a" * 64, "b" * 64


class Counting(LocalFiles):
    """Files that note what was sampled and forgotten."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.sampled: list[list[str]] = []
        self.forgotten: list[str] = []
        self.broken = False

    def sample(self, paths):
        if self.broken:
            raise ConnectionResetError(104, "gone")
        self.sampled.append(list(paths))
        return super().sample(paths)

    def forget(self, paths=None) -> None:
        self.forgotten += paths or []
        super().forget(paths)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Counting]:
    """A v2 machine with two containers."""
    trees.v2(tmp_path, f"/docker/{A}", 1001)
    trees.v2(tmp_path, f"/docker/{B}", 1002)
    made = Counting(tmp_path)
    yield made
    made.close()


def cgroup(files: Files, pid: int) -> Cgroup:
    found = find(files, pid)
    assert isinstance(found, Cgroup)
    return found


def idle(files: Files) -> Sampler:
    """Return a sampler whose thread never comes to its second round."""
    return Sampler(files, every=3600.0)


def test_what_two_look_at_is_read_once(files: Counting) -> None:
    """Two subscribers of one container share its reading, and each gets what it asked for."""
    one, two = cgroup(files, 1001), cgroup(files, 1002)
    seen: list[list[Snapshot]] = [[], []]
    sampler = idle(files)
    first = sampler.subscribe([one], seen[0].append)
    second = sampler.subscribe([two, one], seen[1].append)
    wait_until(lambda: seen[0], what="the thread's first round")
    files.sampled.clear()
    seen[0].clear()
    seen[1].clear()
    sampler.round()
    quick = files.sampled[0]
    assert len(quick) == len(set(quick)) == 12
    assert [s.cgroup for s in seen[0][0].samples] == [one]
    assert [s.cgroup for s in seen[1][0].samples] == [two, one]
    assert [d.cgroup for d in seen[1][0].details] == [two, one]
    first.close()
    second.close()


def test_details_are_read_each_fifth_time(files: Counting) -> None:
    """Limits and memory.stat cost once a second, not five times."""
    sampler = idle(files)
    looking = sampler.subscribe([cgroup(files, 1001)], lambda _snapshot: None)
    wait_until(lambda: len(files.sampled) == 2, what="the first round")
    files.sampled.clear()
    for _round in range(10):
        sampler.round()
    slow = [paths for paths in files.sampled if any("memory.stat" in path for path in paths)]
    assert len(slow) == 2
    looking.close()


def test_it_stops_when_nobody_looks(files: Counting) -> None:
    """The last to leave ends the thread and the kept descriptors; the next begins anew."""
    sampler = idle(files)
    assert not sampler.running
    told = threading.Event()
    looking = [
        sampler.subscribe([cgroup(files, pid)], lambda _s: told.set()) for pid in (1001, 1002)
    ]
    assert told.wait(10)
    looking[0].close()
    assert sampler.running
    looking[1].close()
    looking[1].close()
    assert not sampler.running
    assert files._agent._kept == {None: {}}
    told.clear()
    again = sampler.subscribe([cgroup(files, 1001)], lambda _snapshot: told.set())
    assert told.wait(10)
    again.close()
    assert not any(thread.name == "sampler" for thread in threading.enumerate())


def test_looking_elsewhere_lets_go(files: Counting) -> None:
    """What nobody looks at any more is forgotten."""
    one, two = cgroup(files, 1001), cgroup(files, 1002)
    sampler = idle(files)
    seen: list[Snapshot] = []
    looking = sampler.subscribe([one], seen.append)
    wait_until(lambda: seen, what="the first round")
    looking.look_at([two])
    sampler.round()
    assert [s.cgroup for s in seen[-1].samples] == [two]
    assert all(A in path for path in files.forgotten)
    assert files.forgotten
    looking.close()


def test_one_that_breaks_leaves_the_others(files: Counting) -> None:
    """A subscriber that raises is dropped with its error; the others go on."""
    sampler = idle(files)
    seen: list[Snapshot] = []

    def breaks(_snapshot: Snapshot) -> None:
        raise ZeroDivisionError("a figure went wrong")

    good = sampler.subscribe([cgroup(files, 1001)], seen.append)
    wait_until(lambda: seen, what="the first round")
    bad = sampler.subscribe([cgroup(files, 1002)], breaks)
    sampler.round()
    sampler.round()
    assert isinstance(bad.error, ZeroDivisionError)
    assert len(seen) == 3
    assert good.error is None
    good.close()


def test_a_subscriber_may_leave_while_it_is_told(files: Counting) -> None:
    """Closing from within the function that is told ends the sampler without a deadlock."""
    sampler = Sampler(files, every=0.001)
    done = threading.Event()

    def once(_snapshot: Snapshot) -> None:
        looking.close()
        done.set()

    hold = threading.Event()
    looking = sampler.subscribe([cgroup(files, 1001)], lambda s: (hold.wait(10), once(s)))
    hold.set()
    assert done.wait(10)
    wait_until(lambda: not any(t.name == "sampler" for t in threading.enumerate()), what="its end")


def test_an_agent_that_goes_is_told(files: Counting) -> None:
    """When the agent goes, every subscriber learns why, and the thread ends."""
    sampler = Sampler(files, every=0.001)
    looking = sampler.subscribe([cgroup(files, 1001)], lambda _snapshot: None)
    files.broken = True
    wait_until(lambda: looking.error is not None, what="the error")
    assert isinstance(looking.error, ConnectionResetError)
    wait_until(lambda: not sampler.running, what="the end of the thread")


def test_it_keeps_its_pace(files: Counting) -> None:
    """Rounds come one after the other without being asked for."""
    sampler = Sampler(files, every=0.001)
    seen: list[Snapshot] = []
    looking = sampler.subscribe([cgroup(files, 1001)], seen.append)
    wait_until(lambda: len(seen) > 5, what="six rounds")
    looking.close()
    assert all(a.at < b.at for a, b in pairwise(seen))


@pytest.mark.parametrize("remote", [False, True])
def test_starts(tmp_path: Path, remote: bool) -> None:
    """A container's cgroup is noticed as it is made, also in a parent that comes later."""
    trees.v2(tmp_path, "/system.slice/ssh.service")
    base = tmp_path / "sys/fs/cgroup"
    files = RemoteFiles(Pipes.agent(tmp_path)) if remote else LocalFiles(tmp_path)
    seen: list[Start] = []
    starts = Starts(files, seen.append)
    (base / "system.slice/cron.service").mkdir()
    (base / f"system.slice/docker-{A}.scope").mkdir()
    (base / "docker").mkdir()
    (base / "docker" / B).mkdir()
    wait_until(lambda: len(seen) >= 2, what="two starts")
    starts.close()
    starts.close()
    (base / "docker" / ("c" * 64)).mkdir()
    files.close()
    assert {start.owner.container_id for start in seen} == {A, B}
    assert {start.folder for start in seen} == {
        f"/sys/fs/cgroup/system.slice/docker-{A}.scope",
        f"/sys/fs/cgroup/docker/{B}",
    }


def test_where_engines_put_containers(tmp_path: Path) -> None:
    """The usual parents are found, users' own among them; v1's memory tree stands for all."""
    trees.v2(tmp_path, "/user.slice/user-1000.slice/user@1000.service/user.slice/x.scope")
    trees.v2(tmp_path, "/docker/x")
    files = LocalFiles(tmp_path)
    assert usual_parents(files, top(files)) == (
        "/sys/fs/cgroup/docker",
        "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice",
    )
    trees.v1(tmp_path, unified="/x")
    assert top(files) == "/sys/fs/cgroup/memory"
    trees.mounts(tmp_path)
    with pytest.raises(FileNotFoundError):
        top(files)
    files.close()
