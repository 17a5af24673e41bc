"""On what, and when, a recording was made; and what of it is missing here.

The words are those of `helpers.host`, which looks at the machine; nothing here asks twice.
"""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, Final

from helpers.command import run
from helpers.drivers.engine import open_client
from helpers.errors import LabError
from helpers.host import probe
from helpers.labs import catalog
from helpers.records.host import Capabilities, Engine

Provenance = dict[str, Any]
_VERSIONS: Final = {
    "podman": ["podman", "--version"],
    "lxc": ["lxc-start", "--version"],
    "qemu": ["qemu-system-x86_64", "--version"],
}
USUAL_ROOT: Final = "/var/lib/docker"
Unmet = tuple[tuple[str, str], ...]


def unmet(needs: Iterable[str], look: Callable[[], Capabilities] = probe) -> Unmet:
    """Return (need, why it is not met here) for each of `needs` that this machine lacks."""
    needs = list(needs)
    if not needs:
        return ()
    unknown = [
        (need, "nothing here knows how to look for it")
        for need in needs
        if need not in catalog.NEEDS
    ]
    lacking = catalog.missing(needs, look())
    return (*unknown, *((need, why.reason) for need, why in lacking))


def here(needs: Iterable[str], look: Callable[[], Capabilities] = probe) -> Provenance:
    """Return the provenance of a recording made now of a lab with these needs.

    The engine is named only where the lab needs it: others do not change with it.
    """
    seen = look()
    made: Provenance = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "kernel": seen.kernel,
        "cgroup": seen.cgroup,
        "versions": {"python": platform.python_version()},
    }
    if "docker" in needs and isinstance(seen.engine, Engine):
        engine = seen.engine
        made["engine"] = f"{engine.name} {engine.version}"
        made["storage"] = engine.storage
        made["kernel"], made["cgroup"] = engine.kernel, engine.cgroup
        made["versions"] |= {"api": engine.api, **_components(engine)}
    made["versions"] |= {name: _version(name) for name in _VERSIONS if name in needs}
    return made


def words(needs: Iterable[str], look: Callable[[], Capabilities] = probe) -> dict[str, str]:
    """Return what the engine here keeps elsewhere than a reader's, and the usual place.

    The engine that recordings are made on has its data in a folder of this project's.
    """
    engine = look().engine if "docker" in needs else None
    if not isinstance(engine, Engine):
        return {}
    try:
        with closing(open_client(engine.endpoint)) as client:
            root = str(client.info().get("DockerRootDir") or USUAL_ROOT)
    except LabError:
        return {}
    return {root: USUAL_ROOT} if root != USUAL_ROOT else {}


def same_system(one: Provenance, other: Provenance) -> bool:
    """Tell whether two recordings were made on the same system, whenever that was."""
    return {**one, "date": ""} == {**other, "date": ""}


def _version(need: str) -> str:
    """Return what a program calls its version: `4.3.1` of `podman version 4.3.1`."""
    words = run(_VERSIONS[need]).stdout.splitlines()[0].split(" (")[0].split()
    return words[-1]


def _components(engine: Engine) -> dict[str, str]:
    """Return the versions of what the engine is made of (containerd, runc, ...)."""
    try:
        with closing(open_client(engine.endpoint)) as client:
            parts = client.version().get("Components") or []
    except LabError:
        return {}
    return {str(part["Name"]): str(part["Version"]) for part in parts if part["Name"] != "Engine"}
