"""What the build for Binder is given: a clone's files, and the machine's way to the packages."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from helpers.command import run
from tools import binder


def settings(file: Path) -> dict[str, str]:
    """Return what a pip.conf says."""
    read = configparser.ConfigParser(interpolation=None)
    read.read(file)
    return dict(read["global"])


def test_index_and_certificates_are_secrets(tmp_path: Path) -> None:
    """The build reads index and certificates where its secrets lie; folders stay at home."""
    bundle = tmp_path / "own.pem"
    bundle.write_text("certificates")
    environ = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "https://user:pass%40word@index.example/simple",
        "PIP_FIND_LINKS": "/srv/wheels",
        "PIP_CERT": str(bundle),
    }
    found = binder.write_secrets(tmp_path / "secrets", environ)
    assert set(found) == {"pip", "certificates"}
    assert found["certificates"].read_text() == "certificates"
    assert settings(found["pip"]) == {
        "index-url": "https://user:pass%40word@index.example/simple",
        "cert": "/run/secrets/certificates",
    }


def test_machine_without_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine has no certificates, the build has the base image's."""
    monkeypatch.setattr(binder.bootstrap, "CA_BUNDLES", ())
    found = binder.write_secrets(tmp_path / "secrets", {"PIP_CONFIG_FILE": "/dev/null"})
    assert set(found) == {"pip"}
    assert settings(found["pip"]) == {}


def test_build_sees_what_a_clone_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New files come along; what git ignores, and what was removed, does not."""
    root, stage = tmp_path / "root", tmp_path / "stage"
    for name in ("kept.py", "gone.py", "folder/new.py", "cache/big"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".gitignore").write_text("cache/\n")
    run(["git", "init", "-q"], cwd=root)
    run(["git", "add", "kept.py", "gone.py"], cwd=root)
    (root / "gone.py").unlink()
    monkeypatch.setattr(binder, "ROOT", root)
    binder.stage(stage)
    found = {str(file.relative_to(stage)) for file in stage.rglob("*") if file.is_file()}
    assert found == {".gitignore", "kept.py", "folder/new.py"}


def test_docker_keeps_the_readers_settings(tmp_path: Path) -> None:
    """The command line that knows buildx logs in as the reader's own does, to the engine named."""
    (tmp_path / "config.json").write_text('{"auths": {"r": {}}, "currentContext": "other"}')
    found = binder.settings_with({"DOCKER_CONFIG": str(tmp_path)}, Path("/plugins"))
    assert found == {"auths": {"r": {}}, "cliPluginsExtraDirs": ["/plugins"]}
