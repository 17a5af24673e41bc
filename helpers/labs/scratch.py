"""A run's own folder on this machine, and whose it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from helpers.drivers import lxc, podman, vm
from helpers.errors import LabError
from helpers.records.docker import Removal
from helpers.text import _

_PREFIX = "caas-book-"
OTHER_USER = "-user"  # ends the name of a run's folder that another user may enter


def folder(run: str) -> Path:
    """Return where the scratch folder of the run `run` is, or would be."""
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{run}"


def make(run: str, owned_by: str) -> Path:
    """Return the scratch folder of the run `run`, made if it is not there.

    Raises LabError when someone else's folder stands in its place: a lab puts programs
    there that it then runs.
    """
    path = folder(run)
    path.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (path.is_symlink() or path.stat().st_uid != os.getuid()):
        raise LabError(
            _("{path} belongs to someone else.").format(path=path),
            remedy=_("Run the first cell again: it takes another name."),
        )
    (path / "owner").write_text(owned_by, encoding="utf-8")
    return path


def remove(run: str) -> Removal:
    """Remove the scratch folders of the run `run`, and what runs in them: Podman, LXC, machines."""
    removal = Removal()
    for path in (folder(run), folder(run + OTHER_USER)):
        removal += podman.tidy(path / podman.FOLDER, run)
        removal += lxc.tidy(path / lxc.FOLDER, run)
        removal += vm.tidy(path / vm.FOLDER, run)
        shutil.rmtree(path, ignore_errors=True)
    return removal


def owners() -> Iterator[tuple[str, str]]:
    """Yield (run, owner) of every scratch folder of this user on this machine."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            yield path.name.removeprefix(_PREFIX), (path / "owner").read_text(encoding="utf-8")
        except OSError:
            continue
