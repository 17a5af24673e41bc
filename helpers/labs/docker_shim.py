"""Stands before the real `docker` or `podman` in a lab's cells and labels what they make.

Cells show the commands people type. So that the lab can tidy up afterwards, and nothing
but its own, this program adds `--label` options to the sub-commands that create objects,
then becomes the real `docker`. Standard library only, and quick to start: it runs as
`python -I -S docker_shim.py REAL_PROGRAM ARGS...` with the labels in CAAS_BOOK_LABELS.
"""

from __future__ import annotations

import json
import os
import sys

# docker's own options that take a value and may stand before the sub-command
_TAKE_VALUE = {"--config", "-c", "--context", "-H", "--host", "-l", "--log-level"}
_TAKE_VALUE |= {"--tlscacert", "--tlscert", "--tlskey"}
_LABELLED = {
    ("run",),
    ("create",),
    ("build",),
    ("container", "run"),
    ("container", "create"),
    ("pod", "create"),  # Podman's, for which this stands in as well
    ("image", "build"),
    ("builder", "build"),
    ("buildx", "build"),
    ("network", "create"),
    ("volume", "create"),
}
_CHANGED = {("commit",), ("import",), ("container", "commit"), ("image", "import")}


def labelled(argv: list[str], labels: dict[str, str]) -> list[str]:
    """Return docker's arguments `argv` with `labels` added where they make an object."""
    at = _subcommand(argv)
    for length in (2, 1):
        words = tuple(argv[at : at + length])
        if words in _LABELLED:
            options = [part for k, v in labels.items() for part in ("--label", f"{k}={v}")]
        elif words in _CHANGED:
            options = [part for k, v in labels.items() for part in ("--change", f"LABEL {k}={v}")]
        else:
            continue
        return argv[: at + length] + options + argv[at + length :]
    return argv


def _subcommand(argv: list[str]) -> int:
    """Return where the sub-command stands, after docker's own options."""
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] in _TAKE_VALUE else 1
    return at


if __name__ == "__main__":
    real, *arguments = sys.argv[1:]
    marks = json.loads(os.environ.get("CAAS_BOOK_LABELS", "{}"))
    os.execv(real, [real.rpartition("/")[2], *labelled(arguments, marks)])
