"""How fast can DockerCoins go? A closed queueing network with one queue.

N workers circle for ever: `worker` seconds of their own, `rng` seconds with one of R
copies of rng (each serves one request at a time), `hasher` seconds at hasher (serves all
at once). Nobody comes, nobody leaves, so the network is *closed*; worker and hasher are
*delay stations* (nobody waits there), rng is the only *queueing station*.

Which model is right? Both of these are exact, each for its own kind of service time:

- `deterministic`: every service takes exactly its time. Then throughput is the lesser of
  the two asymptotic bounds (Denning and Buzen, "The operational analysis of queueing
  network models", ACM Computing Surveys 10(3), 1978; Lazowska et al., "Quantitative
  System Performance", 1984, chapter 5):
      X = min(N / (worker + rng + hasher), R / rng)
  In general this is only an upper bound. Here it is reached: in a first-come first-served
  queue with equal service times, workers that arrive together leave `rng` seconds apart
  and keep that distance through the two delays, so once they are spread out nobody waits
  until rng is never idle. With R > 1 this needs workers that visit the copies in turn
  (as the book's worker does); sent to a copy at random, they fall behind it, by about 20 %
  for 6 workers and 2 copies, where one copy has a queue while the other is idle.
- `exponential`: service times vary as exponential ones do, and each visit picks a copy at
  random. Mean value analysis is exact for that (Reiser and Lavenberg, "Mean-value analysis
  of closed multichain queuing networks", Journal of the ACM 27(2), 1980). It is what real
  services come closer to: the corner of the curve becomes round.

DockerCoins sleeps a fixed 0.1 s in each of the three, so `deterministic` is its model.
What it leaves out is the time between the services (connections, look-ups, scheduling),
about 2 % of a cycle on an idle machine; hence the measured curve lies a little below.

Standard library only: this module also runs in the reader's browser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Limit = Literal["workers", "rng", "both"]


@dataclass(frozen=True)
class Times:
    """Seconds of one service at each station."""

    worker: float = 0.1
    rng: float = 0.1
    hasher: float = 0.1

    @property
    def elsewhere(self) -> float:
        """Seconds of a cycle that are spent where nobody waits for others."""
        return self.worker + self.hasher

    @property
    def cycle(self) -> float:
        """Seconds of a cycle of a worker that is alone."""
        return self.elsewhere + self.rng


DOCKERCOINS: Final = Times()


@dataclass(frozen=True)
class Prediction:
    """What a model says of `workers` workers and `copies` copies of rng.

    throughput: hashes a second. rng_latency: seconds from asking rng to its answer, the
    queue included. rng_busy: the part of the time that a copy of rng works, 0 to 1.
    limit: what there would have to be more of for more throughput, "both" at the knee.
    """

    workers: int
    copies: int
    throughput: float
    rng_latency: float
    rng_busy: float
    limit: Limit

    @property
    def rng_queue(self) -> float:
        """Workers at one copy of rng on average, the served one included (Little's law)."""
        return self.throughput * self.rng_latency / self.copies


def cap(copies: int = 1, times: Times = DOCKERCOINS) -> float:
    """Return the hashes a second that no number of workers can exceed."""
    return copies / times.rng


def knee(copies: int = 1, times: Times = DOCKERCOINS) -> float:
    """Return the number of workers from which the cap rules: R * cycle / rng."""
    return copies * times.cycle / times.rng


def deterministic(workers: int, copies: int = 1, times: Times = DOCKERCOINS) -> Prediction:
    """Predict for service times that never vary and workers that take the copies in turn."""
    _check(workers, copies)
    throughput = min(workers / times.cycle, cap(copies, times))
    return _prediction(workers, copies, throughput, times)


def exponential(workers: int, copies: int = 1, times: Times = DOCKERCOINS) -> Prediction:
    """Predict for exponential service times and copies picked at random (exact MVA).

    A worker that arrives finds on average the queue that would be there without it: so
    the network is solved for 1 worker, then 2, and so on up to `workers`.
    """
    _check(workers, copies)
    throughput = queue = 0.0  # queue: workers at one copy of rng
    for present in range(1, workers + 1):
        latency = times.rng * (1 + queue)
        throughput = present / (times.elsewhere + latency)
        queue = throughput / copies * latency
    return _prediction(workers, copies, throughput, times)


def _prediction(workers: int, copies: int, throughput: float, times: Times) -> Prediction:
    # The response time law: a cycle lasts N / X, and what is not elsewhere is at rng.
    return Prediction(
        workers=workers,
        copies=copies,
        throughput=throughput,
        rng_latency=workers / throughput - times.elsewhere,
        rng_busy=throughput / cap(copies, times),
        limit=_limit(workers, copies, times),
    )


def _limit(workers: int, copies: int, times: Times) -> Limit:
    if math.isclose(workers, knee(copies, times)):
        return "both"
    return "workers" if workers < knee(copies, times) else "rng"


def _check(workers: int, copies: int) -> None:
    if workers < 1 or copies < 1:
        raise ValueError(f"at least one worker and one rng, not {workers} and {copies}")
