"""What a control group's files are called, and what it used in a spell of time."""

from __future__ import annotations

import pytest

from helpers.analysis import cgroup_spells as spells
from helpers.errors import LabError
from helpers.kernel import cgroup_names as names
from helpers.records.cgroup_spells import Moment, Spell, Usage
from helpers.records.cgroups import Cgroup, CpuStat
from helpers.records.host import Unavailable

V2 = Cgroup("v2", "/docker/a", (("", "/cg/docker/a"),))
V1 = Cgroup(
    "v1",
    "/docker/a",
    tuple((name, f"/cg/{name}/docker/a") for name in ("blkio", "cpu", "cpuacct", "memory", "pids")),
)
HYBRID = Cgroup("hybrid", "/docker/a", (*V1.folders, ("", "/cg/unified/docker/a")))


def test_v2_has_each_file_by_its_name() -> None:
    """One folder holds them all."""
    for name in ("cpu.max", "memory.high", "pids.events", "io.stat", "cpu.pressure"):
        assert names.paths(V2, name) == (f"/cg/docker/a/{name}",)


def test_v1_has_other_files_and_lacks_some() -> None:
    """Two for a quota; none for memory.high; pressure only where a v2 tree stands beside."""
    assert names.paths(V1, "cpu.max") == (
        "/cg/cpu/docker/a/cpu.cfs_quota_us",
        "/cg/cpu/docker/a/cpu.cfs_period_us",
    )
    assert names.paths(V1, "pids.events") == ("/cg/pids/docker/a/pids.events",)
    assert names.paths(V1, "io.stat")[0].startswith("/cg/blkio/docker/a/blkio.throttle")
    assert names.paths(V1, "memory.high") == names.paths(HYBRID, "memory.high") == ()
    assert names.paths(V1, "cpu.pressure") == ()
    assert names.paths(HYBRID, "cpu.pressure") == ("/cg/unified/docker/a/cpu.pressure",)
    assert names.paths(HYBRID, "memory.low") == ("/cg/memory/docker/a/memory.soft_limit_in_bytes",)


STAT = "cpu  10 0 10 400 50 0\ncpu0 5 0 5 200 25 0\ncpu1 5 0 5 200 25 0\nintr 5\n"


def moment(at: float, usage: int, periods: int, cut: int, idle: float = 0.0) -> Moment:
    return Moment(at, CpuStat(usage, 0, 0, periods, cut, 0), idle, 2)


def test_a_spell_is_what_lies_between_two_moments() -> None:
    """Counters grow; the idle time of all cores becomes cores that were idle."""
    assert spells.idle_of(STAT) == (4.5, 2)
    spell = spells.between(moment(10, 1_000_000, 5, 1, 3.0), moment(12, 2_000_000, 25, 19, 5.0))
    assert spell == Spell(2, 1.0, 20, 18, 1.0)
    assert (spell.cores, spell.throttled) == (0.5, 0.9)
    assert str(spell) == "1.00 s of CPU in 2.0 s; throttled in 18 of 20 periods"
    assert Spell(1, 0, 0, 0, 0).throttled == 0


def test_a_missing_counter_is_an_error_with_a_reason() -> None:
    """Not a zero that would prove something."""
    with pytest.raises(LabError, match="switched off"):
        spells.known(Unavailable("switched off"))


def test_stairs_are_counted() -> None:
    """Flat for long enough, then up again: each flat part is one step, a short one is none."""
    busy, flat = [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]
    steps = [*busy, *flat, *busy, 0, *busy, *flat, *flat]
    usages, usec = [Usage(0.0, 0)], 0
    for number, step in enumerate(steps, 1):
        usec += step * 10_000
        usages.append(Usage(number / 100, usec))
    assert spells.stairs(usages) == 2
    assert spells.stairs([]) == spells.stairs(usages[:1]) == 0
