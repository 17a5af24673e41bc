"""What `!commands` of a notebook see: a `docker` that labels, and the session's engine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from helpers.records import labels as marks
from helpers.records.engine import Endpoint

SHIM = Path(__file__).with_name("docker_shim.py")
_VARIABLES = (
    *("PATH", "DOCKER_HOST", "CAAS_BOOK_LABELS", "DOCKER_CLI_HINTS"),
    # for Compose files, which cannot be handed labels from outside
    *("CAAS_BOOK_LAB", "CAAS_BOOK_RUN", "CAAS_BOOK_OWNER"),
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


def enter(folder: Path, endpoint: Endpoint, labels: dict[str, str]) -> Shell:
    """Put the labelling `docker` from `folder` first on this process's PATH.

    Its commands go to the engine at `endpoint`; advertising hints of the CLI are off, so
    that a page shows the command's own output. Without a docker program nothing is shadowed.
    """
    before = {name: os.environ.get(name) for name in _VARIABLES}
    real = shutil.which("docker")
    if real is not None:
        folder.mkdir(parents=True, exist_ok=True)
        shim = folder / "docker"
        command = shlex.join([sys.executable, "-I", "-S", str(SHIM), real])
        shim.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        shim.chmod(0o755)
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    if endpoint.tls is None:  # with TLS the engine comes from the CLI's own settings anyway
        os.environ["DOCKER_HOST"] = endpoint.url
    os.environ["CAAS_BOOK_LABELS"] = json.dumps(labels)
    for name in (marks.LAB, marks.RUN, marks.OWNER):
        os.environ[name.upper().replace("-", "_").replace(".", "_")] = labels.get(name, "")
    os.environ["DOCKER_CLI_HINTS"] = "false"
    return Shell(before)
