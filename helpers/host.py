"""Look at the machine: which engine, which kernel, which privileges.

`probe()` is quick (well under a second: asks the engine once, reads files);
`probe(trials=True)` also tries things out: a container with `--privileged`, a user
namespace, a registry. Nothing is changed on the machine and nothing is left behind.
"""

from __future__ import annotations

import os
import platform
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from helpers.command import run
from helpers.drivers import installs
from helpers.drivers.engine import find, open_client
from helpers.errors import LabError
from helpers.records import labels
from helpers.records.engine import Endpoint
from helpers.records.host import Capabilities, Cgroup, Engine, Unavailable
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

CGROUP = Path("/sys/fs/cgroup")


def cgroup_mode(root: Path = CGROUP) -> Cgroup:
    """Tell which cgroup hierarchy is mounted at `root` (cgroups(7)).

    hybrid: v1 controllers, with a v2 tree beside them for systemd or PSI.
    """
    if (root / "cgroup.controllers").exists():
        return "v2"
    if (root / "unified" / "cgroup.procs").exists():
        return "hybrid"
    return "v1" if (root / "memory").is_dir() or (root / "cpu").is_dir() else "none"


def describe_engine(info: dict[str, Any], version: dict[str, Any], endpoint: Endpoint) -> Engine:
    """Turn the engine's own answers (`/info`, `/version`) into a record."""
    status = dict(pair for pair in info.get("DriverStatus") or [] if len(pair) == 2)
    containerd = str(status.get("driver-type", "")).startswith("io.containerd")
    podman = any("Podman" in str(part.get("Name")) for part in version.get("Components") or [])
    system = str(info.get("OperatingSystem", ""))
    return Engine(
        endpoint=endpoint,
        name="Podman" if podman else "Docker",
        version=str(version.get("Version") or info.get("ServerVersion")),
        api=str(version.get("ApiVersion", "")),
        storage=str(info.get("Driver", "")),
        image_store="containerd" if containerd else "graph driver",
        cgroup=f"v{info.get('CgroupVersion', '1')}",
        kernel=str(info.get("KernelVersion", "")),
        system=system,
        rootless=any("rootless" in str(option) for option in info.get("SecurityOptions") or []),
        desktop="Docker Desktop" in system,
    )


def look_for_engine() -> Engine | Unavailable:
    """Find the engine a person would expect and ask it about itself."""
    match os.environ.get("LABS_ENGINE"):
        case "none":
            return Unavailable(_("LABS_ENGINE=none asks the labs to do without an engine"))
        case "binder":
            return Unavailable(
                _("Binder has no container engine"),
                _("On your own machine `make start` runs this lab live."),
            )
    endpoint = find()
    if endpoint is None:
        return Unavailable(
            _("no container engine answers on this machine"),
            _("Install Docker (on Debian or Ubuntu `make start` does it for root) and start it."),
        )
    try:
        with closing(open_client(endpoint)) as client:
            return describe_engine(client.info(), client.version(), endpoint)
    except LabError as error:
        return Unavailable(error.what, error.remedy)


def _program(name: str, remedy: str) -> str | Unavailable:
    found = shutil.which(name)
    return found or Unavailable(_("no `{name}` program on PATH").format(name=name), remedy)


def _installable(name: str) -> str | Unavailable:
    """Return the path of a Linux program that `labs install` can bring."""
    if platform.system() != "Linux":  # elsewhere `podman` speaks to a virtual machine
        return Unavailable(_("this is not Linux"), _("The lab runs live on a Linux machine."))
    tool = installs.find(name)
    return _program(tool.program, installs.advice(tool))


def _emulator() -> str | Unavailable:
    """Return the path of QEMU, where the lab's virtual machine has a kernel to run."""
    if platform.machine() != "x86_64":
        return Unavailable(
            _("the processor is no x86-64"),
            _("The lab's virtual machine is an x86-64 one; it runs live on such a computer."),
        )
    return _installable("qemu")


def probe(*, trials: bool = False) -> Capabilities:
    """Return what this machine can do. trials: also try what cannot be read (seconds)."""
    seen = Capabilities(
        engine=look_for_engine(),
        cgroup=cgroup_mode(),
        kernel=platform.release(),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        cores=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        docker_cli=_program("docker", _("Install the Docker command line (`docker-cli`).")),
        kind=_program("kind", _("Only the Kubernetes labs need it; they say how to get it.")),
        podman=_installable("podman"),
        lxc=_installable("lxc"),
        qemu=_emulator(),
    )
    return _with_trials(seen) if trials else seen


def _with_trials(seen: Capabilities) -> Capabilities:
    seen = replace(
        seen, user_namespaces=try_user_namespace(), disk_free=shutil.disk_usage("/").free
    )
    if isinstance(seen.engine, Unavailable):
        return seen
    with closing(open_client(seen.engine.endpoint)) as client:
        return replace(seen, privileged=try_privileged(client), registry=try_registry(client))


def try_user_namespace() -> bool | None:
    """Tell whether this user may make a user namespace; None where there is no unshare(1)."""
    if shutil.which("unshare") is None:
        return None
    return run(["unshare", "--user", "true"], check=False, timeout=10).status == 0


def try_privileged(client: DockerClient) -> bool | None:
    """Tell whether the engine may run `--privileged`; None when it has no image to try with."""
    from docker.errors import APIError, ImageNotFound

    from helpers.drivers.images import reference

    try:
        trial = client.containers.create(
            reference("busybox"),
            "true",
            privileged=True,
            network_mode="none",
            labels=labels.RunLabels("doctor", "trial", "").as_dict(),
        )
    except ImageNotFound:
        return None
    try:
        trial.start()
    except APIError:
        return False
    finally:
        trial.remove(force=True)
    return True


def try_registry(client: DockerClient) -> bool:
    """Tell whether the engine reaches the registry the base image would come from."""
    from docker.errors import APIError

    from helpers.drivers.image_sources import pull_names

    for name in pull_names("debian:bookworm-slim", os.environ):
        try:
            client.images.get_registry_data(name)
        except APIError:
            continue
        return True
    return False
