"""What the lab's virtual machines need beside QEMU: a kernel, an answer, an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers.command import Completed
from helpers.drivers import vm
from helpers.errors import CommandFailed, LabError

DEPENDS = """\
linux-image-cloud-amd64
  Depends: linux-image-6.1.0-56-cloud-amd64
linux-image-6.1.0-56-cloud-amd64
  Depends: kmod
"""
UBUNTU = """\
linux-image-virtual
  Depends: linux-image-generic
linux-image-generic
  Depends: linux-image-6.8.0-31-generic
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nobody has tried the processor's help before."""
    vm.accelerator.cache_clear()
    yield
    vm.accelerator.cache_clear()


def apt(printed: dict[str, str]) -> Any:
    """An apt-cache that prints this about the packages it knows."""

    def run(argv: Sequence[str], **_options: object) -> Completed:
        return Completed(tuple(argv), 0, printed.get(argv[-1], ""), "")

    return run


@pytest.mark.parametrize(
    ("printed", "package"),
    [
        ({"linux-image-cloud-amd64": DEPENDS}, "linux-image-6.1.0-56-cloud-amd64"),
        ({"linux-image-virtual": UBUNTU}, "linux-image-6.8.0-31-generic"),
    ],
)
def test_the_kernel_behind_the_name_is_found(
    printed: dict[str, str], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's and Ubuntu's package for clouds only stands for the real one."""
    monkeypatch.setattr(vm, "run", apt(printed))
    assert vm._package() == package


def test_without_apt_this_computers_kernel_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be fetched and nothing read, an error says what to do."""
    monkeypatch.setattr(vm, "KERNELS", tmp_path)
    monkeypatch.setattr(vm.shutil, "which", lambda _name: None)
    monkeypatch.setattr(vm.os, "access", lambda _path, _how: False)
    with pytest.raises(LabError, match="no kernel") as raised:
        vm.kernel()
    assert "make /boot/vmlinuz-" in raised.value.remedy
    monkeypatch.setattr(vm.os, "access", lambda _path, _how: True)
    assert vm.kernel().name.startswith("vmlinuz-")


def test_a_kernel_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lies in the cache is taken without asking anybody."""
    (tmp_path / "vmlinuz-6.1").write_text("kernel")
    monkeypatch.setattr(vm, "KERNELS", tmp_path)
    monkeypatch.setattr(vm, "run", lambda *_a, **_k: pytest.fail("asked"))
    assert vm.kernel() == tmp_path / "vmlinuz-6.1"


@pytest.mark.parametrize(
    ("access", "said", "found"),
    [
        (False, "Linux version 6.1", "tcg"),
        (True, "Linux version 6.1", "kvm"),
        (True, "", "tcg"),  # it is there and does not work
        (True, None, "tcg"),  # it hangs
    ],
)
def test_the_processors_help_is_tried(
    access: bool, said: str | None, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a kernel that spoke shows that /dev/kvm works."""

    def run(argv: Sequence[str], **_options: object) -> Completed:
        if said is None:
            raise CommandFailed(argv, None, "late")
        return Completed(tuple(argv), 1, said, "")

    (tmp_path / "vmlinuz-6.1").write_text("kernel")
    monkeypatch.setattr(vm, "KERNELS", tmp_path)
    monkeypatch.setattr(vm.os, "access", lambda _path, _how: access)
    monkeypatch.setattr(vm, "run", run)
    assert vm.accelerator() == found


def test_what_time_says_is_read() -> None:
    """Seconds of processor time, whatever else is printed; nothing is an error."""
    assert vm.user_seconds("real\t0m 2.20s\nuser\t1m 0.95s\nsys\t0m 1.21s") == 60.95
    with pytest.raises(LabError, match="said nothing"):
        vm.user_seconds("sha256sum: not found")


def test_a_machine_that_does_not_run_is_a_sentence(tmp_path: Path) -> None:
    """Asking it, waiting for it and stopping it say so, or do nothing."""
    with pytest.raises(LabError, match="`one` does not run"):
        vm.ask(tmp_path, "one", "true")
    with pytest.raises(LabError, match="`one` does not run"):
        vm.await_ready(tmp_path, "one")
    assert vm.console(tmp_path, "one") == ""
    vm.stop(tmp_path, "one")
    assert vm.tidy(tmp_path / "nowhere", "9e9e").removed == ()
