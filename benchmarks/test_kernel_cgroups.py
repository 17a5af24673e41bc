"""Sampling control groups: against a C program that only reads, and against `docker stats`.

The rounds of both sides are taken in turn. Against C it is CPU time that counts, and the quickest
round of each: both sides do nothing but compute, and a busy machine interrupts the longer round
more often and empties its caches. A hundred cgroups
are made for the floor (empty ones, in the machine's own hierarchies, removed at the end), so
that the kernel has its real work; making them needs root. Twenty real containers stand
against `docker stats`.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.command import run
from helpers.drivers import docker as engine_objects
from helpers.drivers import images, probe
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.kernel.cgroups import Plan, find, hierarchies, sample
from helpers.kernel.files import LocalFiles
from helpers.kernel.sampler import Sampler, Start, Starts
from helpers.labs import owner
from helpers.records.cgroups import Cgroup
from helpers.records.host import Engine
from helpers.records.labels import RunLabels
from helpers.waiting import wait_until
from tools.performance import judge

GROUPS, CONTAINERS, ROUNDS = 100, 20, 31
FLOOR = Path(__file__).with_name("pread_floor.c")
MARKS = RunLabels("bench/kernel-cgroups", "c001", owner.current()).as_dict()


def timed(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


@pytest.fixture
def files() -> Iterator[LocalFiles]:
    made = LocalFiles()
    yield made
    made.close()


class Floor:
    """The C program, open and waiting."""

    def __init__(self, folder: Path, paths: tuple[str, ...]) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("no C compiler on this machine: `apt-get install gcc libc6-dev`")
        program = folder / "floor"
        run([compiler, "-O2", "-o", str(program), str(FLOOR)])
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write("\n".join([*paths, "", ""]))

    def round(self) -> float:
        """Return the seconds of CPU time of one round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def hundred(files: LocalFiles) -> Iterator[list[Plan]]:
    """A hundred cgroups without processes, in every hierarchy that is mounted."""
    name = f"caas-book-bench-{os.getpid()}"
    mounts = [m for m in hierarchies(files) if m.controllers or m.version == "v2"]
    folders = [Path(mount.point) / name for mount in mounts]
    made: list[Path] = []
    try:
        for folder in folders:
            folder.mkdir()
            made.append(folder)
            control = folder / "cgroup.subtree_control"
            if control.exists():  # v2: what the top hands down, our hundred may have
                on = (folder / "cgroup.controllers").read_text().split()
                control.write_text(" ".join(f"+{each}" for each in on))
            for number in range(GROUPS):
                (folder / str(number)).mkdir()
                made.append(folder / str(number))
    except OSError as error:
        remove(made)
        pytest.skip(f"cgroups cannot be made here: {error}")
    yield [
        Plan.of(
            Cgroup(
                "hybrid",
                f"/{name}/{number}",
                tuple(
                    (controller, f"{folder}/{number}")
                    for mount, folder in zip(mounts, folders, strict=True)
                    for controller in (mount.controllers or ("",))
                ),
            )
        )
        for number in range(GROUPS)
    ]
    remove(made)


def remove(folders: list[Path]) -> None:
    for folder in reversed(folders):
        folder.rmdir()


@pytest.mark.benchmark(group="sampling 100 cgroups")
def test_against_a_c_program(benchmark, files, hundred: list[Plan], tmp_path: Path) -> None:
    """A full sample of 100 cgroups, parsed, takes at most 3.5 times the bare reads in C."""
    floor = Floor(tmp_path, tuple(path for plan in hundred for path in plan.quick))
    ours: list[float] = []
    theirs: list[float] = []

    def both() -> None:
        theirs.append(floor.round())
        begin = time.thread_time()
        sample(files, hundred)
        ours.append(time.thread_time() - begin)

    benchmark.pedantic(both, rounds=ROUNDS, warmup_rounds=3)
    floor.close()
    benchmark.extra_info["files"] = len(hundred[0].quick) * GROUPS
    mine, c = min(ours[3:]), min(theirs[3:])
    judge(benchmark, "sampling", mine / c, f"{mine * 1e3:.1f} ms", f"{c * 1e3:.1f} ms")


@pytest.fixture(scope="module")
def client():
    found = look_for_engine()
    if not isinstance(found, Engine):
        pytest.skip(found.reason)
    made = open_client(found.endpoint)
    images.ensure(made, ["busybox", "python"])
    yield made
    engine_objects.remove(made, engine_objects.lab_objects(made, run="c001"))
    made.close()


@pytest.fixture(scope="module")
def pids(client) -> list[int]:
    """Twenty containers that sleep."""
    found = []
    for _number in range(CONTAINERS):
        container = client.containers.create(
            images.reference("busybox"), ["sleep", "3600"], labels=MARKS, network_mode="none"
        )
        container.start()
        container.reload()
        found.append(container.attrs["State"]["Pid"])
    return found


def plans_of(files, pids: list[int]) -> list[Plan]:
    found = [find(files, pid) for pid in pids]
    return [Plan.of(cgroup) for cgroup in found if isinstance(cgroup, Cgroup)]


@pytest.mark.benchmark(group="sampling 20 containers")
def test_against_docker_stats(benchmark, client, files, pids: list[int]) -> None:
    """Twenty containers are sampled at least 500 times faster than `docker stats` tells of
    them; the same through a probe container stands beside it."""
    plans = plans_of(files, pids)
    far = probe.files_of(client, MARKS)
    sample(files, plans)
    sample(far, plans)
    theirs = [timed(lambda: run(["docker", "stats", "--no-stream"])) for _round in range(3)]
    through = [timed(lambda: sample(far, plans)) for _round in range(ROUNDS)]
    benchmark.pedantic(lambda: sample(files, plans), rounds=ROUNDS, warmup_rounds=3)
    probe.close("c001")
    ours, stats = benchmark.stats.stats.median, statistics.median(theirs)
    far_ms = statistics.median(through) * 1e3
    assert len(plans) == CONTAINERS
    mine = f"{ours * 1e3:.1f} ms, through a container {far_ms:.1f} ms"
    judge(benchmark, "stats", stats / ours, mine, f"{stats:.1f} s")


@pytest.mark.benchmark(group="the sampler")
def test_the_share_of_a_core(benchmark, files, pids: list[int]) -> None:
    """Five samples a second of ten containers, once a second in detail, cost at most 2 % of a
    core."""
    cgroups = [plan.cgroup for plan in plans_of(files, pids[:10])]
    sampler, shares = Sampler(files), []

    def watch() -> None:
        looking = sampler.subscribe(cgroups, lambda _snapshot: None)
        time.sleep(0.5)
        begin, used = time.monotonic(), time.process_time()
        time.sleep(3)
        shares.append((time.process_time() - used) / (time.monotonic() - begin))
        looking.close()

    benchmark.pedantic(watch, rounds=3)
    share = statistics.median(shares)
    judge(benchmark, "watching", share * 100)


@pytest.mark.benchmark(group="noticing a start")
def test_a_start(benchmark, client, files) -> None:
    """A start is noticed at most 200 ms after it was asked for, and before the engine tells."""
    found: list[Start] = []
    starts = Starts(files, found.append)
    noticed: list[float] = []
    told: list[float] = []

    def start() -> None:
        container = client.containers.create(
            images.reference("busybox"), ["sleep", "60"], labels=MARKS, network_mode="none"
        )
        events = client.events(filters={"container": container.id}, decode=True)
        begin = time.monotonic()
        container.start()
        for event in events:
            if event["Action"] == "start":
                told.append(time.monotonic() - begin)
                break
        events.close()
        mine = wait_until(
            lambda: [s for s in found if s.owner.container_id == container.id], what="the start"
        )
        noticed.append(mine[0].at - begin)
        container.remove(force=True)

    benchmark.pedantic(start, rounds=9, warmup_rounds=1)
    starts.close()
    ours, theirs = statistics.median(noticed[1:]), statistics.median(told[1:])
    assert ours < theirs
    judge(benchmark, "start", ours * 1e3, f"{ours * 1e3:.0f} ms", f"{theirs * 1e3:.0f} ms")
