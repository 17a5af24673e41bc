"""A container's life: the states it passed through, the signals it was sent, its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["created", "running", "paused", "exited"]


@dataclass(frozen=True)
class Span:
    """A stretch of time in one state. begins, ends: seconds since the epoch."""

    state: State
    begins: float
    ends: float

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.ends - self.begins


@dataclass(frozen=True)
class Sent:
    """A signal the engine sent to PID 1. at: seconds since the epoch; name: "SIGTERM"."""

    at: float
    name: str


@dataclass(frozen=True)
class Ending:
    """PID 1 is gone. at: seconds since the epoch; signals: all that this run was sent."""

    at: float
    exit_code: int
    signals: tuple[Sent, ...] = ()

    @property
    def seconds(self) -> float | None:
        """Seconds from the first signal to the end; None where it ended unasked."""
        return self.at - self.signals[0].at if self.signals else None


@dataclass(frozen=True)
class Life:
    """One container as the engine's events tell it.

    removed: when it was removed (seconds since the epoch), None while it exists.
    """

    name: str
    spans: tuple[Span, ...]
    signals: tuple[Sent, ...] = ()
    endings: tuple[Ending, ...] = ()
    removed: float | None = None
