"""Look at a running container's own layer, again and again: mountinfo, and the folders it names.

    watch = open_watch(here.docker, here.name("one"), here.labels)
    watch.base                     the layers of its image, as folders on the disk
    watch.look()                   a records.container_layer.LayerLook

No engine is asked where the layers lie, so overlay2 and containerd's image store are the same.
What the container's acts took it notes itself, in a file in memory (LOG).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from helpers.analysis import container_layer as analysis
from helpers.analysis.layers import instruction
from helpers.drivers import probe
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.overlay import find_folders, read_layer, root_mount
from helpers.records.container_layer import Act, LayerLook
from helpers.records.host import Engine, Unavailable
from helpers.records.layers import ImageStack
from helpers.records.overlay import LayerFolder, OverlayStack
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

LOG: Final = "/run/acts"  # of a container that has a tmpfs at /run


class LayerWatch:
    """Looks at the layers of the process `pid`. One thread at a time.

    name: what the image is called. made_by: instructions of its layers, the bottom first;
    engines put one more on top of them, for what each container gets from them.
    """

    def __init__(
        self,
        files: Files,
        pid: int,
        *,
        name: str,
        made_by: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the image's layers. Raises LabError where the root is no overlay."""
        self._files, self._pid, self._clock = files, pid, clock
        mount = root_mount(files, pid)
        if isinstance(mount, Unavailable):
            raise LabError(mount.reason, remedy=mount.remedy)
        self.stack: OverlayStack = find_folders(files, mount)
        self._userxattr = mount.userxattr
        if self.stack.upper is None:
            raise LabError(_("The container's root is mounted read-only: it has no own layer."))
        self._upper = _path(self.stack.upper)
        lower = [_path(each) for each in reversed(self.stack.lower)]
        layers = [
            analysis.stamped(
                read_layer(files, folder, userxattr=self._userxattr), number=n, created_by=""
            )
            for n, folder in enumerate(lower, 1)
        ]
        said = _described(made_by, [layer.size > 0 for layer in layers])
        named = (replace(layer, created_by=by) for layer, by in zip(layers, said, strict=True))
        self.base = ImageStack(name, tuple(named))

    def look(self) -> LayerLook:
        """Look once. Raises LabError when the container has gone."""
        try:
            acts = self._acts()
            upper = read_layer(self._files, self._upper, userxattr=self._userxattr)
        except OSError as error:
            raise LabError(
                _("The container's layer cannot be read: {error}.").format(error=error.strerror),
                remedy=_("Start it again, with the cells that made it."),
            ) from error
        own = analysis.stamped(
            upper, number=len(self.base.layers) + 1, created_by=_("the container's own layer")
        )
        known = not isinstance(upper.opaque, Unavailable)
        return LayerLook(self._clock(), own, known, acts)

    def _acts(self) -> tuple[Act, ...]:
        with suppress(FileNotFoundError):
            return analysis.acts(self._files.inside(self._pid).read(LOG))
        return ()


def _path(folder: LayerFolder) -> str:
    if isinstance(folder.path, Unavailable):
        raise LabError(folder.path.reason, remedy=folder.path.remedy)
    return folder.path


def _described(made_by: Sequence[str], filled: Sequence[bool]) -> list[str]:
    """Return what to say of each folder, from the bottom up. filled: whether it has bytes.

    In containerd's image store the legacy builder makes a folder of each setting, too.
    """
    *image, _top = filled
    engine = _("the engine, for this container: mount points")
    if len(made_by) == len(image):
        return [*made_by, engine]
    if len(made_by) == sum(image):
        left = iter(made_by)
        return [next(left) if full else _("settings alone") for full in image] + [engine]
    return [_("a layer of the image")] * len(image) + [engine]


def files_of(client: DockerClient, engine: Engine, labels: Mapping[str, str]) -> Files:
    """Return the files of the engine's machine: ours, or through a probe. Raises LabError."""
    return probe.files_of(client, labels) if probe.needed(engine) else LocalFiles()


def open_watch(
    client: DockerClient, engine: Engine, container: str, labels: Mapping[str, str]
) -> LayerWatch:
    """Return a watch over a running container's own layer.

    labels: of this run, for a probe container where one is needed. Raises LabError.
    """
    with engine_errors():
        seen = client.api.inspect_container(container)
        image = str(seen["Config"]["Image"])
        history = client.api.history(str(seen["Image"]))  # type: ignore[no-untyped-call]
    made_by = [
        instruction(str(step["CreatedBy"] or step["Comment"]))
        for step in reversed(history)
        if step["Size"]
    ]
    return LayerWatch(
        files_of(client, engine, labels), int(seen["State"]["Pid"]), name=image, made_by=made_by
    )
