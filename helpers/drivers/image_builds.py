"""Build an image from its recipe through the engine's API: the whole image, or nothing.

A build works under a name of its own (`caas-book/building:<mark>`) and labels every step
with that mark. The name a reader sees moves to the new image in one step, at the end. The
mark names the process that builds, so that what a killed process left can be recognised
later and removed, and nothing else ever is.
"""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from helpers.command import TAIL_LINES
from helpers.drivers.engine import disk_full, engine_errors, one_line, read_json
from helpers.drivers.image_api import image_id, stream, untag
from helpers.drivers.image_owners import is_dead, new_mark
from helpers.drivers.image_recipes import context
from helpers.errors import EngineError, LabError
from helpers.records import labels
from helpers.records.images import (
    BUILDING,
    BUILDING_NAME,
    DATE,
    MIRROR,
    REPLACED_NAME,
    SOURCE,
    Found,
    Progress,
    Recipe,
)
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker import APIClient, DockerClient

STALL: Final = 600  # seconds a build may be silent: a large package unpacking on a slow disk
CALM: Final = 2  # looks in a row without remains before a build counts as cleared away
_STEP: Final = re.compile(r"Step (\d+)/(\d+) :")
_PROXIES: Final = {
    "HTTP_PROXY": "httpProxy",
    "HTTPS_PROXY": "httpsProxy",
    "FTP_PROXY": "ftpProxy",
    "NO_PROXY": "noProxy",
    "ALL_PROXY": "allProxy",
}


# --- the build -----------------------------------------------------------------------------


def build(client: DockerClient, recipe: Recipe, base: Found, progress: Progress) -> None:
    """Build `recipe` on `base` and give it its name. Raises EngineError, DiskFull, TimedOut.

    Whatever ends it early, an error or the reader, leaves the engine as it was.
    """
    mark = new_mark()
    try:
        with engine_errors():
            _run(client.api, recipe, base, mark, progress)
            keep_replaced(client, recipe.reference)
            repository, _colon, tag = recipe.reference.rpartition(":")
            client.api.tag(f"{BUILDING_NAME}:{mark}", repository, tag)
    except BaseException:
        with suppress(LabError):  # the first error is the one to tell
            discard(client, mark)
        raise
    untag(client, f"{BUILDING_NAME}:{mark}")
    remove_replaced(client)


def _run(api: APIClient, recipe: Recipe, base: Found, mark: str, progress: Progress) -> None:
    lines: deque[str] = deque(maxlen=TAIL_LINES)
    done = None
    query = {
        "t": f"{BUILDING_NAME}:{mark}",
        "rm": "1",
        "forcerm": "1",  # also the container of a step that failed or was interrupted
        "buildargs": json.dumps(build_arguments(recipe, base)),
    }
    packed = context(recipe.folder, mark, _labels(recipe, base))
    for event in stream(api, "/build", query, packed, stall=STALL):
        if "error" in event:
            raise build_failed(recipe.name, str(event["error"]), lines)
        for line in filter(None, map(str.strip, str(event.get("stream", "")).splitlines())):
            lines.append(line)
            step = _STEP.match(line)
            done = (int(step[1]) - 1) / int(step[2]) if step else done
            progress(recipe.name, "build", done, line)


def _labels(recipe: Recipe, base: Found) -> dict[str, str]:
    return {
        labels.PROJECT: labels.PROJECT_VALUE,
        labels.ROLE: labels.BASE_IMAGE,
        labels.RECIPE: recipe.name,
        labels.RECIPE_DIGEST: recipe.digest,
        labels.ORIGIN: base.origin,
        SOURCE: base.source,
        DATE: datetime.now(UTC).isoformat(timespec="seconds"),
        # Every label is set, for those of the base would shine through.
        MIRROR: os.environ.get("LABS_APT_MIRROR", ""),
        BUILDING: "",
    }


def build_arguments(
    recipe: Recipe, base: Found, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what a build is told: ARG BASE, the package mirror, and the reader's proxies."""
    environ = os.environ if environ is None else environ
    arguments = {"BASE": base.reference}
    if "LABS_APT_MIRROR" in recipe.arguments and environ.get("LABS_APT_MIRROR"):
        arguments["LABS_APT_MIRROR"] = environ["LABS_APT_MIRROR"]
    return arguments | proxies(environ)


def proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return Docker's predefined proxy arguments, from the environment and the CLI's settings.

    A proxy on the loopback address is left out: inside a build, that is the build itself.
    The settings are those of docs.docker.com/engine/cli/proxy.
    """
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/")) / ".docker")
    settings = read_json(folder / "config.json").get("proxies", {}).get("default", {})
    found = {}
    for name, key in _PROXIES.items():
        value = environ.get(name.lower()) or environ.get(name) or ""
        if name != "NO_PROXY" and _is_loopback(value):
            value = ""
        value = value or settings.get(key, "")
        if value:
            # Programs disagree about the case, so the CLI sets both; so do we.
            found[name] = found[name.lower()] = value
    return found


def _is_loopback(url: str) -> bool:
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def build_failed(name: str, error: str, lines: Iterable[str]) -> EngineError:
    """Return the error for a build that failed: what failed, its last lines, what to do."""
    output = "\n".join(lines)
    if "no space left on device" in f"{output}\n{error}".lower():
        return disk_full(error)
    remedy = _("Once the cause is gone, run it again: nothing half-made was kept.")
    if any(words in output for words in _NETWORK_WORDS):
        remedy = _(
            "The build could not reach its package mirror. Set LABS_APT_MIRROR to a mirror that "
            "you reach (such as http://mirror.example/debian), or http_proxy to your proxy, and "
            "run it again; or read a file made by `labs bundle` with `labs images load FILE`."
        )
    what = _("The image {name} could not be built: {error}").format(
        name=name, error=one_line(error)
    )
    return EngineError(f"{what}\n{output}", remedy=remedy)


_NETWORK_WORDS: Final = (
    "Temporary failure resolving",
    "Could not resolve",
    "Could not connect",
    "Unable to connect",
    "Failed to fetch",
    "Connection timed out",
)


def keep_replaced(client: DockerClient, name: str) -> None:
    """Give the image called `name` a second name, before another image takes the first.

    Without one it would stay behind as `<none>`, and nothing would tell it from the
    reader's own. `remove_replaced` removes it as soon as nothing uses it.
    """
    old = image_id(client, name)
    if old:
        client.api.tag(old, REPLACED_NAME, old.removeprefix("sha256:")[:12])


# --- remains -------------------------------------------------------------------------------


def remove_replaced(client: DockerClient) -> None:
    """Remove images that a newer build replaced, but for those some container still uses."""
    with engine_errors():
        for tag in _tags(client, REPLACED_NAME):
            untag(client, tag)


def _tags(client: DockerClient, repository: str) -> list[str]:
    found = client.api.images(name=repository)
    return [tag for raw in found for tag in raw.get("RepoTags") or [] if repository in tag]


def discard(client: DockerClient, mark: str, seconds: float = 30) -> None:
    """Remove what a build left unfinished: its containers, its steps, its name.

    The engine needs a moment to stop a build whose reader has gone, so this looks until
    nothing shows up any more. Raises TimedOut after `seconds`.
    """
    calm = 0

    def look() -> int:
        nonlocal calm
        with engine_errors():
            calm = 0 if _remove_marked(client, mark) else calm + 1
        return calm

    wait_until(
        look,
        lambda looks: looks >= CALM,
        what=_("the engine to give up the unfinished build"),
        seconds=seconds,
        every=0.2,
    )


def _remove_marked(client: DockerClient, mark: str) -> int:
    """Remove what bears `mark`, as far as the engine lets go of it; return how much was seen."""
    from docker.errors import APIError

    api = client.api
    marked = {"label": f"{BUILDING}={mark}"}
    containers = api.containers(all=True, filters=marked)
    steps = api.images(filters={**marked, "dangling": True})
    names = [tag for tag in _tags(client, BUILDING_NAME) if tag.endswith(f":{mark}")]
    with suppress(APIError):  # half of it may be going by itself just now: the next look tells
        for raw in containers:
            api.remove_container(raw["Id"], force=True, v=True)
        for name in [*names, *(raw["Id"] for raw in steps)]:
            api.remove_image(name)
    return len(containers) + len(steps) + len(names)


def sweep(client: DockerClient) -> None:
    """Remove what killed processes left of their builds, and images replaced since."""
    with engine_errors():
        api = client.api
        filters = {"label": BUILDING}
        raw = [*api.containers(all=True, filters=filters)]
        raw += api.images(filters={**filters, "dangling": True})
        marks = {str((each.get("Labels") or {}).get(BUILDING, "")) for each in raw}
        marks |= {tag.rpartition(":")[2] for tag in _tags(client, BUILDING_NAME)}
    for mark in marks:
        if is_dead(mark):
            discard(client, mark)
    remove_replaced(client)
