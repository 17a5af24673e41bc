"""Where the two outside images come from: Debian in its small form, and static BusyBox.

A ladder, climbed until one rung holds:
    present    the engine has it already
    pulled     from LABS_REGISTRY where that is set, else from the engine's own registry
    made       from Debian's packages, on a Debian or Ubuntu machine
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.drivers import image_makers
from helpers.drivers.engine import engine_errors
from helpers.drivers.image_api import checked, image_id, inspect, stream, untag
from helpers.drivers.image_builds import discard
from helpers.drivers.image_owners import new_mark
from helpers.errors import DiskFull, EngineUnavailable, ImageMissing, LabError
from helpers.records.images import BUILDING, BUILDING_NAME, Found, Progress, Recipe
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

PULL_STALL: Final = 60  # seconds without one byte or word from the registry
# The kernel's words for a processor, and the engines'.
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

Rung = tuple[str, Callable[[], Found]]


def find(
    client: DockerClient,
    recipe: Recipe,
    progress: Progress,
    rungs: Sequence[Rung] | None = None,
) -> Found:
    """Return the outside image that `recipe` builds on, from the first rung that holds.

    rungs: for tests. Raises ImageMissing with the reason of each; DiskFull and
    EngineUnavailable at once, for no other rung can help then.
    """
    reasons = []
    for name, climb in ladder(client, recipe, progress) if rungs is None else rungs:
        try:
            return climb()
        except (DiskFull, EngineUnavailable):
            raise
        except LabError as error:
            reasons.append(f"  {name}: {error.what}")
    what = _("The image {image} is not to be had here.").format(image=recipe.base)
    raise ImageMissing(
        "\n".join([what, *reasons]),
        remedy=_(
            "Set LABS_REGISTRY to a registry that you reach (such as registry.example/mirror), "
            "or read a file made by `labs bundle` elsewhere with `labs images load FILE`, or "
            "build it on an image that you have: "
            "docker build -t {tag} --build-arg BASE=IMAGE {folder}"
        ).format(tag=recipe.reference, folder=recipe.folder),
    )


def ladder(client: DockerClient, recipe: Recipe, progress: Progress) -> Iterator[Rung]:
    """Yield the rungs for `recipe`, best first."""
    names = list(pull_names(recipe.base, os.environ))
    for name in dict.fromkeys([*names, recipe.base]):
        yield (_("present"), partial(present, client, name))
    for name in names:
        yield (_("pulled"), partial(pull, client, recipe.name, name, progress))
    if recipe.make:
        yield (_("made"), partial(make, client, recipe, progress))


def pull_names(image: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the names under which `image` may be pulled.

    LABS_REGISTRY is a prefix. Mirrors of Docker Hub keep its official images either under
    their bare name or, as Hub itself does, under `library/`.
    """
    prefix = environ.get("LABS_REGISTRY", "").rstrip("/")
    if not prefix:
        yield image
        return
    yield f"{prefix}/{image}"
    if "/" not in image:
        yield f"{prefix}/library/{image}"


def present(client: DockerClient, name: str) -> Found:
    """Return the image that the engine has already. Raises ImageMissing."""
    with engine_errors():
        if not image_id(client, name):
            raise ImageMissing(_("the engine does not have {name}").format(name=name))
        return Found(name, "pulled", _source(client, name))


def pull(client: DockerClient, image: str, name: str, progress: Progress) -> Found:
    """Pull `name` for the base image `image`. Raises LabError, within PULL_STALL of silence.

    The reader's list of images stays as it was: what is pulled gets a name of ours.
    """
    from docker.auth import get_config_header, resolve_repository_name

    repository, _colon, tag = name.rpartition(":")
    progress(image, "pull", None, _("pulling {name}").format(name=name))
    with engine_errors():
        header = get_config_header(client.api, resolve_repository_name(repository)[0])
        events = stream(
            client.api,
            "/images/create",
            {"fromImage": repository, "tag": tag},
            stall=PULL_STALL,
            headers={"X-Registry-Auth": header.decode()} if header else {},
        )
        layers: dict[str, tuple[int, int]] = {}
        for event in checked(events):
            count = event.get("progressDetail") or {}
            if event.get("status") == "Downloading" and count.get("total"):
                layers[event["id"]] = (count["current"], count["total"])
            progress(image, "pull", _share(layers.values()), str(event.get("status", "")))
        return _adopt(client, name)


def _share(layers: Iterable[tuple[int, int]]) -> float | None:
    counts = list(layers)
    total = sum(count[1] for count in counts)
    return sum(count[0] for count in counts) / total if total else None


def _adopt(client: DockerClient, name: str) -> Found:
    source = _source(client, name)
    mark = new_mark()
    client.api.tag(name, BUILDING_NAME, mark)
    untag(client, name)
    return Found(f"{BUILDING_NAME}:{mark}", "pulled", source, ours=True)


def _source(client: DockerClient, name: str) -> str:
    """Return the image with its digest: the registry's where one is known, else the engine's."""
    raw = inspect(client, name) or {}
    digests = raw.get("RepoDigests") or []
    return str(digests[0]) if digests else f"{name}@{raw.get('Id', '')}"


def make(client: DockerClient, recipe: Recipe, progress: Progress) -> Found:
    """Make the outside image from Debian's packages. Raises LabError."""
    with engine_errors():
        engine = str(client.api.version()["Arch"])
    here = ARCHITECTURES.get(platform.machine(), platform.machine())
    if engine != here:
        raise LabError(
            _("the engine runs on {engine}, this machine on {here}").format(
                engine=engine, here=here
            )
        )
    maker = {"debian": image_makers.debian, "busybox": image_makers.busybox}[recipe.make]
    mark = new_mark()
    with image_makers.workplace(mark) as folder:
        archive, source = maker(folder, lambda line: progress(recipe.name, "make", None, line))
        try:
            _import(client, archive, mark)
        except BaseException:
            with suppress(LabError):
                discard(client, mark)
            raise
    return Found(f"{BUILDING_NAME}:{mark}", "made", source, ours=True)


def _import(client: DockerClient, archive: Path, mark: str) -> None:
    query = {
        "fromSrc": "-",
        "repo": BUILDING_NAME,
        "tag": mark,
        "changes": f"LABEL {BUILDING}={mark}",
    }
    with archive.open("rb") as body, engine_errors():
        for _event in checked(stream(client.api, "/images/create", query, body, stall=600)):
            pass
