"""What the container engine holds, as far as the labs look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["container", "machine", "pod", "network", "volume", "image"]


@dataclass(frozen=True)
class LabObject:
    """Something a lab made: what it is, its id and name, and the labels that say whose."""

    kind: Kind
    id: str
    name: str
    lab: str
    run: str
    owner: str


@dataclass(frozen=True)
class Removal:
    """What a clean-up removed, and what it could not remove with the engine's reason."""

    removed: tuple[LabObject, ...] = ()
    failed: tuple[tuple[LabObject, str], ...] = ()

    def __add__(self, other: Removal) -> Removal:
        return Removal(self.removed + other.removed, self.failed + other.failed)

    def count(self, kind: Kind) -> int:
        """Return how many objects of `kind` were removed."""
        return sum(1 for thing in self.removed if thing.kind == kind)


@dataclass(frozen=True)
class Event:
    """One line of the engine's event stream.

    at: seconds since the epoch (the engine's clock). action: the engine's own word
    ("create", "start", "kill", "die", ...). attributes: its details ("signal", "exitCode").
    """

    at: float
    kind: str
    action: str
    name: str
    attributes: tuple[tuple[str, str], ...] = ()

    def get(self, key: str, default: str = "") -> str:
        """Return the attribute `key`, or `default` where the event has none."""
        return dict(self.attributes).get(key, default)
