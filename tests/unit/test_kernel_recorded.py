"""What a real machine with cgroup v2 and systemd showed (`make test-vm` records it) is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cgroup_trees import write

from helpers import paths
from helpers.kernel.cgroups import Plan, detail, find, identify, sample
from helpers.kernel.files import LocalFiles
from helpers.records.cgroups import (
    Cgroup,
    CgroupDetail,
    CgroupSample,
    CpuMax,
    CpuStat,
    IoDevice,
    MemoryEvents,
)
from helpers.records.host import Unavailable

RECORDED: dict[str, Any] = json.loads(
    (paths.ROOT / "tests" / "fixtures" / "cgroup-v2.json").read_text()
)["cases"]

Recorded = Callable[[str], tuple[CgroupSample, CgroupDetail]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[[str], Cgroup]]:
    """Lay a recorded case out as files, and find its container's cgroup."""
    opened = []

    def lay_out(case: str) -> Cgroup:
        for path, text in RECORDED[case]["files"].items():
            file = tmp_path / path.lstrip("/")
            write(file.parent, {file.name: text})
        files = LocalFiles(tmp_path)
        opened.append(files)
        found = find(files, RECORDED[case]["pid"])
        assert isinstance(found, Cgroup)
        return found

    yield lay_out
    for files in opened:
        files.close()


@pytest.fixture
def recorded(tmp_path: Path, place) -> Iterator[Recorded]:
    """Read a recorded case."""
    files = LocalFiles(tmp_path)

    def read(case: str) -> tuple[CgroupSample, CgroupDetail]:
        plan = Plan.of(place(case))
        return sample(files, [plan])[0], detail(files, [plan])[0]

    yield read
    files.close()


@pytest.mark.parametrize("case", ["idle", "busy", "killed", "writing"])
def test_everything_is_there(recorded: Recorded, case: str) -> None:
    """Under systemd and v2 every figure is there, with the limits that were asked for."""
    quick, slow = recorded(case)
    owner = identify(quick.cgroup.path)
    assert owner is not None
    assert (quick.cgroup.version, owner.driver, owner.engine) == ("v2", "systemd", "docker")
    for record in (quick, slow):
        for name in type(record).__annotations__:
            assert not isinstance(getattr(record, name), Unavailable), name
    assert slow.cpu_max == CpuMax(20_000, 100_000)
    assert (slow.memory_max, slow.memory_high, slow.pids_max) == (64 << 20, None, 20)


def test_the_busy_one_was_throttled(recorded: Recorded) -> None:
    """A loop under a quota of a fifth is cut short in most of its periods."""
    cpu = recorded("busy")[0].cpu
    assert isinstance(cpu, CpuStat)
    assert isinstance(cpu.nr_throttled, int)
    assert isinstance(cpu.nr_periods, int)
    assert cpu.nr_throttled > cpu.nr_periods / 2


def test_the_greedy_one_was_killed(recorded: Recorded) -> None:
    """The limit was met, ran out once and cost one process; usage peaked at the limit."""
    slow = recorded("killed")[1]
    events = slow.memory_events
    assert isinstance(events, MemoryEvents)
    assert (events.oom, events.oom_kill) == (1, 1)
    assert isinstance(events.max, int)
    assert events.max > 0
    assert slow.memory_peak == 64 << 20


def test_what_was_written_is_counted(recorded: Recorded) -> None:
    """Sixty-four blocks of 64 KiB, flushed, are 4 MiB in io.stat."""
    io = recorded("writing")[1].io
    assert isinstance(io, tuple)
    (disk,) = [device for device in io if device.wbytes]
    assert isinstance(disk, IoDevice)
    assert disk.wbytes == 64 * 64 * 1024


def test_seen_from_within(tmp_path: Path, place) -> None:
    """In a cgroup namespace of its own a container finds itself at the top of what is mounted."""
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    assert place("within") == Cgroup("v2", "/", (("", "/sys/fs/cgroup"),))
