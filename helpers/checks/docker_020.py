"""The exercise of docker/020-images-and-layers: an image that ships what nobody sees.

The check reads the layers of both images through the API. `judge` then decides from what was
read alone, so that each verdict can be tested without an engine.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import layers as analysis
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import layers
from helpers.drivers.engine import engine_errors
from helpers.records.layers import FileEntry, ImageStack, Resolved
from helpers.text import _

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.labs.session import Session

LAB: Final = "docker/020-images-and-layers"
FAT: Final = "fat"
SLIM: Final = "slim"
ENOUGH: Final = 100_000  # bytes hidden that are nobody's fault: a package database, a log
# What engines make in a container to mount something on, and builders may leave: none of the
# reader's doing.
MOUNT_POINTS: Final = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/.dockerenv"}
)


@dataclass(frozen=True)
class Seen:
    """What the check saw. slim: None where there is no such image.

    starts: how each image is started (user and command), fat's and slim's.
    """

    fat: ImageStack
    slim: ImageStack | None
    base: ImageStack
    starts: tuple[object, object] = (None, None)


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if seen.slim is None:
        return NotYet(
            _("There is no image `slim` yet."),
            _("Build one from the Dockerfile of `fat`, and name it as the page does."),
        )
    fat, slim = analysis.resolve(seen.fat), analysis.resolve(seen.slim)
    return (
        _unlike(fat, slim)
        or _wasteful(slim)
        or _homeless(seen.slim, seen.base)
        or _started_otherwise(*seen.starts)
        or Met(
            _(
                "`slim` stores {slim:,} bytes and a container sees {seen:,} of them; for the "
                "same files `fat` stores {fat:,}."
            ).format(slim=seen.slim.size, seen=slim.visible_bytes, fat=seen.fat.size)
        )
    )


def _unlike(fat: Resolved, slim: Resolved) -> NotYet | None:
    """Say which path differs first, if one does."""
    wanted, got = _content(fat), _content(slim)
    for path in sorted(wanted.keys() | got.keys()):
        what = ""
        if path not in got:
            saw = _("`{path}` is in `fat`, and not in `slim`.")
        elif path not in wanted:
            saw = _("`{path}` is in `slim`, and not in `fat`.")
        elif what := _differences(wanted[path], got[path]):
            saw = _("`{path}` is not the same in both: {what}.")
        else:
            continue
        return NotYet(
            saw.format(path=ascii(path)[1:-1], what=what),
            _("A container should find the same files as before, with the same owners."),
        )
    return None


def _content(image: Resolved) -> dict[str, FileEntry]:
    """Return what a container sees but directories, and what builders leave."""
    return {
        path: fate.entry
        for path, fate in image.visible.items()
        if fate.entry.kind != "directory"
        and not (path in MOUNT_POINTS and (fate.entry.size == 0 or fate.entry.kind == "symlink"))
        and not path.startswith("/dev/")
    }


def _differences(wanted: FileEntry, got: FileEntry) -> str:
    words = {
        "kind": _("what it is"),
        "content": _("its content"),
        "mode": _("its permissions"),
        "owner": _("its owner"),
    }
    return ", ".join(words[name] for name in analysis.differences(wanted, got))


def _wasteful(slim: Resolved) -> NotYet | None:
    """Say which layer hides most, and what, if much is hidden."""
    if slim.hidden_bytes <= ENOUGH:
        return None
    worst = max(slim.accounts, key=lambda account: account.hides)
    biggest = max(
        (fate for fate in slim.fates if fate.hidden_by == worst.layer),
        key=lambda fate: fate.entry.size,
    )
    layer = slim.stack.layers[worst.layer - 1]
    return NotYet(
        _(
            "`slim` stores {hidden:,} bytes that no container sees. Most of them vanish with "
            "layer {number} (`{instruction}`): it hides what layer {below} stored as `{path}`."
        ).format(
            hidden=slim.hidden_bytes,
            number=worst.layer,
            instruction=_short(layer.created_by),
            below=biggest.layer,
            path=ascii(biggest.entry.path)[1:-1],
        ),
        _("What one layer stores, no later one can take back. When is a layer closed?"),
    )


def _short(instruction: str) -> str:
    text = instruction.replace("`", "'")
    return text if len(text) <= 60 else text[:59] + "…"


def _homeless(slim: ImageStack, base: ImageStack) -> NotYet | None:
    if analysis.shared_layers(slim, base) == len(base.layers):
        return None
    return NotYet(
        _("No byte of `slim` is wasted, but it no longer stands on its base image's layers."),
        _("Flattened, it shares nothing: a hundred such images store their base a hundred times."),
    )


def _started_otherwise(fat: object, slim: object) -> NotYet | None:
    if fat == slim:
        return None
    return NotYet(
        _("The files are right, but `slim` starts otherwise than `fat`: {slim}, not {fat}.").format(
            slim=slim, fat=fat
        ),
        _("USER and CMD belong to the image, too; they take no layer."),
    )


@exercise(LAB, SLIM)
class Slim:
    """An image of 26 MB shows 10 MB: find the layers that waste the rest, and build it anew."""

    hints = (
        "Read its layers as above: `figures.stack(layers.read(here.docker, fat))`. Which of "
        "them are hidden, and by what?",
        "Two different mistakes. One layer deletes what another stored. And one deletes nothing "
        "and still hides 8 MB: `figures.history(..., '/opt/shop/prices')` tells why.",
        "A layer is closed when its instruction ends. What one RUN makes and removes again is "
        "in no layer; what gets its owner in the RUN that writes it is stored once.",
        "One RUN, its steps joined by `&&`: fetch, sort, remove, chown.",
    )

    def start(self, here: Session) -> None:
        """Build `fat`, lay out its Dockerfile for a change, and remove an earlier `slim`."""
        folder = workshop(here)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(here.files / FAT, folder)
        _build(here, FAT, folder)
        _remove(here, SLIM)

    def check(self, here: Session) -> Outcome:
        """Read both images and compare."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Build `slim` from the reference Dockerfile."""
        _build(here, SLIM, here.files / SLIM)


def workshop(here: Session) -> Path:
    """Return the folder with the Dockerfile that the reader changes."""
    return here.scratch / "shop"


def _build(here: Session, name: str, folder: Path) -> None:
    with engine_errors():
        here.docker.images.build(
            path=str(folder),
            tag=here.name(name),
            labels=here.labels,
            buildargs={"BASE": here.image("busybox")},
            rm=True,
            forcerm=True,
        )


def _remove(here: Session, name: str) -> None:
    from docker.errors import ImageNotFound

    with engine_errors():
        try:
            here.docker.images.remove(here.name(name), force=True)
        except ImageNotFound:
            return


def look(here: Session) -> Seen:
    """Read the images from the engine. Raises LabError."""
    fat, slim = here.name(FAT), here.name(SLIM)
    there = _settings(here, slim)
    return Seen(
        fat=layers.read(here.docker, fat),
        slim=None if there is None else layers.read(here.docker, slim),
        base=layers.read(here.docker, here.image("busybox")),
        starts=(_started(_settings(here, fat)), _started(there)),
    )


def _settings(here: Session, image: str) -> Mapping[str, Any] | None:
    from docker.errors import ImageNotFound

    with engine_errors():
        try:
            return here.docker.images.get(image).attrs["Config"] or {}
        except ImageNotFound:
            return None


def _started(settings: Mapping[str, Any] | None) -> tuple[object, ...]:
    return tuple((settings or {}).get(key) or None for key in ("User", "Entrypoint", "Cmd"))
