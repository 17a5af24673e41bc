"""What a client asked of the engine's API, as heard on the way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineCall:
    """One request. agent: what the client calls itself. status: the answer's, 0 before it came."""

    method: str
    path: str
    agent: str = ""
    status: int = 0
