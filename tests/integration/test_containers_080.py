"""The machine with two slots: what its loader does with releases that are half, bad or new."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from helpers.paths import LABS
from helpers.waiting import wait_until

LOADER = LABS / "containers/080-container-os/loader/loader"
UPDATE = LABS / "containers/080-container-os/loader/update"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk, and scripts that use it in place of /disk."""
    (tmp_path / "disk" / "boot").mkdir(parents=True)
    for script in (LOADER, UPDATE):
        text = script.read_text().replace("/disk", str(tmp_path / "disk"))
        # the system is a process that lives for a moment; whether it answers, a file says
        text = text.replace(f"chroot {tmp_path}/disk/$best /init", f"sh {tmp_path}/disk/$best/init")
        text = text.replace("wget -qO- http://127.0.0.1/", f"cat {tmp_path}/page")
        (tmp_path / script.name).write_text(text)
    return tmp_path / "disk"


def release(number: int, *, answers: bool, folder: Path) -> bytes:
    """A release, whose init says its number and ends, or ends at once."""
    init = f"echo {number} > {folder}/page; sleep 0.3\n" if answers else "exit 1\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in (("etc/release", f"{number}\n"), ("init", init)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def install(disk: Path, archive: bytes) -> int:
    """Let `update` write an archive; return its exit status."""
    line = ["sh", str(disk.parent / "update")]
    return subprocess.run(line, input=archive, capture_output=True, check=False).returncode


def boot(disk: Path) -> str:
    """Switch the machine on until it ends; return the slot that ran."""
    (disk.parent / "page").unlink(missing_ok=True)
    subprocess.run(["sh", str(disk.parent / "loader")], capture_output=True, check=False)
    wait_until((disk / "boot" / "running").exists, what="a slot")
    return (disk / "boot" / "running").read_text().strip()


def test_new_releases_take_turns(disk: Path) -> None:
    """Each goes into the slot that does not run, and is marked once it has answered."""
    assert install(disk, release(1, answers=True, folder=disk.parent)) == 0
    assert (disk / "boot" / "A").read_text() == "1 1 0\n"
    assert boot(disk) == "A"
    assert (disk / "boot" / "A").read_text() == "1 0 1\n"
    assert install(disk, release(2, answers=True, folder=disk.parent)) == 0
    assert boot(disk) == "B"
    assert install(disk, release(3, answers=True, folder=disk.parent)) == 0
    assert boot(disk) == "A"
    assert (disk / "boot" / "A").read_text() == "3 0 1\n"


def test_a_release_that_does_not_answer_is_tried_once(disk: Path) -> None:
    """Then the slot that has worked is back, and stays."""
    install(disk, release(1, answers=True, folder=disk.parent))
    assert boot(disk) == "A"
    assert install(disk, release(2, answers=False, folder=disk.parent)) == 0
    assert [boot(disk), boot(disk), boot(disk)] == ["B", "A", "A"]
    assert "release 2 does not answer: reset" in (disk / "boot" / "diary").read_text()


def test_half_a_release_is_none(disk: Path) -> None:
    """What was cut off has no mark, and is not looked at."""
    install(disk, release(1, answers=True, folder=disk.parent))
    assert boot(disk) == "A"
    assert install(disk, release(2, answers=True, folder=disk.parent)[: 3 * 512 + 10]) != 0
    assert not (disk / "boot" / "B").exists()
    assert boot(disk) == "A"


def test_without_a_slot_nothing_boots(disk: Path) -> None:
    """An empty disk is an error, not a loop."""
    line = ["sh", str(disk.parent / "loader")]
    assert subprocess.run(line, check=False).returncode == 1
    assert not list((disk / "boot").iterdir())
