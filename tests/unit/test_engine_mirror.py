"""Where a current engine's packages come from: what the machine's own apt uses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from helpers.drivers import image_makers
from helpers.errors import MissingNeed
from tools.engines import debian


def apt_uses(monkeypatch: pytest.MonkeyPatch, uris: str) -> None:
    """Pretend that the machine's apt names these mirrors of Debian."""
    monkeypatch.delenv("LABS_APT_MIRROR", raising=False)
    monkeypatch.setattr(image_makers.shutil, "which", lambda name: f"/usr/bin/{name}")
    told = SimpleNamespace(stdout=uris)
    monkeypatch.setattr(image_makers, "run", lambda _argv, **_options: told)


@pytest.mark.parametrize(
    ("uris", "engines", "images"),
    [
        ("http://a.example/debian/\nhttp://a.example/debian/\n", "http://a.example/debian", True),
        ("https://b.example/debian/\n", "https://b.example/debian", False),
        ("file:/cd/\nhttp://c.example/debian\n", "http://c.example/debian", True),
    ],
)
def test_the_machines_own_mirror_serves(
    monkeypatch: pytest.MonkeyPatch, uris: str, engines: str, images: bool
) -> None:
    """https serves for an engine, which this machine fetches; an image must do with http."""
    apt_uses(monkeypatch, uris)
    assert debian.mirror() == engines
    assert image_makers.host_mirror() == (engines if images else "")


def test_a_named_mirror_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """LABS_APT_MIRROR is taken whatever apt says."""
    apt_uses(monkeypatch, "http://a.example/debian/\n")
    monkeypatch.setenv("LABS_APT_MIRROR", "http://own.example/debian")
    assert debian.mirror() == "http://own.example/debian"


def test_no_mirror_of_debian_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ubuntu's apt names none of Debian's: a sentence, with what to set."""
    apt_uses(monkeypatch, "")
    with pytest.raises(MissingNeed, match="No Debian mirror") as missing:
        debian.mirror()
    assert "LABS_APT_MIRROR" in missing.value.remedy


def test_without_apt_there_is_no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command is tried on a machine that has no apt."""
    apt_uses(monkeypatch, "http://a.example/debian/\n")
    monkeypatch.setattr(image_makers.shutil, "which", lambda _name: None)
    assert image_makers.host_mirror() == ""
