"""The bootstrap: what it takes from pip's settings, when it works, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap

ROOT = Path(bootstrap.__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any pip configuration; the machine's is out of reach."""
    own = tmp_path / "home"
    own.mkdir()
    monkeypatch.setattr(
        bootstrap, "pip_files", lambda environ: [own / "pip.conf", Path(environ.get("X", "/-"))]
    )
    return own


def test_uv_takes_what_pip_is_set_up_with(home: Path) -> None:
    """Index, further indexes, certificates, proxy and time-out of pip serve uv as well."""
    (home / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror.example/simple\ntimeout = 90\n"
        "[install]\nextra-index-url =\n  https://a.example/simple\n  https://b.example/simple\n"
        "cert = /etc/own.pem\nproxy = http://proxy.example:3128\n"
    )
    env = bootstrap.uv_environment({"HOME": str(home)})
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert env["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert env["SSL_CERT_FILE"] == "/etc/own.pem"
    assert env["ALL_PROXY"] == "http://proxy.example:3128"
    assert env["UV_HTTP_TIMEOUT"] == "90"


def test_variables_go_before_files(home: Path) -> None:
    """PIP_INDEX_URL beats pip.conf, and the reader's own UV_DEFAULT_INDEX beats both."""
    (home / "pip.conf").write_text("[global]\nindex-url = https://file.example/simple\n")
    asked = {"PIP_INDEX_URL": "https://variable.example/simple"}
    assert bootstrap.uv_environment(asked)["UV_DEFAULT_INDEX"] == asked["PIP_INDEX_URL"]
    own = {**asked, "UV_DEFAULT_INDEX": "https://own.example/simple"}
    assert bootstrap.uv_environment(own)["UV_DEFAULT_INDEX"] == own["UV_DEFAULT_INDEX"]


def test_a_broken_pip_configuration_is_passed_over(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Garbage in pip.conf costs a line of warning, not the environment."""
    (home / "pip.conf").write_text("index-url = no section above\n")
    assert bootstrap.pip_settings({}) == {}
    assert "Passed over" in capsys.readouterr().err


def test_nothing_is_invented_where_nothing_is_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without settings uv keeps its own index; an activated environment is not meant."""
    monkeypatch.setattr(bootstrap, "CA_BUNDLES", ())
    assert bootstrap.uv_environment({"VIRTUAL_ENV": "/elsewhere"}) == {}


def test_the_system_certificates_serve_where_there_are_any(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy that re-signs TLS its authority is among the system's."""
    bundle = tmp_path / "ca.crt"
    bundle.touch()
    monkeypatch.setattr(bootstrap, "CA_BUNDLES", (str(bundle),))
    assert bootstrap.uv_environment({})["UV_SYSTEM_CERTS"] == "true"


@pytest.mark.parametrize(
    ("version", "recent"),
    [
        ("uv 0.13.9 (x86_64-unknown-linux-gnu)", True),
        ("uv 0.13.0", True),
        ("uv 1.0.0", True),
        ("uv 0.9.27", False),
        ("uvloop 3.4", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_recent_uv_is_used(version: str | None, recent: bool) -> None:
    """An older uv on PATH does not know our options, so the pinned one is fetched."""
    assert bootstrap.is_recent(version) is recent


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder that looks freshly made, for the stamp alone."""
    for name in ("requirements.txt", "pyproject.toml", "build-requirements.txt"):
        (tmp_path / name).write_text(name)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / ".made-from")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(bootstrap, "BUILD_REQUIREMENTS", tmp_path / "build-requirements.txt")
    bootstrap.STAMP.write_text(bootstrap.recipe())
    return tmp_path


def test_a_fresh_environment_is_left_alone(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run makes nothing."""
    monkeypatch.setattr(bootstrap, "make", lambda uv: pytest.fail("made again"))
    assert bootstrap.main([]) == 0


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "build-requirements.txt"])
def test_a_changed_recipe_is_noticed(copy: Path, name: str) -> None:
    """Any file that decides what is installed makes the environment stale."""
    (copy / name).write_text("changed")
    assert not bootstrap.is_fresh()


def test_a_vanished_python_is_noticed(copy: Path) -> None:
    """The machine's Python was upgraded under the environment: make it anew."""
    (copy / ".venv" / "bin" / "python").unlink()
    (copy / ".venv" / "bin" / "python").symlink_to(copy / "gone")
    assert not bootstrap.is_fresh()


def test_it_runs_without_pip_and_says_what_is_missing(tmp_path: Path) -> None:
    """No uv, no pip, no apt: one sentence, status 1, and no traceback."""
    for name in ("tools", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    script = (
        "import sys; sys.path.insert(0, 'tools'); import bootstrap; from pathlib import Path\n"
        "bootstrap.TOOLS = Path('t'); bootstrap.VENV = Path('v'); bootstrap.STAMP = Path('v/s')\n"
        "bootstrap.bundled_pip = lambda: iter(()); sys.executable = '/nonexistent/python'\n"
        "sys.exit(bootstrap.main([]))"
    )
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path), "SSL_CERT_FILE": "/-"}
    real = os.path.realpath(sys.executable)
    done = subprocess.run(
        [real, "-S", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Install one of them" in done.stderr
    assert "Traceback" not in done.stderr
