"""LXC containers of the lab's own: nothing of them is left, not even after a crash."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.drivers import installs, lxc
from helpers.labs import owner, scratch

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not installs.there(installs.find("lxc")), reason="needs root and LXC"
)
RUN = "9e9e"


@pytest.fixture
def place() -> Iterator[Path]:
    """The folder of a run's containers."""
    made = scratch.make(RUN, owner.current()) / lxc.FOLDER
    yield made
    scratch.remove(RUN)


def archive() -> bytes:
    """A root file system of nothing but a program that waits: this machine's own sleep."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for folder in ("proc", "sys", "dev"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    return packed.getvalue()


def write_config(folder: Path) -> None:
    """A container that shares this machine's programs and runs `sleep`."""
    lines = [
        f"lxc.uts.name = {folder.name}",
        f"lxc.rootfs.path = dir:{folder}/rootfs",
        "lxc.net.0.type = empty",
        "lxc.apparmor.profile = unconfined",
        "lxc.init.cmd = /bin/sleep 600",
    ]
    for name in ("bin", "lib", "lib64", "usr"):
        if Path("/", name).exists():
            lines.append(f"lxc.mount.entry = /{name} {name} none bind,ro,create=dir 0 0")
    (folder / "config").write_text("\n".join(lines) + "\n")


def test_a_run_ends_with_nothing_left(place: Path) -> None:
    """A running container is stopped, counted and removed with its folder."""
    folder = lxc.unpack([archive()], place / "box")
    write_config(folder)
    assert lxc.state(place, "box") == "STOPPED"
    lxc.call(place, "start", "box")
    assert lxc.state(place, "box") == "RUNNING"
    removal = scratch.remove(RUN)
    assert removal.count("container") == 1
    assert removal.failed == ()
    assert not place.exists()
    assert lxc.state(place, "box") == ""
    assert str(place) not in Path("/proc/self/mountinfo").read_text()


def test_a_run_without_lxc_has_nothing_to_tidy(tmp_path: Path) -> None:
    """No folder, nothing removed, nothing failed."""
    assert lxc.tidy(tmp_path / "lxc", RUN).removed == ()
