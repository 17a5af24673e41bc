"""Images on their way: what a registry was asked for, and what a way of shipping keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One line of a registry's access log. path: without the query, which is apart."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int


@dataclass(frozen=True)
class Answer:
    """What a registry said. headers: their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Transfer:
    """What crossed a registry's network card. Bytes: with all headers, as the kernel counts."""

    what: str
    received: int
    sent: int
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Traits:
    """What the engine knows of an image. layers: their diff_ids; steps: of its history."""

    ident: str
    layers: tuple[str, ...]
    steps: int
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    tags: tuple[str, ...]
