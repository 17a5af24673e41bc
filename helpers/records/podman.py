"""What a Podman of the lab's own is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """What decides which settings Podman needs here.

    root: whether it runs as root. unified: cgroup v2 alone. systemd: it runs the machine.
    nofile, nproc: the hard limits that its containers cannot exceed; None: unlimited.
    runc: whether there is one. syslog: whether anybody takes messages.
    """

    root: bool
    unified: bool
    systemd: bool
    nofile: int | None
    nproc: int | None
    runc: bool
    syslog: bool


@dataclass(frozen=True)
class Store:
    """A Podman with all it keeps in one folder. uid, gid: whose it is."""

    folder: Path
    uid: int
    gid: int

    @property
    def env(self) -> dict[str, str]:
        """The variables by which `podman` uses this store and no other."""
        return {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }
