"""A current engine, whatever this machine's own is: Debian's newest, unpacked into a folder.

The packages need a libc of 2.34 or later and nothing else; runc and iptables are the
machine's.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from helpers.command import run
from helpers.drivers.daemon import install_packages, may_install, program
from helpers.errors import MissingNeed
from helpers.paths import ROOT
from helpers.text import _
from tools.engines import debian
from tools.engines.isolated import Engine

FOLDER: Final = ROOT / ".cache" / "engines" / "current"
PACKAGES: Final = ("docker.io", "docker-cli", "docker-buildx", "containerd")
COMPOSE: Final = "docker-compose"  # the package and the plugin in it
# What the engine takes from the machine: program -> package.
FROM_MACHINE: Final = {
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "slirp4netns": "slirp4netns",
}

Store = Literal["graph", "containerd"]


def need_root() -> None:
    """Raise MissingNeed for who may not start an engine."""
    if os.geteuid() != 0:
        raise MissingNeed(
            _("Only root can start an engine of its own."),
            remedy=_("Run this as root, or record on the machine's engine: ENGINE=machine."),
        )


def prepare() -> None:
    """Fetch the engine, once, and what it needs of the machine. Raises MissingNeed."""
    need_root()
    missing = [package for name, package in FROM_MACHINE.items() if program(name) is None]
    if missing and may_install():
        install_packages(missing, lambda line: print(line, flush=True))
    if not (FOLDER / "root").exists():
        print(_("Fetching a current engine ({names}) ...").format(names=", ".join(PACKAGES)))
        FOLDER.mkdir(parents=True, exist_ok=True)
        debian.fetch(PACKAGES, FOLDER / "root")
    add_compose()
    write_config()


def plugins(root: str = "root") -> Path:
    """Return the folder with the command line's plugins below an unpacked package's root."""
    return FOLDER / root / "usr" / "libexec" / "docker" / "cli-plugins"


def add_compose() -> None:
    """Put Compose beside the other plugins; by itself, as the engine may be older than this."""
    if (plugins() / COMPOSE).exists():
        return
    print(_("Fetching {names} ...").format(names=COMPOSE), flush=True)
    debian.fetch([COMPOSE], FOLDER / "compose")
    (plugins("compose") / COMPOSE).rename(plugins() / COMPOSE)
    shutil.rmtree(FOLDER / "compose")


def write_config() -> None:
    """Give the command line a configuration of its own, which knows its plugins."""
    config = FOLDER / "config" / "config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"cliPluginsExtraDirs": [str(plugins())]}))


def engine(store: Store = "graph") -> Engine:
    """Return the current engine. store: Docker's own graph driver, or containerd's images."""
    root = FOLDER / "root" / "usr"
    feature = f"containerd-snapshotter={'true' if store == 'containerd' else 'false'}"
    return Engine(
        name=f"current-{store}",
        data=FOLDER / f"data-{store}",
        binaries=(root / "bin", root / "sbin", root / "libexec" / "docker"),
        options=("--feature", feature),
        outside=True,
    )


def environment(engine: Engine) -> Mapping[str, str]:
    """Return the variables by which programs use this engine and its own command line."""
    return {
        "DOCKER_HOST": engine.url,
        "DOCKER_CONFIG": str(FOLDER / "config"),
        "PATH": engine.search_path,
    }


def version(engine: Engine) -> str:
    """Return what the fetched engine calls itself, e.g. `Docker version 28.5.2, build ...`."""
    return run([engine.which("dockerd"), "--version"]).stdout.strip()


def forget_containers(engine: Engine) -> None:
    """Remove what earlier runs left on the engine; images stay, as they are costly to make."""
    env = {**os.environ, **environment(engine)}
    for kind in ("container", "network", "volume"):
        extra = ["--all"] if kind == "volume" else []
        run([engine.which("docker"), kind, "prune", "--force", *extra], env=env, timeout=300)


def remove_data(engine: Engine) -> None:
    """Remove the engine's images and containers from the disk."""
    run(["rm", "-rf", str(engine.data)], timeout=300)
