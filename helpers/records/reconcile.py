"""What is declared, and what runs: the two sides that a reconcile loop brings together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """One service of a Compose file. copies: how many containers of it there should be."""

    image: str
    command: tuple[str, ...]
    copies: int


@dataclass(frozen=True)
class Copy:
    """A container that says which service it belongs to. running: or has ended."""

    name: str
    service: str
    running: bool
