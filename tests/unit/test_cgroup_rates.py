"""Rates of control groups are arithmetic on two samples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis import cgroups as rates
from helpers.records.cgroups import (
    Cgroup,
    CgroupDetail,
    CgroupSample,
    CpuMax,
    CpuStat,
    IoDevice,
    Pressure,
    PressureLine,
)
from helpers.records.host import Unavailable

HERE = Cgroup("v2", "/x", (("", "/x"),))
NOT = Unavailable("not there")


def moment(at: float, cpu: CpuStat | Unavailable) -> CgroupSample:
    return CgroupSample(HERE, at, cpu, 1, 1, NOT, NOT, NOT, (), ())


def known(at: float, io: tuple[IoDevice, ...] | Unavailable) -> CgroupDetail:
    return CgroupDetail(HERE, at, NOT, 1, 1, None, None, NOT, NOT, None, NOT, io, (), ())


def test_cpu() -> None:
    """Half a core over two seconds, a quarter of the periods cut short."""
    before = moment(10.0, CpuStat(1_000_000, 500_000, 500_000, 100, 0, 0))
    after = moment(12.0, CpuStat(2_000_000, 1_300_000, 700_000, 120, 5, 400_000))
    assert rates.cpu_rates(before, after) == rates.CpuRates(0.5, 0.4, 0.1, 0.25, 0.2)


def test_no_quota_no_throttling() -> None:
    """Without a quota no periods pass, and none is cut."""
    cpu = CpuStat(1, 1, 0, 0, 0, 0)
    found = rates.cpu_rates(moment(0.0, cpu), moment(1.0, cpu))
    assert isinstance(found, rates.CpuRates)
    assert found.throttled == 0.0


def test_a_counter_that_began_anew() -> None:
    """A restarted container has no rate, rather than a negative one."""
    before, after = CpuStat(900, 1, 1, 0, 0, 0), CpuStat(100, 1, 1, 0, 0, 0)
    found = rates.cpu_rates(moment(0.0, before), moment(1.0, after))
    assert isinstance(found, rates.CpuRates)
    assert isinstance(found.cores, Unavailable)


def test_one_moment_has_no_rate() -> None:
    """The same moment twice has no rate."""
    cpu = CpuStat(1, 1, 0, 0, 0, 0)
    found = rates.cpu_rates(moment(1.0, cpu), moment(1.0, cpu))
    assert isinstance(found, rates.CpuRates)
    assert isinstance(found.cores, Unavailable)


def test_what_is_not_there_stays_so() -> None:
    """The reason of a missing figure is the reason of its rate."""
    assert rates.cpu_rates(moment(0.0, NOT), moment(1.0, NOT)) is NOT
    assert rates.io_rates(known(0.0, NOT), known(1.0, NOT)) is NOT
    assert rates.pressure_shares(NOT, NOT, 1.0) is NOT
    assert rates.working_set(NOT, 1) is NOT
    assert rates.share(1, NOT) is NOT
    assert rates.cores_allowed(NOT) is NOT


def test_pressure() -> None:
    """A tenth of a second lost in a second is a tenth; a missing full line stays missing."""
    line = PressureLine(0.0, 0.0, 0.0, 1_000)
    later = line._replace(total=101_000)
    found = rates.pressure_shares(Pressure(line, line), Pressure(later, line), 1.0)
    assert found == rates.PressureShares(pytest.approx(0.1), 0.0)
    found = rates.pressure_shares(Pressure(line, NOT), Pressure(later, NOT), 1.0)
    assert found == rates.PressureShares(pytest.approx(0.1), NOT)


def test_io() -> None:
    """Devices are added up, a new one among them."""
    first = known(0.0, (IoDevice("8:0", 0, 100, 1, 1),))
    second = known(2.0, (IoDevice("8:0", 50, 300, 1, 3), IoDevice("8:16", 50, 0, 1, 0)))
    assert rates.io_rates(first, second) == rates.IoRates(50.0, 100.0, 0.5, 1.0)


def test_shares() -> None:
    """Limits turn figures into shares; None stays None."""
    assert rates.share(50, 200) == 0.25
    assert rates.share(50, None) is None
    assert isinstance(rates.share(50, 0), Unavailable)
    assert rates.cores_allowed(CpuMax(150_000, 100_000)) == 1.5
    assert rates.cores_allowed(CpuMax(None, 100_000)) is None
    assert isinstance(rates.cores_allowed(CpuMax(1, 0)), Unavailable)
    assert rates.working_set(100, 30) == 70
    assert rates.working_set(10, 30) == 0


figures = st.integers(0, 2**64) | st.just(NOT)


@given(st.tuples(*[figures] * 6), st.tuples(*[figures] * 6), st.floats(0, 1e9), st.floats(0, 1e9))
def test_any_two_samples_have_rates(one, two, start: float, end: float) -> None:
    """No pair of samples, however odd, is an exception; no rate is negative."""
    before, after = moment(start, CpuStat(*one)), moment(end, CpuStat(*two))
    found = rates.cpu_rates(before, after)
    assert isinstance(found, rates.CpuRates)
    for value in (found.cores, found.user, found.system, found.throttled, found.waited):
        assert isinstance(value, Unavailable) or value >= 0
    assert replace(found) == found
