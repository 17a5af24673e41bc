"""Control groups of real containers: found, read, limited, in this process and through a probe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.analysis import cgroups as rates
from helpers.drivers import images, probe
from helpers.drivers.engine import open_client
from helpers.host import cgroup_mode, look_for_engine
from helpers.kernel.cgroups import Plan, detail, find, sample
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.sampler import Sampler, Snapshot, Start, Starts
from helpers.labs import owner
from helpers.records.cgroups import Cgroup, CgroupDetail, CgroupSample, CpuMax, CpuStat, Pressure
from helpers.records.host import Engine, Unavailable
from helpers.records.labels import RunLabels
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker
MARKS = RunLabels("tests/kernel-cgroups", "b001", owner.current()).as_dict()
LIMITS: dict[str, Any] = {
    "nano_cpus": 200_000_000,
    "mem_limit": "64m",
    "memswap_limit": "64m",
    "pids_limit": 20,
    "cpu_shares": 512,
}


@pytest.fixture(scope="module")
def client():
    found = look_for_engine()
    assert isinstance(found, Engine), found
    made = open_client(found.endpoint)
    images.ensure(made, ["busybox"])
    yield made
    made.close()


@pytest.fixture(scope="module", params=["in-process", "probe"])
def files(request: pytest.FixtureRequest, client) -> Iterator[Files]:
    """The machine's files, in both ways."""
    if request.param == "probe":
        yield probe.files_of(client, MARKS)
        probe.close("b001")
    else:
        made = LocalFiles()
        yield made
        made.close()


@pytest.fixture
def start(client):
    """Start containers; they are removed at the end."""
    made = []

    def run(script: str, **options: Any) -> tuple[int, str]:
        container = client.containers.create(
            images.reference("busybox"), ["sh", "-c", script], labels=MARKS, **options
        )
        made.append(container)
        container.start()
        container.reload()
        return container.attrs["State"]["Pid"], container.id

    yield run
    for container in made:
        container.remove(force=True)


def plan_of(files: Files, pid: int) -> Plan:
    found = find(files, pid)
    assert isinstance(found, Cgroup), found
    return Plan.of(found)


def seen(files: Files, plan: Plan) -> tuple[CgroupSample, CgroupDetail]:
    return sample(files, [plan])[0], detail(files, [plan])[0]


def test_limits_are_what_was_asked_for(files: Files, start) -> None:
    """What `docker run` was given stands in the kernel's files, in the terms of v2."""
    pid, ident = start("sleep 600", **LIMITS)
    plan = plan_of(files, pid)
    quick, slow = seen(files, plan)
    assert ident in plan.cgroup.path
    assert plan.cgroup.version == cgroup_mode()
    assert slow.cpu_max == CpuMax(20_000, 100_000)
    assert slow.memory_max == 64 << 20
    assert slow.pids_max == 20
    assert quick.pids_current == 1
    # 512 shares are weight 50 to the kernel; runc's own formulas for v2 give 20 or 59
    assert slow.cpu_weight in (50, 20, 59)


def test_nothing_is_missing(files: Files, start) -> None:
    """A real container has every figure of its version of cgroups; what lacks is v1's lack."""
    quick, slow = seen(files, plan_of(files, start("sleep 600", **LIMITS)[0]))
    missing = {
        name
        for record in (quick, slow)
        for name in type(record).__annotations__
        if isinstance(getattr(record, name), Unavailable)
    }
    lacking: dict[str, set[str]] = {
        "v2": set(),
        "hybrid": {"memory_high"},
        "v1": {"memory_high", "cpu_pressure", "memory_pressure", "io_pressure"},
    }
    assert missing - {"memory_peak"} <= lacking[quick.cgroup.version]


def test_a_busy_container_is_throttled(files: Files, start) -> None:
    """A fifth of a core is the most it gets, and periods are cut short for that."""
    pid, _ident = start("while :; do :; done", **LIMITS)
    plan = plan_of(files, pid)
    before = sample(files, [plan])[0]

    def grown() -> int:
        now = sample(files, [plan])[0].cpu
        assert isinstance(now, CpuStat)
        assert isinstance(before.cpu, CpuStat)
        growth = rates.increase(before.cpu.nr_throttled, now.nr_throttled)
        assert isinstance(growth, int)
        return growth

    wait_until(grown, lambda count: count >= 10, what="ten periods cut short")
    found = rates.cpu_rates(before, sample(files, [plan])[0])
    assert isinstance(found, rates.CpuRates)
    assert isinstance(found.cores, float)
    assert isinstance(found.throttled, float)
    assert found.cores < 0.3  # 0.2 and what the last period overran
    assert 0 < found.throttled <= 1


def test_a_greedy_container_is_killed(files: Files, start) -> None:
    """Memory beyond the limit costs a process its life, and v2 counts the limit as met."""
    script = "tail -c 100000000 /dev/zero | tail; sleep 600"
    plan = plan_of(files, start(script, **LIMITS)[0])

    def killed() -> int:
        events = seen(files, plan)[1].memory_events
        assert not isinstance(events, Unavailable)
        assert isinstance(events.oom_kill, int)
        return events.oom_kill

    wait_until(killed, what="a process killed for want of memory")
    events = seen(files, plan)[1].memory_events
    assert not isinstance(events, Unavailable)
    assert isinstance(events.max, int)
    # kernels have been seen to leave v1's failcnt at 0
    assert events.max > 0 or plan.cgroup.version != "v2"


def test_pressure_grows_where_tasks_wait(files: Files, start) -> None:
    """A throttled container waits for the CPU; where the kernel counts that, it shows."""
    plan = plan_of(files, start("while :; do :; done", **LIMITS)[0])
    before = sample(files, [plan])[0].cpu_pressure
    if isinstance(before, Unavailable):
        pytest.skip(before.reason)

    def waited() -> bool:
        now = sample(files, [plan])[0].cpu_pressure
        assert isinstance(now, Pressure)
        return now.some.total > before.some.total + 100_000

    wait_until(waited, what="a tenth of a second of waiting")


def test_a_container_that_ends_under_the_sampler(files: Files, client, start) -> None:
    """One container's end leaves reasons in its place and does not touch its neighbour."""
    (one, ident), (two, _other) = start("sleep 600"), start("sleep 600")
    plans = [plan_of(files, pid) for pid in (one, two)]
    snapshots: list[Snapshot] = []
    sampler = Sampler(files, every=0.02)
    looking = sampler.subscribe([plan.cgroup for plan in plans], snapshots.append)
    wait_until(lambda: snapshots, what="a snapshot")
    assert isinstance(snapshots[0].samples[0].memory_current, int)
    client.containers.get(ident).kill()
    wait_until(
        lambda: isinstance(snapshots[-1].samples[0].memory_current, Unavailable),
        what="the end of the first",
    )
    assert isinstance(snapshots[-1].samples[1].memory_current, int)
    assert looking.error is None
    looking.close()


def test_a_start_is_noticed(files: Files, start) -> None:
    """A container's cgroup is noticed as the kernel makes it, before the engine is done."""
    found: list[Start] = []
    starts = Starts(files, found.append)
    # the folder of the engine's containers may have come with the first of them
    before = time.monotonic()
    _pid, ident = start("sleep 600")
    started = time.monotonic()
    wait_until(lambda: [s for s in found if s.owner.container_id == ident], what="the start")
    starts.close()
    (noticed,) = [s for s in found if s.owner.container_id == ident]
    assert before < noticed.at < started
    assert noticed.owner.engine in ("docker", "podman")
