"""What this machine can do, as the labs care about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.records.engine import Endpoint

Cgroup = Literal["v2", "v1", "hybrid", "none"]


@dataclass(frozen=True)
class Unavailable:
    """A thing that is not there, and why (one sentence), with what to do about it."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class Engine:
    """A container engine that answered.

    endpoint: where it answers and how it was found.
    storage: the storage driver or snapshotter; image_store: "containerd" or "graph driver".
    """

    endpoint: Endpoint
    name: str
    version: str
    api: str
    storage: str
    image_store: str
    cgroup: str
    kernel: str
    system: str
    rootless: bool
    desktop: bool


@dataclass(frozen=True)
class Capabilities:
    """One probe of the machine.

    engine: an Engine, or why there is none. privileged, user_namespaces, registry: found
    by trial; None where nobody tried. memory in bytes.
    """

    engine: Engine | Unavailable
    cgroup: Cgroup
    kernel: str
    root: bool
    cores: int
    memory: int
    docker_cli: str | Unavailable
    kind: str | Unavailable
    podman: str | Unavailable = Unavailable("nobody looked")
    lxc: str | Unavailable = Unavailable("nobody looked")
    qemu: str | Unavailable = Unavailable("nobody looked")
    user_namespaces: bool | None = None
    privileged: bool | None = None
    registry: bool | None = None
    disk_free: int | None = None


@dataclass(frozen=True)
class Finding:
    """One line of `labs doctor`. needed: whether labs are lost without it."""

    name: str
    good: bool
    text: str
    remedy: str = ""
    needed: bool = False
