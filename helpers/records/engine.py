"""Where container engines may answer, and how one that we started was started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Endpoint:
    """A place where an engine may answer.

    url: as in DOCKER_HOST. source: who named it, for the reader ("DOCKER_HOST",
    "context colima", ...). tls: the folder with ca.pem, cert.pem and key.pem, if it needs them.
    """

    url: str
    source: str
    tls: str | None = None


@dataclass(frozen=True)
class Tried:
    """An endpoint that gave no engine, and why: a few words for the reader."""

    endpoint: Endpoint
    why: str


@dataclass(frozen=True)
class Search:
    """The outcome of looking for an engine: the first that answered, and those tried before."""

    endpoint: Endpoint | None
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True)
class Daemon:
    """An engine that we started ourselves.

    how: through systemd, or as a plain process.
    pid, born: the process and its start (seconds since the epoch), so that a recycled
    process id is never taken for it; both 0 unless it is a plain process.
    """

    how: Literal["systemd", "process"]
    pid: int = 0
    born: float = 0.0
