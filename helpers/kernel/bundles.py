"""A running container's OCI bundle, found through the kernel alone.

The folder in which a shim works is its container's bundle, wherever the engine keeps those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from helpers.errors import LabError
from helpers.kernel.files import Files
from helpers.records.bundles import Bundle
from helpers.records.processes import Process
from helpers.text import _

SHIM: Final = "containerd-shim"
CONFIG_LIMIT: Final = 1 << 20  # bytes of a config.json


def bundle_of(files: Files, line: Iterable[Process], ident: str) -> Bundle:
    """Return the bundle of the container `ident`. Raises LabError.

    line: the container's process and its parents, the oldest first.
    """
    line = tuple(line)
    if len(line) < 2 or not line[-2].comm.startswith(SHIM):
        raise LabError(
            _("The container's process is no child of containerd's shim."),
            remedy=_("This engine is built another way (Podman's, say): take Docker's here."),
        )
    shim = line[-2].pid
    try:
        folder, seen = files.link(f"/proc/{shim}/cwd"), files.inside(shim)
        config = json.loads(seen.read(f"{folder}/config.json", CONFIG_LIMIT))
    except (OSError, ValueError) as error:
        raise LabError(
            _("The bundle of the container cannot be read: {error}.").format(error=error),
            remedy=_("Only root may look into the engine's folders: run the notebook as root."),
        ) from error
    state, pid = _state(seen, folder, ident)
    return Bundle(line, folder, config, state, pid)


def _state(files: Files, folder: str, ident: str) -> tuple[str, int]:
    """Return where the runtime keeps its notes on a container, and the process it names."""
    space = folder.rstrip("/").split("/")[-2]  # containerd's namespace: "moby" for Docker
    for root in (_json(files, f"{folder}/options.json").get("root"), "/run/docker/runtime-runc"):
        path = f"{root}/{space}/{ident}/state.json"
        pid = _json(files, path).get("init_process_pid") if root else None
        if pid:
            return path, int(pid)
    return "", 0


def _json(files: Files, path: str) -> dict[str, Any]:
    """Return a JSON object; empty where there is none."""
    try:
        found = json.loads(files.read(path, CONFIG_LIMIT))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
