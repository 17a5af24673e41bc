"""Install and start the distribution's container engine where none is, and stop it again.

Only on Debian and its kin, only as root, and only when asked. `stop` ends nothing but
what `start` started: that is written down in `.cache/engine/started.json`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psutil

from helpers.command import run, tail
from helpers.drivers.background import alive, end, launch
from helpers.drivers.engine import SYSTEM_SOCKET, answer
from helpers.errors import EngineUnavailable, LabError, MissingNeed
from helpers.paths import ROOT
from helpers.records.engine import Daemon, Endpoint
from helpers.text import _
from helpers.waiting import wait_until

FOLDER: Final = ROOT / ".cache" / "engine"
INSTALL_TIMEOUT: Final = 900  # seconds: some 70 MB of packages over a slow line
START_TIMEOUT: Final = 60  # seconds until a started engine must answer
STOP_TIMEOUT: Final = 30  # seconds; dockerd gives its containers 15
PID_FILES: Final = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}

Say = Callable[[str], None]


def program(name: str) -> str | None:
    """Return the path of an administrator's program; /usr/sbin is not on everyone's PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def may_install() -> bool:
    """Tell whether this process may install Debian packages here."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and bool(program("apt-get"))


def install_packages(packages: list[str], say: Say) -> None:
    """Install Debian packages. Raises CommandFailed, TimedOut."""
    say(_("Installing {names} ...").format(names=", ".join(packages)))
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qy", "-o", "DPkg::Lock::Timeout=120"]
    run([*apt, "update"], timeout=INSTALL_TIMEOUT, env=env)
    wanted = [*apt, "install", "--no-install-recommends", *packages]
    run(wanted, timeout=INSTALL_TIMEOUT, env=env)


def install(say: Say) -> None:
    """Install the distribution's engine and its command line. Raises MissingNeed without root."""
    if not may_install():
        raise MissingNeed(_("No container engine is installed on this machine."), remedy=advice())
    if program("dockerd") is None:
        install_packages(engine_packages(), say)
    if program("docker") is None:  # newer Debians package the command line apart
        install_packages(["docker-cli"], say)


def engine_packages() -> list[str]:
    """Return the packages that make up an engine; AppArmor's parser where the kernel has it on."""
    switch = Path("/sys/module/apparmor/parameters/enabled")
    confined = switch.exists() and switch.read_text().strip() == "Y"
    return ["docker.io", *(["apparmor"] if confined else [])]


def advice() -> str:
    """Say in one sentence how to get an engine on this kind of machine."""
    if Path("/etc/debian_version").exists():
        return _(
            "Run `sudo apt-get install docker.io && sudo usermod -aG docker $USER`, "
            "then log in again."
        )
    return _("Install Docker Engine or Docker Desktop (docs.docker.com/get-docker) and start it.")


def start(say: Say) -> Daemon:
    """Start the installed engine through systemd, or where there is none as a process of ours.

    Not through Debian's init script: it mounts every cgroup v1 controller that the machine
    has left unmounted, and a machine's control groups are not ours to change.

    Raises EngineUnavailable with the end of its log when it does not come up.
    """
    if os.geteuid() != 0 or program("dockerd") is None:
        remedy = _("Run `sudo systemctl start docker`.") if program("dockerd") else advice()
        raise MissingNeed(_("No container engine runs on this machine."), remedy=remedy)
    say(_("Starting the container engine ..."))
    FOLDER.mkdir(parents=True, exist_ok=True)
    daemon = through_systemd() or as_process()
    (FOLDER / "started.json").write_text(json.dumps(asdict(daemon)))
    return daemon


def through_systemd() -> Daemon | None:
    """Start the engine as a unit of systemd; None where systemd does not run the machine."""
    if not Path("/run/systemd/system").is_dir():
        return None
    run(["systemctl", "start", "docker"], timeout=START_TIMEOUT)
    await_answer()
    return Daemon("systemd")


def as_process() -> Daemon:
    """Start dockerd by itself, in a session of its own, with its log in `.cache/engine`."""
    for file, name in PID_FILES.items():
        forget_dead(file, name)
    log = FOLDER / "dockerd.log"
    dockerd = program("dockerd") or "dockerd"
    env = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    process = launch([dockerd], FOLDER / "dockerd.launched", log, env)
    born = process.create_time()
    try:
        await_answer(process=process)
    except LabError as error:
        end(process, STOP_TIMEOUT)
        said = tail(log.read_text(errors="replace"), 3)
        raise EngineUnavailable(f"unix://{SYSTEM_SOCKET}", said) from error
    return Daemon("process", process.pid, born)


def forget_dead(file: Path, name: str) -> None:
    """Remove a pid file that names no process called `name`.

    An engine that was killed leaves its pid files; once the number belongs to another
    process, a new engine takes that for itself and refuses to start.
    """
    try:
        if psutil.Process(int(file.read_text())).name() != name:
            file.unlink()
    except (OSError, ValueError, psutil.NoSuchProcess):
        file.unlink(missing_ok=True)


def await_answer(seconds: float = START_TIMEOUT, process: psutil.Process | None = None) -> None:
    """Wait until the engine on the usual socket answers. Raises TimedOut.

    process: the engine; waiting is in vain once it has ended, and so fails then.
    """
    endpoint = Endpoint(f"unix://{SYSTEM_SOCKET}", "")

    def why() -> str:
        if process is not None and not alive(process):
            raise EngineUnavailable(endpoint.url)
        try:
            answer(endpoint)
        except LabError as error:
            return error.what
        return ""

    what = _("the container engine to answer")
    wait_until(why, lambda seen: not seen, what=what, seconds=seconds, every=0.2)


def started() -> Daemon | None:
    """Return the engine that we started and have not stopped, if any."""
    try:
        return Daemon(**json.loads((FOLDER / "started.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def stop(daemon: Daemon) -> None:
    """Stop the engine that we started. Raises CommandFailed, TimedOut."""
    if daemon.how == "systemd":
        run(["systemctl", "stop", "docker.socket", "docker"], timeout=STOP_TIMEOUT)
    else:
        end_process(daemon)
    (FOLDER / "started.json").unlink(missing_ok=True)


def end_process(daemon: Daemon) -> None:
    """End our dockerd, unless its process id means another process by now."""
    try:
        process = psutil.Process(daemon.pid)
    except psutil.NoSuchProcess:
        return
    if abs(process.create_time() - daemon.born) < 1:
        end(process, STOP_TIMEOUT)
