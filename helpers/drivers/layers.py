"""Read images and containers layer by layer, through the engine's API alone.

What `docker save` and `docker export` send is read as it arrives, so it works the same with
Docker Desktop, a remote engine or Podman.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpers.analysis.layers import changes as join_changes
from helpers.analysis.layers import resolve, settle
from helpers.drivers.engine import engine_errors
from helpers.drivers.layer_archives import CHUNK, Arriving, Progress, drain, entries, parse, quiet
from helpers.errors import EngineError
from helpers.records.layers import Action, Change, ImageStack
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

_ACTIONS: Final[dict[int, Action]] = {0: "changed", 1: "added", 2: "deleted"}


def read(client: DockerClient, image: str, *, progress: Progress = quiet) -> ImageStack:
    """Return the layers of `image` with every file in them (its bytes as a digest).

    Raises ImageMissing, UnreadableLayers, LabError.
    """
    with engine_errors():
        expected = client.images.get(image).attrs.get("Size")
        chunks = client.api.get_image(image, chunk_size=CHUNK)
    return parse(Arriving(chunks, progress, expected), image)


def changes(
    client: DockerClient, container: str, image: ImageStack | None = None
) -> tuple[Change, ...]:
    """Return what `container` added, changed and deleted, in the order of paths.

    image: what it was started from, to tell what a changed file was before. Reads the
    container's whole file system (`docker export`). Raises EngineError, UnreadableLayers.
    """
    with engine_errors():
        diff = [
            (str(each["Path"]), _ACTIONS[each["Kind"]]) for each in client.api.diff(container) or []
        ]
        chunks = client.api.export(container, chunk_size=CHUNK)
    archive = Arriving(chunks)
    now = settle(entries(archive))
    drain(archive)
    was = resolve(image).visible if image is not None else {}
    return join_changes(
        diff,
        {entry.path: entry for entry in now.entries},
        {path: fate.entry for path, fate in was.items()},
    )


def writable_size(client: DockerClient, container: str) -> int:
    """Return the bytes of a container's own layer, as `docker ps -s` shows them.

    With the containerd image store these are blocks on disk, directories included.
    """
    with engine_errors():
        for raw in client.api.containers(all=True, size=True, filters={"name": container}):
            if f"/{container}" in raw["Names"]:
                return int(raw.get("SizeRw") or 0)
    raise EngineError(_("There is no container called {name}.").format(name=container))
