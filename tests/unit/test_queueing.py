"""The queueing model of DockerCoins: its arithmetic, and that it is the right model."""

from __future__ import annotations

import ast
import heapq
import itertools
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis import queueing
from helpers.analysis.queueing import Times, cap, deterministic, exponential, knee

workers_and_copies = given(
    workers=st.integers(1, 60),
    copies=st.integers(1, 6),
    times=st.builds(Times, *[st.floats(0.001, 2.0)] * 3),
)


@pytest.mark.parametrize(
    ("workers", "copies", "throughput", "milliseconds"),
    [
        (1, 1, 10 / 3, 100),
        (2, 1, 20 / 3, 100),
        (3, 1, 10, 100),
        (10, 1, 10, 800),
        (5, 2, 50 / 3, 100),
        (10, 2, 20, 300),
    ],
)
def test_fixed_times_give_the_two_bounds(
    workers: int, copies: int, throughput: float, milliseconds: float
) -> None:
    """Throughput is min(N/0.3, 10 R), and rng's latency is what that leaves of a cycle."""
    found = deterministic(workers, copies)
    assert found.throughput == pytest.approx(throughput)
    assert found.rng_latency * 1000 == pytest.approx(milliseconds)


def test_cap_and_knee() -> None:
    """One rng gives 10 a second, which three workers use up; a second one doubles both."""
    assert (cap(1), knee(1)) == pytest.approx((10, 3))
    assert (cap(2), knee(2)) == pytest.approx((20, 6))


def test_mean_value_analysis_by_hand() -> None:
    """Two workers, one rng: the second finds 1/3 worker there, so X = 2 / (0.2 + 0.1 * 4/3)."""
    assert exponential(1).throughput == pytest.approx(1 / 0.3)
    assert exponential(2).throughput == pytest.approx(6.0)
    assert exponential(2).rng_latency == pytest.approx(0.4 / 3)


@workers_and_copies
def test_varying_times_never_do_better(workers: int, copies: int, times: Times) -> None:
    """The bounds bound: exponential service stays at or below them, with rng at most busy."""
    fixed = deterministic(workers, copies, times)
    varying = exponential(workers, copies, times)
    assert varying.throughput <= fixed.throughput * (1 + 1e-9)
    assert 0 < varying.rng_busy <= fixed.rng_busy * (1 + 1e-9) <= 1 + 2e-9


@workers_and_copies
def test_every_worker_is_somewhere(workers: int, copies: int, times: Times) -> None:
    """Workers at rng and workers elsewhere add up to all workers, in both models."""
    for found in (deterministic(workers, copies, times), exponential(workers, copies, times)):
        elsewhere = found.throughput * times.elsewhere
        assert found.rng_queue * copies + elsewhere == pytest.approx(workers)
        assert found.rng_latency >= times.rng * (1 - 1e-9)


def simulate(workers: int, copies: int, pick: Callable[[int], int], seconds: float = 400) -> float:
    """Return the throughput of workers that sleep, queue at the copy they `pick`, and go on."""
    chance = random.Random(7)
    free = [0.0] * copies
    arrivals = [(chance.random(), worker) for worker in range(workers)]
    heapq.heapify(arrivals)
    done = 0
    while arrivals[0][0] < seconds:
        now, worker = heapq.heappop(arrivals)
        copy = pick(worker)
        free[copy] = max(now, free[copy]) + queueing.DOCKERCOINS.rng
        done += now > seconds / 4  # after the beginning
        heapq.heappush(arrivals, (free[copy] + queueing.DOCKERCOINS.elsewhere, worker))
    return done / (seconds * 3 / 4)


@pytest.mark.parametrize("copies", [1, 2, 3])
@pytest.mark.parametrize("workers", [1, 2, 3, 6, 7, 10])
def test_workers_that_take_turns_reach_the_bound(workers: int, copies: int) -> None:
    """A simulation of fixed times, each worker visiting the copies in turn, agrees within 1 %."""
    turns = [itertools.count(worker) for worker in range(workers)]
    found = simulate(workers, copies, lambda worker: next(turns[worker]) % copies)
    assert found == pytest.approx(deterministic(workers, copies).throughput, rel=0.01)


def test_copies_picked_at_random_fall_short() -> None:
    """Six workers that pick one of two copies at random lose about a fifth, as documented."""
    chance = random.Random(11)
    found = simulate(6, 2, lambda _worker: chance.randrange(2))
    assert found / deterministic(6, 2).throughput == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("workers", "copies"), [(0, 1), (1, 0)])
def test_nobody_at_work_is_refused(workers: int, copies: int) -> None:
    """No workers or no rng is not a network."""
    for model in (deterministic, exponential):
        with pytest.raises(ValueError, match="at least one"):
            model(workers, copies)


def test_it_imports_the_standard_library_alone() -> None:
    """The module also runs in the reader's browser, where little else can be had."""
    tree = ast.parse(Path(str(queueing.__file__)).read_text(encoding="utf-8"))
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names
    assert names <= sys.stdlib_module_names
