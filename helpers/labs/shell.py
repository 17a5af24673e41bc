"""What `!commands` of a notebook see: a `docker` that labels, and the session's engine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.records import labels as marks
from helpers.records.engine import Endpoint

SHIM = Path(__file__).with_name("docker_shim.py")
_VARIABLES = (
    *("PATH", "DOCKER_HOST", "CAAS_BOOK_LABELS", "DOCKER_CLI_HINTS"),
    # for Compose files, which cannot be handed labels from outside
    *("CAAS_BOOK_LAB", "CAAS_BOOK_RUN", "CAAS_BOOK_OWNER"),
    # what a lab says to the builder (helpers.labs.buildkit)
    *("DOCKER_BUILDKIT", "BUILDX_NO_DEFAULT_ATTESTATIONS"),
)


@dataclass(frozen=True)
class Shell:
    """The environment as it was before `enter`."""

    before: dict[str, str | None]

    def leave(self) -> None:
        """Restore the environment."""
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def enter(
    folder: Path,
    endpoint: Endpoint,
    labels: dict[str, str],
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> Shell:
    """Put the labelling `docker` from `folder` first on this process's PATH.

    Its commands go to the engine at `endpoint`; advertising hints of the CLI are off, so
    that a page shows the command's own output. Without a docker program nothing is shadowed.
    more: further programs that label, each with the variables it needs.
    """
    wanted = {"docker": {}, **(more or {})}
    variables = {name: value for each in wanted.values() for name, value in each.items()}
    before = {name: os.environ.get(name) for name in (*_VARIABLES, *variables)}
    folder.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        stand_before(name, folder)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ.update(variables)
    if endpoint.tls is None:  # with TLS the engine comes from the CLI's own settings anyway
        os.environ["DOCKER_HOST"] = endpoint.url
    os.environ["CAAS_BOOK_LABELS"] = json.dumps(labels)
    for name in (marks.LAB, marks.RUN, marks.OWNER):
        os.environ[name.upper().replace("-", "_").replace(".", "_")] = labels.get(name, "")
    os.environ["DOCKER_CLI_HINTS"] = "false"
    return Shell(before)


def stand_before(name: str, folder: Path, real: str | None = None) -> None:
    """Write a `name` into `folder` that labels and calls the real one: `real`, or PATH's."""
    real = real or shutil.which(name)
    if real is not None:
        command = shlex.join([sys.executable, "-I", "-S", str(SHIM), real])
        write_script(folder / name, f'exec {command} "$@"')


def write_script(file: Path, line: str) -> None:
    """Write a program for the shell."""
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(0o755)
