"""What a running container's own layer holds at one moment, and what its acts took."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.records.layers import Layer


@dataclass(frozen=True)
class Act:
    """One act that a container timed itself. ms: how long it took, within the container."""

    verb: str
    path: str
    ms: float


@dataclass(frozen=True)
class LayerLook:
    """One look at a container's own layer.

    at: seconds, on any clock. own: the layer, on top of those of its image. opaque_known:
    whether marks of opaque directories could be read. acts: all that were noted so far.
    """

    at: float
    own: Layer
    opaque_known: bool
    acts: tuple[Act, ...]
