"""How the monitor looks at the engine and the kernel, with both of them made up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cgroup_trees
import pytest
from docker.errors import NotFound

from helpers.drivers import coins_monitor as driver
from helpers.drivers.dockercoins import SERVICES
from helpers.errors import LabError
from helpers.kernel.files import LocalFiles

NET = "coins-net"


class Machine:
    """An engine and its kernel's files. `tick` lets a second pass, with `busy` s of CPU used."""

    def __init__(self, root: Path) -> None:
        self.root, self.asked = root, Counter[str]()
        self.now = 1000.0
        self.running: dict[str, str] = {}  # service by id
        self.cores: dict[str, float] = {}
        self.counted = True  # whether the engine counts CPU time
        cgroup_trees.mounts(root, "/ /sys/fs/cgroup cgroup2 rw")
        self.client: Any = SimpleNamespace(api=self)

    def start(self, service: str, *, here: bool = True) -> str:
        """Start a container; `here`: its control group is this kernel's."""
        number = len(self.cores) + 2
        ident = f"{number:064x}"
        self.running[ident], self.cores[ident] = service, 0.5
        if here:
            cgroup_trees.process(self.root, number, f"0::/docker/{ident}\n")
            self._count(ident)
        return ident

    def _count(self, ident: str) -> None:
        usage = {"cpu.stat": f"usage_usec {round(self.cores[ident] * 1e6)}\n"}
        cgroup_trees.write(self.root / "sys/fs/cgroup/docker" / ident, usage)

    def tick(self, busy: float = 0.03) -> None:
        self.now += 1
        for ident in self.running:
            self.cores[ident] += busy
            if (self.root / "sys/fs/cgroup/docker" / ident).exists():
                self._count(ident)

    # -- what the SDK asks

    def containers(self, *, filters: dict[str, str]) -> list[dict[str, str]]:
        assert filters == {"network": NET}
        self.asked["list"] += 1
        return [{"Id": ident} for ident in self.running]

    def inspect_container(self, ident: str) -> dict[str, Any]:
        self.asked["inspect"] += 1
        service = self.running[ident]
        program = ["redis-server"] if service == "redis" else ["python3", f"/app/{service}.py"]
        return {
            "Path": program[0],
            "Args": program[1:],
            "State": {"Pid": int(ident, 16)},
            "NetworkSettings": {"Networks": {NET: {"Aliases": [service]}}},
        }

    def logs(self, ident: str, *, tail: int) -> bytes:
        """Three hashes a second from each worker, reported each second."""
        self.asked["logs"] += 1
        if ident not in self.running:
            raise NotFound("gone")
        seconds = {"rng": 0.1, "hasher": 0.1}
        lines = [
            {"time": self.now - ago, "event": "reported", "hashes": 3, "seconds": seconds}
            for ago in range(8, -1, -1)
        ]
        return "\n".join(map(json.dumps, lines[-tail:])).encode()

    def stats(self, ident: str, *, stream: bool, one_shot: bool) -> dict[str, Any]:
        assert one_shot
        assert not stream
        self.asked["stats"] += 1
        used = round(self.cores[ident] * 1e9) if self.counted else 0
        read = f"2026-11-24T11:00:{int(self.now - 1000):02}.123456789Z"
        return {"read": read, "cpu_stats": {"cpu_usage": {"total_usage": used}}}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def watch(machine: Machine) -> Iterator[driver.Watch]:
    times = {"clock": lambda: machine.now, "now": lambda: machine.now}
    made = driver.Watch(machine.client, NET, files=LocalFiles(machine.root), **times)
    # The kernel's samples bear the real time, which hardly passes here.
    sample = driver.cgroups.sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver.cgroups, "sample", lambda f, p: sample(f, p, machine.now))
        yield made
    made.close()


def seen(machine: Machine, watch: driver.Watch, looks: int = 3) -> Any:
    """Return the last of some looks, a second apart."""
    for _number in range(looks):
        machine.tick()
        found = watch.look()
    return found


def test_a_look_has_crew_rate_waits_and_cpu(machine: Machine, watch: driver.Watch) -> None:
    """All of it is there after the first seconds."""
    for service in (*SERVICES, "worker", "rng"):
        machine.start(service)
    found = seen(machine, watch)
    assert (found.at, found.workers, found.rngs) == (1003.0, 2, 2)
    assert found.rate == pytest.approx(6.0)
    assert (found.rng, found.hasher) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.cores == {service: pytest.approx(0.03, rel=0.01) for service in SERVICES}


def test_looking_costs_the_engine_little(machine: Machine, watch: driver.Watch) -> None:
    """A list and a few lines of each worker's log a look; who is known is not asked again."""
    for service in (*SERVICES, *["worker"] * 9):
        machine.start(service)
    seen(machine, watch, looks=4)
    assert machine.asked == {"list": 4, "logs": 40, "inspect": 14}


def test_a_kernel_that_is_elsewhere_is_asked_through_the_engine(
    machine: Machine, watch: driver.Watch
) -> None:
    """On Docker Desktop, process numbers of this machine mean nothing, or somebody else."""
    for service in SERVICES:
        machine.start(service, here=False)
    stranger = next(iter(machine.running))
    cgroup_trees.process(machine.root, int(stranger, 16), f"0::/docker/{'ab' * 32}\n")
    found = seen(machine, watch)
    assert machine.asked["stats"] == 15
    assert found.cores == {service: pytest.approx(0.03) for service in SERVICES}


def test_cpu_that_nobody_counts_is_not_known(machine: Machine, watch: driver.Watch) -> None:
    """An engine that answers 0 for a program that runs does not count: it is not idle."""
    for service in SERVICES:
        machine.start(service, here=False)
    machine.counted = False
    assert seen(machine, watch).cores == dict.fromkeys(SERVICES)
    assert driver.usage_of({}).seconds is None
    assert driver.usage_of({"read": "0001-01-01T00:00:00Z"}).seconds is None


def test_who_comes_and_goes_is_noticed(machine: Machine, watch: driver.Watch) -> None:
    """The crew is that of the moment; hashes of a worker that has gone still count."""
    worker = machine.start("worker")
    machine.start("worker")
    assert seen(machine, watch).workers == 2
    del machine.running[worker]
    found = seen(machine, watch, looks=1)
    assert found.workers == 1
    assert 3 < found.rate < 6
    machine.start("rng")
    assert seen(machine, watch, looks=1).rngs == 1
    assert seen(machine, watch, looks=30).rate == pytest.approx(3)
    assert len(watch._reports) == 1


def test_a_container_may_go_while_it_is_looked_at(machine: Machine, watch: driver.Watch) -> None:
    """Between the list and the question it may end; the look goes on without it."""
    machine.start("worker")
    gone = machine.start("worker")
    seen(machine, watch)
    listed = machine.containers(filters={"network": NET})
    machine.containers = lambda **_filters: listed  # type: ignore[method-assign]
    del machine.running[gone]
    assert watch.look().rate


def test_an_application_that_has_gone_is_said_to_have(
    machine: Machine, watch: driver.Watch
) -> None:
    """Before it is there one waits; once it was there its absence is an end."""
    assert watch.look().workers == 0
    machine.start("rng")
    watch.look()
    machine.running.clear()
    with pytest.raises(LabError, match=r"DockerCoins has gone") as caught:
        watch.look()
    assert caught.value.remedy


def test_a_service_is_known_by_its_program() -> None:
    """Not by its image or name, which a reader may choose."""
    assert driver.service_of(["python3", "/app/rng.py"], ["anything"]) == "rng"
    assert driver.service_of(["docker-entrypoint.sh", "redis-server"], ["redis"]) == "redis"
    assert driver.service_of(["sleep", "60"], ["rng"]) == ""
