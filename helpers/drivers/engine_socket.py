"""The engine's own socket, as a path that the engine can give to a container."""

from __future__ import annotations

from typing import Final

from helpers.records.engine import Endpoint

USUAL: Final = "/var/run/docker.sock"
_SCHEME: Final = "unix://"


def path(endpoint: Endpoint, *, desktop: bool) -> str:
    """Return where the engine's machine has the socket of `endpoint`.

    Docker Desktop runs its engine in a machine of its own, where it stands at the usual place.
    """
    if desktop or not endpoint.url.startswith(_SCHEME):
        return USUAL
    return endpoint.url.removeprefix(_SCHEME)
