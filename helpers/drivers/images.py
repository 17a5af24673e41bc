"""The book's base images: make them ready, list them, carry them to a room without network.

    ensure(client, ["python"], show_progress())     make ready what is missing or stale
    states(client)                                  what is there
    bundle(client, path, names); load(client, path) all in one file

Only `base` and `busybox` come from outside, by the ladder in image_sources.py. All others
are plain Dockerfiles in labs/images/, built on them through package mirrors.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from helpers.drivers.engine import engine_errors
from helpers.drivers.image_api import image_id, untag
from helpers.drivers.image_builds import build, sweep
from helpers.drivers.image_bundles import bundle, load
from helpers.drivers.image_owners import alone
from helpers.drivers.image_progress import no_progress, show_progress
from helpers.drivers.image_recipes import catalogue, select
from helpers.drivers.image_sources import find
from helpers.drivers.image_states import state, states, table
from helpers.errors import LabError
from helpers.records.images import Found, ImageState, Progress, Recipe, reference
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

    Source = Callable[[DockerClient, Recipe, Progress], Found]

__all__ = [
    "bundle",
    "catalogue",
    "ensure",
    "load",
    "no_progress",
    "reference",
    "show_progress",
    "state",
    "states",
    "sweep",
    "table",
]


def ensure(
    client: DockerClient,
    names: Iterable[str],
    progress: Progress = no_progress,
    *,
    recipes: Sequence[Recipe] | None = None,
    source: Source = find,
) -> tuple[ImageState, ...]:
    """Make the images `names` ready, those they need first; return their states.

    recipes, source: for tests. Raises ImageMissing (none is to be had here), EngineError (a
    build failed), DiskFull, TimedOut. An interrupted or failed build leaves nothing behind.
    """
    recipes = catalogue() if recipes is None else recipes
    chosen = select(recipes, names)
    if lacking(client, recipes, chosen):
        with alone(client, progress, chosen[0].name):
            sweep(client)
            # Looked at again: the process we may have waited for has done part of it.
            for recipe in lacking(client, recipes, chosen):
                _provide(client, recipe, progress, source)
    return tuple(state(client, recipe) for recipe in chosen)


def lacking(
    client: DockerClient, recipes: Sequence[Recipe], chosen: Sequence[Recipe]
) -> tuple[Recipe, ...]:
    """Return what must be built for `chosen` to be ready, in the order of building.

    What a ready image was built on is not asked for. But a base about to be built upon must
    know the package mirror that LABS_APT_MIRROR names now.
    """
    found: dict[str, Recipe] = {}

    def visit(recipe: Recipe, *, built_upon: bool) -> None:
        seen = state(client, recipe)
        mirror = os.environ.get("LABS_APT_MIRROR", "") if built_upon else ""
        moved = "LABS_APT_MIRROR" in recipe.arguments and mirror not in ("", seen.mirror)
        if seen.presence == "ready" and not (moved and seen.origin != "by hand"):
            return
        for need in select(recipes, recipe.needs):
            visit(need, built_upon=True)
        found.setdefault(recipe.name, recipe)

    for recipe in chosen:
        visit(recipe, built_upon=False)
    return tuple(found.values())


def _provide(
    client: DockerClient,
    recipe: Recipe,
    progress: Progress,
    source: Source,
) -> None:
    began = time.monotonic()
    base = None
    try:
        base = _inside(client, recipe) if recipe.needs else source(client, recipe, progress)
        build(client, recipe, base, progress)
    except BaseException:
        progress(recipe.name, "failed", None, "")
        raise
    finally:
        if base is not None and base.ours:
            with suppress(LabError), engine_errors():
                untag(client, base.reference)
    done = state(client, recipe)
    line = _("{origin}, {size:.0f} MB, {seconds:.0f} s").format(
        origin=done.origin, size=(done.size or 0) / 1e6, seconds=time.monotonic() - began
    )
    progress(recipe.name, "ready", 1.0, line)


def _inside(client: DockerClient, recipe: Recipe) -> Found:
    """Return the first image that `recipe` needs, as a thing to build on."""
    name = reference(recipe.needs[0])
    with engine_errors():
        return Found(name, "built", f"{name}@{image_id(client, name)}")
