"""What `make test` needs of a machine, and what it says where it cannot get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.drivers import daemon, vm
from helpers.errors import LabError
from tools import prepare


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine of ours where all is there; the list tells what gets installed."""
    installed: list[str] = []
    (tmp_path / "keyring").touch()
    monkeypatch.setattr(prepare, "FILES", {str(tmp_path / "keyring"): "keys"})
    monkeypatch.setattr(prepare, "LIBRARIES", {})
    monkeypatch.setattr(prepare, "os_release", lambda: {"ID": "debian"})
    monkeypatch.setattr(daemon, "program", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(daemon, "may_install", lambda: True)
    monkeypatch.setattr(daemon, "install_packages", lambda names, _say: installed.extend(names))
    return installed


def without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one program off the machine."""
    monkeypatch.setattr(daemon, "program", lambda asked: None if asked == name else "/usr/bin/it")


def test_a_machine_with_everything_is_left_alone(machine: list[str]) -> None:
    """Nothing is installed where nothing is missing."""
    assert prepare.ready_programs()
    assert machine == []


def test_what_is_missing_is_installed(
    machine: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program, a library and a file that are missing bring their packages."""
    without("chromium", monkeypatch)
    monkeypatch.setattr(prepare, "LIBRARIES", {"libnowhere.so.9": "libnowhere9"})
    (tmp_path / "keyring").unlink()
    assert prepare.ready_programs()
    assert machine == ["chromium", "keys", "libnowhere9"]


def test_who_may_not_install_is_told_what_to(
    machine: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without root nothing is installed, and the packages are named."""
    without("mmdebstrap", monkeypatch)
    monkeypatch.setattr(daemon, "may_install", lambda: False)
    assert not prepare.ready_programs()
    assert machine == []
    assert capsys.readouterr().out == "Please install: mmdebstrap\n"


@pytest.mark.parametrize("error", [None, LabError("No kernel.")])
def test_the_kernel_for_the_labs_machine_is_fetched(
    error: LabError | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lab with a virtual machine needs it; where it cannot be had, that is said."""

    def kernel(_say: object) -> Path:
        if error:
            raise error
        return Path("vmlinuz")

    monkeypatch.setattr(vm, "kernel", kernel)
    monkeypatch.setattr(prepare, "needed", lambda: {"docker", "qemu"})
    assert prepare.ready_kernel() is (error is None)
    assert capsys.readouterr().out == ("No kernel.\n" if error else "")
    monkeypatch.setattr(prepare, "needed", lambda: {"docker"})
    assert prepare.ready_kernel()


def test_ubuntu_has_no_chromium_to_install(
    machine: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its package is a snap: said in a sentence, before apt fails in its own words."""
    without("chromium", monkeypatch)
    monkeypatch.setattr(prepare, "os_release", lambda: {"ID": "ubuntu"})
    assert not prepare.ready_programs()
    assert machine == []
    assert "as a snap alone" in capsys.readouterr().out
