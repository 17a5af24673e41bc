"""What root tried, and whether the kernel let it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """One act. needs: the capability it takes, without CAP_. said: the kernel's error, or empty."""

    act: str
    needs: str
    said: str

    @property
    def done(self) -> bool:
        """Whether it was allowed."""
        return not self.said


@dataclass(frozen=True)
class Trial:
    """All acts, tried in one container. dropped: the capability it was denied; empty: none."""

    dropped: str
    attempts: tuple[Attempt, ...]
