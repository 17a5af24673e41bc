"""How long systems have lived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lifeline:
    """One system. began, ended: years, with months as their parts (2013.75 is October 2013);
    ended is None while it lives. sources: addresses, at least one."""

    name: str
    began: float
    ended: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Lifelines:
    """A dated table of systems. read: when its sources were read, as a year."""

    read: float
    systems: tuple[Lifeline, ...]
