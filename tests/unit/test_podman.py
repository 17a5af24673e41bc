"""A Podman of the lab's own: its settings fit the machine, and its folder is all there is."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.drivers import podman
from helpers.labs import scratch
from helpers.records.podman import Machine, Store

USUAL = Machine(
    root=True, unified=True, systemd=True, nofile=None, nproc=None, runc=True, syslog=True
)


def settings(seen: Machine) -> dict[str, Any]:
    """Return the settings for a machine, as Podman would read them."""
    return tomllib.loads(podman.settings(Path("/tmp/x y"), seen))


def test_a_usual_machine_keeps_podmans_own_choices() -> None:
    """No limits, no runtime and no cgroup manager are set where the defaults work."""
    made = settings(USUAL)
    assert made["containers"] == {}
    assert not {"runtime", "cgroup_manager"} & made["engine"].keys()


def test_everything_lies_in_the_folder() -> None:
    """What the reader's Podman has, locks too, is another's."""
    made = settings(USUAL)
    assert made["engine"]["lock_type"] == "file"
    assert made["engine"]["tmp_dir"] == "/tmp/x y/tmp"
    assert made["network"] == {"network_config_dir": "/tmp/x y/net", "default_network": "caas-book"}


def test_a_bounded_machine_gets_what_it_can_do() -> None:
    """Limits no higher than the hard ones, runc on mixed control groups, no systemd."""
    seen = replace(USUAL, unified=False, systemd=False, nofile=20000, nproc=96365)
    made = settings(seen)
    assert made["containers"]["default_ulimits"] == ["nofile=20000:20000", "nproc=32768:32768"]
    assert made["engine"]["runtime"] == "runc"
    assert made["engine"]["cgroup_manager"] == "cgroupfs"
    assert "runtime" not in settings(replace(seen, runc=False))["engine"]


def test_an_ordinary_user_has_no_bridge() -> None:
    """Their containers go out through a program, so no network of ours is their default."""
    assert "default_network" not in settings(replace(USUAL, root=False))["network"]


def test_quotes_and_backslashes_survive() -> None:
    """Strings are read back as they were."""
    text = 'a "b" \\ c'
    assert tomllib.loads(podman.toml({"t": {"x": text, "y": [text]}}))["t"] == {
        "x": text,
        "y": [text],
    }


def test_another_users_commands_do_not_come_by_our_folders(tmp_path: Path) -> None:
    """The way to programs and to the home folder is one that user may go."""
    words = podman.prefix(Store(tmp_path, 4711, 4712))
    assert words[:3] == ["setpriv", "--reuid=4711", "--regid=4712"]
    assert f"PATH={podman.USUAL_PATH}" in words
    assert f"HOME={tmp_path}/home" in words
    assert f"CONTAINERS_CONF={tmp_path}/containers.conf" in words


def test_a_store_is_made_once(tmp_path: Path) -> None:
    """Opened again, it is as it was left."""
    folder = tmp_path / "podman"
    podman.open_store(folder)
    (folder / "containers.conf").write_text("[engine]\n")
    assert podman.open_store(folder).folder == folder
    assert (folder / "containers.conf").read_text() == "[engine]\n"


def test_a_folder_goes_though_podman_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `podman` was removed meanwhile, the folder goes, and the failure is told."""
    folder = tmp_path / "podman"
    podman.open_store(folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    removal = podman.tidy(folder, "7f3a")
    assert not folder.exists()
    assert "podman" in removal.failed[0][1]


def test_a_run_without_podman_has_nothing_to_tidy(tmp_path: Path) -> None:
    """No folder, nothing removed, nothing failed."""
    assert podman.tidy(tmp_path / "podman", "7f3a").failed == ()
    assert scratch.remove("no-such-run").removed == ()
