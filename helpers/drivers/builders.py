"""Find a `docker` whose builds are BuildKit's.

Command lines since 23.0 build with the plugin buildx; without it they fall back to the legacy
builder. Those before have BuildKit of their own, which DOCKER_BUILDKIT=1 turns on. A machine
may have several: the first on PATH that can do it is taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from helpers.command import run
from helpers.errors import LabError, MissingNeed
from helpers.records.builds import Builder
from helpers.text import _

PLUGIN_SINCE: Final = 23  # the first command line that builds with the plugin
_VERSION: Final = re.compile(r"\d+(?:\.\d+)+")


def find(environ: Mapping[str, str], besides: Path) -> Builder:
    """Return the first `docker` on PATH that builds with BuildKit. Raises MissingNeed.

    besides: a folder of PATH that is left out (the one with the labs' own `docker`).
    """
    for program in _programs(environ, besides):
        builder = _try(program, environ)
        if builder is not None:
            return builder
    raise MissingNeed(
        _("This `docker` builds with its legacy builder: the plugin buildx is missing."),
        remedy=_(
            "Install it (Docker's package `docker-buildx-plugin`; `docker-buildx` on Debian 13 "
            "and Ubuntu) and run the notebook from the top."
        ),
    )


def _programs(environ: Mapping[str, str], besides: Path) -> Iterator[str]:
    known = set()
    for folder in environ.get("PATH", "").split(os.pathsep):
        program = Path(folder or ".") / "docker"
        if Path(folder) == besides or not os.access(program, os.X_OK):
            continue
        real = program.resolve()
        if real not in known:
            known.add(real)
            yield str(program)


def _try(program: str, environ: Mapping[str, str]) -> Builder | None:
    try:
        plugin = run([program, "buildx", "version"], env=environ, check=False)
        if plugin.status == 0 and (found := _VERSION.search(plugin.stdout)):
            return Builder(program, "plugin", found[0])
        own = run([program, "--version"], env=environ, check=False).stdout
    except LabError:
        return None
    found = _VERSION.search(own)
    if found is None or int(found[0].partition(".")[0]) >= PLUGIN_SINCE:
        return None
    return Builder(program, "built in", found[0])
