"""What the OCI's runtime was given to run a container, and who looks after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helpers.records.processes import Process


@dataclass(frozen=True)
class Bundle:
    """A running container's bundle (OCI runtime specification: bundle.md).

    line: the container's process and its parents, up to process 1. folder: where the bundle is.
    config: its config.json. state: the file in which the runtime remembers the container, "" where
    it is not to be found; state_pid: the process named there.
    """

    line: tuple[Process, ...]
    folder: str
    config: dict[str, Any]
    state: str = ""
    state_pid: int = 0

    @property
    def shim(self) -> Process:
        """The container's keeper."""
        return self.line[-2]
