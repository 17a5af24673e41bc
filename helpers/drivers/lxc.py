"""LXC containers of the lab's own: each is a folder below one folder in the run's scratch.

LXC keeps nothing elsewhere, so what lies there is all there is to stop and remove, also after
a crash (`tidy`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from helpers.command import Completed, run
from helpers.errors import LabError
from helpers.records.docker import LabObject, Removal

FOLDER: Final = "lxc"  # in a run's scratch folder


def call(place: Path, tool: str, name: str, *arguments: str, check: bool = True) -> Completed:
    """Run `lxc-TOOL` on the container `name` in `place`. Raises CommandFailed, TimedOut."""
    return run([f"lxc-{tool}", "-P", str(place), "-n", name, *arguments], check=check)


def state(place: Path, name: str) -> str:
    """Return LXC's word for a container's state ("RUNNING"), "" where there is none."""
    if not (place / name / "config").is_file():
        return ""
    return call(place, "info", name, "-s", "-H").stdout.strip()


def unpack(archive: Iterable[bytes], folder: Path) -> Path:
    """Unpack a root file system into `folder`/rootfs, in place of one that was there.

    archive: a tar file in pieces, as `docker export` writes it. Returns `folder`.
    """
    root = folder / "rootfs"
    shutil.rmtree(root, ignore_errors=True)
    (root / "www").mkdir(parents=True)
    file = folder / "rootfs.tar"
    with file.open("wb") as written:
        written.writelines(archive)
    run(["tar", "-x", "-f", str(file), "-C", str(root)])
    file.unlink()
    return folder


def tidy(folder: Path, run_id: str) -> Removal:
    """Stop and remove the containers in a folder, and the folder; nothing there is fine.

    run_id: the run they belonged to, for the report.
    """
    if not folder.is_dir():
        return Removal()
    removal = Removal()
    for config in sorted(folder.glob("*/config")):
        thing = LabObject("container", "", config.parent.name, "", run_id, "")
        try:
            if state(folder, thing.name) != "STOPPED":
                call(folder, "stop", thing.name, "-k", check=False)
            removal += Removal((thing,))
        except LabError as error:
            removal += Removal(failed=((thing, error.what),))
    shutil.rmtree(folder, ignore_errors=True)
    _forget_empty_groups()
    return removal


def _forget_empty_groups() -> None:
    """Remove the control groups that LXC leaves; one that is used cannot be removed."""
    root = Path("/sys/fs/cgroup")
    for group in [*root.glob("lxc.pivot"), *root.glob("*/lxc.pivot")]:
        with suppress(OSError):
            group.rmdir()
