"""What a look at a running DockerCoins brings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """What one worker logged: hashes made between two instants, and its mean waits meanwhile.

    begin, at: seconds since the epoch, of the report before (None where it is not known) and
    of this one. rng, hasher: seconds until the answer; None where the worker did not say.
    """

    begin: float | None
    at: float
    hashes: int
    rng: float | None = None
    hasher: float | None = None


@dataclass(frozen=True)
class Usage:
    """CPU time that a container has used. at: seconds of the clock of whoever counted.

    seconds: None where it is not counted.
    """

    at: float
    seconds: float | None


@dataclass(frozen=True)
class Look:
    """DockerCoins at one moment; what is not known is None.

    at: seconds of a monotonic clock. workers, rngs: containers that run. rate: hashes a
    second, over the last seconds. rng, hasher: mean seconds that workers waited for them.
    cores: by service, the part of a CPU core that its busiest container uses.
    """

    at: float
    workers: int
    rngs: int
    rate: float | None
    rng: float | None
    hasher: float | None
    cores: dict[str, float | None]
