"""What was measured on DockerCoins."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, linear_regression, quantiles


@dataclass(frozen=True)
class Sample:
    """The counters as webui told them. at: seconds of a monotonic clock."""

    at: float
    hashes: int
    coins: int


@dataclass(frozen=True)
class Throughput:
    """The counters over a while, at least two samples of them."""

    samples: tuple[Sample, ...]

    @property
    def seconds(self) -> float:
        """Seconds from the first sample to the last."""
        return self.samples[-1].at - self.samples[0].at

    @property
    def hashes(self) -> int:
        """Hashes counted from the first sample to the last."""
        return self.samples[-1].hashes - self.samples[0].hashes

    @property
    def hashes_per_second(self) -> float:
        """The slope of the straight line closest to all samples (least squares).

        Workers report about once a second, so the counter climbs in steps; the difference
        of two samples errs by up to one step at each end, the slope by much less.
        """
        return linear_regression(
            [sample.at for sample in self.samples], [sample.hashes for sample in self.samples]
        ).slope

    def __str__(self) -> str:
        return f"{self.hashes_per_second:.1f} hashes/s over {self.seconds:.0f} s"


@dataclass(frozen=True)
class Latency:
    """How long each of some requests took, in seconds, in the order in which they were made."""

    seconds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Seconds on average."""
        return fmean(self.seconds)

    @property
    def median(self) -> float:
        """Seconds that half of the requests did not exceed."""
        return self.quantile(0.5)

    @property
    def worst(self) -> float:
        """Seconds of the slowest request."""
        return max(self.seconds)

    def quantile(self, part: float) -> float:
        """Return the seconds that `part` (0.01 to 0.99) of the requests did not exceed."""
        if len(self.seconds) == 1:
            return self.seconds[0]
        return quantiles(self.seconds, n=100, method="inclusive")[round(part * 100) - 1]

    def __str__(self) -> str:
        return (
            f"median {self.median * 1000:.0f} ms, 95 % within {self.quantile(0.95) * 1000:.0f} ms, "
            f"worst {self.worst * 1000:.0f} ms ({len(self.seconds)} requests)"
        )


@dataclass(frozen=True)
class Measurement:
    """One point of a curve: the crew, what it made, and how long rng took to answer.

    rng_seconds: mean seconds that workers waited for rng; None where nobody looked.
    """

    workers: int
    rngs: int
    hashes_per_second: float
    rng_seconds: float | None = None


@dataclass(frozen=True)
class Stopped:
    """How a container ended. seconds: from SIGTERM to the end. status: its exit status."""

    name: str
    seconds: float
    status: int
