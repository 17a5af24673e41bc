"""A Podman of the lab's own: its store, its settings and its network lie in one folder.

So the reader's Podman, its images and its containers are neither seen nor touched, and
whatever is found in the folder is the lab's to remove, also after a crash (`tidy`).

Settings are written where the machine needs them (`settings`): limits that a bounded root
may not raise, runc where crun refuses mixed control groups, files instead of systemd.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil

from helpers.command import Completed, run
from helpers.drivers.background import end
from helpers.drivers.daemon import program
from helpers.errors import CommandFailed, LabError
from helpers.records.docker import Kind, LabObject, Removal
from helpers.records.podman import Machine, Store
from helpers.waiting import wait_until

FOLDER: Final = "podman"  # in a run's scratch folder
SOMEBODY: Final = ("www-data", "nobody")  # who is an ordinary user where the reader is root
NETWORK: Final = "caas-book"
BRIDGE: Final = "caasbook0"
SUBNET: Final = "10.213.47.0/24"  # not Docker's, not Podman's, seldom a company's
ROOMS: Final = ("net", "store", "run", "tmp", "bin", "home")
HELPERS: Final = (
    *("/usr/libexec/podman", "/usr/local/libexec/podman"),
    *("/usr/local/lib/podman", "/usr/lib/podman"),
)
USUAL_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TIMEOUT: Final = 120  # seconds
NOFILE, NPROC = 1_048_576, 4_194_304  # what Podman asks for unless told otherwise


# -- settings


def look() -> Machine:
    """Look at this machine."""
    import resource  # not on Windows, where nobody asks

    return Machine(
        root=os.geteuid() == 0,
        unified=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        systemd=Path("/run/systemd/system").is_dir(),
        nofile=_limit(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        nproc=_limit(resource.getrlimit(resource.RLIMIT_NPROC)[1]),
        runc=program("runc") is not None,
        syslog=Path("/dev/log").exists(),
    )


def _limit(hard: int) -> int | None:
    return None if hard < 0 else hard  # RLIM_INFINITY is -1


def settings(folder: Path, seen: Machine) -> str:
    """Return the containers.conf of a store in `folder`: only what differs from the usual."""
    containers = {}
    if (seen.nofile or NOFILE) < NOFILE or (seen.nproc or NPROC) < NPROC:
        nofile, nproc = min(seen.nofile or NOFILE, NOFILE), min(seen.nproc or 32768, 32768)
        containers["default_ulimits"] = [f"nofile={nofile}:{nofile}", f"nproc={nproc}:{nproc}"]
    engine: dict[str, Any] = {
        "events_logger": "file",
        "lock_type": "file",  # the usual one is shared with the reader's Podman
        "tmp_dir": str(folder / "tmp"),
        "helper_binaries_dir": [str(folder / "bin"), *HELPERS],
    }
    if not seen.systemd:
        engine["cgroup_manager"] = "cgroupfs"
    if not seen.unified and seen.runc:
        engine["runtime"] = "runc"
    network = {"network_config_dir": str(folder / "net")}
    if seen.root:
        network["default_network"] = NETWORK
    return toml({"containers": containers, "engine": engine, "network": network})


def toml(tables: dict[str, dict[str, Any]]) -> str:
    """Write tables of strings and lists of strings as TOML."""
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        for key, value in table.items():
            listed = isinstance(value, list)
            text = ", ".join(_quoted(each) for each in (value if listed else [value]))
            lines.append(f"{key} = [{text}]" if listed else f"{key} = {text}")
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- a store


def open_store(folder: Path, *, uid: int | None = None, gid: int | None = None) -> Store:
    """Return the store in `folder`, made if it is not there. uid, gid: whose (default: ours)."""
    store = Store(
        folder, os.geteuid() if uid is None else uid, os.getegid() if gid is None else gid
    )
    if folder.exists():
        return store
    folder.mkdir(mode=0o700)
    for room in ROOMS:
        (folder / room).mkdir(mode=0o700)
    seen = look()
    root = seen.root and store.uid == 0
    machine = Machine(**{**vars(seen), "root": root})
    (folder / "containers.conf").write_text(settings(folder, machine), encoding="utf-8")
    storage = {
        "driver": "overlay",
        "graphroot": str(folder / "store"),
        "runroot": str(folder / "run"),
    }
    (folder / "storage.conf").write_text(toml({"storage": storage}), encoding="utf-8")
    if root:
        _write_network(folder / "net")
    if not seen.syslog:
        _hush(folder / "bin")
    if seen.root and store.uid != 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, store.uid, store.gid)
    return store


def _write_network(folder: Path) -> None:
    """Define the network that containers get, on a bridge and addresses of its own."""
    definition = {
        "name": NETWORK,
        "id": hashlib.sha256(NETWORK.encode()).hexdigest(),
        "driver": "bridge",
        "network_interface": BRIDGE,
        "subnets": [{"subnet": SUBNET, "gateway": SUBNET.replace("0/24", "1")}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }
    (folder / f"{NETWORK}.json").write_text(json.dumps(definition), encoding="utf-8")


def _hush(folder: Path) -> None:
    """Let netavark not complain in each command's output that there is no syslog."""
    real = next((path for place in HELPERS if (path := Path(place, "netavark")).exists()), None)
    if real is not None:
        wrapper = folder / "netavark"
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(str(real))} "$@" 2>/dev/null\n')
        wrapper.chmod(0o755)


def somebody() -> tuple[int, int] | None:
    """Return uid and gid of an ordinary user, where we are root and can become one."""
    import pwd

    if os.geteuid() != 0:
        return None
    for name in SOMEBODY:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    return None


def prefix(store: Store) -> list[str]:
    """Return what to put before a command so that it runs as the store's owner."""
    if store.uid == os.geteuid():
        return []
    home = {"HOME": store.folder / "home", "XDG_RUNTIME_DIR": store.folder / "run"}
    become = ["setpriv", f"--reuid={store.uid}", f"--regid={store.gid}", "--clear-groups"]
    path = {"PATH": USUAL_PATH}  # ours leads to a folder that is closed to others
    variables = [f"{name}={value}" for name, value in {**home, **path, **store.env}.items()]
    return [*become, "--inh-caps=-all", "env", *variables]


def call(store: Store, *arguments: str, check: bool = True, stdin: str | None = None) -> Completed:
    """Run `podman` on a store. Raises CommandFailed, TimedOut."""
    argv = [*prefix(store), "podman", *arguments]
    env = {**os.environ, **store.env}
    return run(argv, env=env, cwd="/", timeout=TIMEOUT, check=check, stdin=stdin)


def ask(store: Store, *arguments: str) -> Any:
    """Return what a command of Podman answers in JSON; None where it prints nothing."""
    said = call(store, *arguments, "--format", "json").stdout
    return json.loads(said) if said.strip() else None


def await_told(store: Store, name: str, form: str, wanted: str, seconds: float = 30) -> str:
    """Wait until `podman inspect --format FORM NAME` prints `wanted`. Raises TimedOut."""

    def told() -> str:
        return call(store, "inspect", "--format", form, name).stdout.strip()

    return wait_until(
        told,
        lambda answer: answer == wanted,
        what=f"{name}: {wanted}",
        seconds=seconds,
        every=0.2,
    )


def load(store: Store, chunks: Iterable[bytes]) -> str:
    """Load an image that Docker saved (`Image.save()`) and return its name in the store."""
    archive = store.folder / "tmp" / "image.tar"
    with archive.open("wb") as file:
        file.writelines(chunks)
    try:
        said = call(store, "load", "--quiet", "--input", str(archive)).stdout
    finally:
        archive.unlink(missing_ok=True)
    return said.strip().rpartition("Loaded image: ")[2]


# -- the end


def tidy(folder: Path, run_id: str) -> Removal:
    """Remove a store with all it holds, unmounted and ended first; nothing there is fine.

    run_id: the run it belonged to, for the report.
    """
    if not folder.is_dir():
        return Removal()
    owner = folder.stat()
    store = Store(folder, owner.st_uid, owner.st_gid)
    try:
        removal = Removal(_held(store, run_id))
        call(store, "pod", "rm", "--all", "--force", "--time=0")
        call(store, "rm", "--all", "--force", "--time=0")
    except LabError as error:
        removal = Removal(failed=((LabObject("container", "", "*", "", run_id, ""), error.what),))
    _end_pause(store)
    _unmount(folder)
    _remove_tree(store)
    return removal


def _held(store: Store, run_id: str) -> tuple[LabObject, ...]:
    """Return what is in a store, but for what Podman itself put there (pods' pause)."""
    kinds: tuple[tuple[Kind, list[str], str], ...] = (
        ("container", ["ps", "--all"], "Names"),
        ("pod", ["pod", "ps"], "Name"),
        ("image", ["images"], "Names"),
    )
    found = []
    for kind, command, key in kinds:
        for each in ask(store, *command) or []:
            name = each.get(key) or each["Id"][:12]
            name = name if isinstance(name, str) else name[0]
            if not each.get("IsInfra") and "/podman-pause:" not in name:
                found.append(LabObject(kind, each["Id"], name, "", run_id, ""))
    return tuple(found)


def _end_pause(store: Store) -> None:
    """End the process that keeps an ordinary user's user namespace open."""
    for file in store.folder.rglob("pause.pid"):
        try:
            process = psutil.Process(int(file.read_text()))
            if process.uids().real == store.uid and process.name().startswith(
                ("catatonit", "podm")
            ):
                end(process, 5)
        except (OSError, ValueError, psutil.Error):
            continue


def _unmount(folder: Path) -> None:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted(mounts, key=len, reverse=True):
        if Path(point).is_relative_to(folder):
            run(["umount", "--lazy", point], check=False)


def _remove_tree(store: Store) -> None:
    """Remove the folder; an ordinary user's files belong to numbers only Podman can touch."""
    if os.geteuid() != 0:
        with suppress(CommandFailed):  # no Podman any more: what can be removed is
            call(store, "unshare", "rm", "-rf", str(store.folder / "store"), check=False)
        _end_pause(store)
    shutil.rmtree(store.folder, ignore_errors=True)
    if store.uid == 0:
        _forget_empty_groups()


def _forget_empty_groups() -> None:
    """Remove Podman's own parent control group where nothing is in it: it never does."""
    root = Path("/sys/fs/cgroup")
    for group in [*root.glob("libpod_parent"), *root.glob("*/libpod_parent")]:
        for each in (group / "conmon", group):
            with suppress(OSError):
                each.rmdir()
