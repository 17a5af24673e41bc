"""An engine in a network namespace of its own: started, entered, and removed without trace.

All of one engine's passing things (sockets, pid files, mounts) lie in one folder under
/run; `sweep` finds there what to end, also after the program that started it was killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import psutil

from helpers.command import run, tail
from helpers.drivers.background import alive, end, launch
from helpers.drivers.engine import answer
from helpers.errors import EngineUnavailable, LabError
from helpers.records.engine import Endpoint
from helpers.text import _
from helpers.waiting import wait_until

RUN: Final = Path("/run/caas-book-engines")
NAMESPACES: Final = Path("/run/netns")
START_TIMEOUT: Final = 60  # seconds
STOP_TIMEOUT: Final = 30  # seconds; dockerd gives its containers 15
RESOLVER: Final = "10.0.2.3"  # where slirp4netns answers DNS


@dataclass(frozen=True)
class Engine:
    """What one engine is made of.

    name: also of its network namespace. data: where images and containers lie.
    binaries: folders searched before PATH. outside: whether it may reach the network.
    """

    name: str
    data: Path
    binaries: tuple[Path, ...] = ()
    options: tuple[str, ...] = ()
    outside: bool = False

    @property
    def folder(self) -> Path:
        """Where its sockets and pid files lie: short, as socket paths must be."""
        return RUN / self.name

    @property
    def namespace(self) -> Path:
        """Its network namespace, as a file."""
        return NAMESPACES / f"caas-book-{self.name}"

    @property
    def url(self) -> str:
        """Its DOCKER_HOST."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def search_path(self) -> str:
        """PATH with its programs first."""
        own = [str(folder) for folder in self.binaries]
        return ":".join([*own, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

    def enter(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs `argv` in the engine's network namespace.

        nsenter, not `ip netns exec`: that would hide /sys/fs/cgroup.
        """
        return ["nsenter", f"--net={self.namespace}", "--", *argv]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs `argv` as a user of this engine: with names resolved too.

        The machine's resolver may listen on its 127.0.0.1, which is another one in here. Mounts
        that the engine makes later are still seen (propagation), ours are not seen outside.
        """
        if not self.outside:
            return self.enter(argv)
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        apart = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", script]
        return self.enter([*apart, str(self.folder / "resolv.conf"), *argv])

    def which(self, name: str) -> str:
        """Return the path of a program as this engine sees it. Raises LabError without it."""
        found = shutil.which(name, path=self.search_path)
        if found is None:
            raise LabError(_("The program {name} is missing.").format(name=name))
        return found


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    """Start an engine, and remove every trace of it at the end but its data folder.

    One that was left running on purpose is used, and left running. Whoever wants the same
    engine meanwhile waits.
    """
    with alone(engine):
        found = is_up(engine)
        if not found:
            start(engine)
        try:
            yield engine
        finally:
            if not found:
                sweep(engine)


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Keep others from starting or sweeping the same engine."""
    RUN.mkdir(parents=True, exist_ok=True)
    file = RUN / f"{engine.name}.lock"
    with lock_of(file, engine.name):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def lock_of(file: Path, name: str) -> TextIO:
    """Return the locked file; once more if its last owner has removed it while we waited."""
    while True:
        lock = file.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting = _("Waiting: another program uses the engine {name}.")
            print(waiting.format(name=name), flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists() and os.path.samestat(file.stat(), os.fstat(lock.fileno())):
            return lock
        lock.close()


def is_up(engine: Engine) -> bool:
    """Tell whether the engine runs and answers."""
    try:
        answer(Endpoint(engine.url, engine.name))
    except LabError:
        return False
    return True


def start(engine: Engine) -> None:
    """Start an engine, or nothing at all. Raises EngineUnavailable with the end of its log."""
    sweep(engine)
    engine.folder.mkdir(parents=True)
    try:
        run(["ip", "netns", "add", engine.namespace.name])
        run(["ip", "-n", engine.namespace.name, "link", "set", "lo", "up"])
        if engine.outside:
            connect(engine)
        start_dockerd(engine)
    except BaseException:
        sweep(engine)
        raise


def connect(engine: Engine) -> None:
    """Let the namespace reach the network, through a process: no rule of the host changes."""
    options = ["--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path"]
    (engine.folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
    slirp = [engine.which("slirp4netns"), *options, str(engine.namespace), "tap0"]
    launch(slirp, engine.folder / "slirp.pid", engine.folder / "slirp.log")

    def address() -> bool:
        shown = run(["ip", "-n", engine.namespace.name, "-brief", "address"], check=False)
        return "10.0.2." in shown.stdout

    wait_until(address, what=_("the namespace's network"), seconds=10)


def start_dockerd(engine: Engine) -> None:
    """Start dockerd in the engine's namespace and wait until it answers."""
    log = engine.folder / "dockerd.log"
    argv = [engine.which("dockerd"), "--host", engine.url, "--data-root", str(engine.data)]
    argv += ["--exec-root", str(engine.folder / "exec")]
    argv += ["--pidfile", str(engine.folder / "docker.pid"), *engine.options]
    argv += ["--dns", RESOLVER] if engine.outside else []
    env = {**os.environ, "PATH": engine.search_path}
    process = launch(engine.enter(argv), engine.folder / "dockerd.pid", log, env)

    def why() -> str:
        if not alive(process):
            raise EngineUnavailable(engine.url, tail(log.read_text(errors="replace"), 3))
        try:
            answer(Endpoint(engine.url, engine.name))
        except LabError as error:
            return error.what
        return ""

    wait_until(why, lambda seen: not seen, what=engine.name, seconds=START_TIMEOUT, every=0.2)


def sweep(engine: Engine) -> None:
    """End and remove all that `start` made but the data folder; nothing to do is fine."""
    for name in ("dockerd.pid", "slirp.pid"):
        process = launched(engine.folder / name)
        if process is not None:
            end(process, STOP_TIMEOUT)
    for container in engine.folder.glob("exec/runtime-runc/*/*"):  # of a killed dockerd
        runc = [engine.which("runc"), "--root", str(container.parent)]
        run([*runc, "delete", "--force", container.name], check=False)
    for process in strays(engine.folder):
        end(process, STOP_TIMEOUT)
    unmount_below(engine.folder, engine.data)
    if engine.namespace.exists():
        run(["ip", "netns", "delete", engine.namespace.name])
    shutil.rmtree(engine.folder, ignore_errors=True)


def launched(pid_file: Path) -> psutil.Process | None:
    """Return the process that wrote `pid_file`, unless its id means another one by now."""
    try:
        process = psutil.Process(int(pid_file.read_text()))
        younger = process.create_time() > pid_file.stat().st_mtime + 1
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return None if younger else process


def strays(folder: Path) -> list[psutil.Process]:
    """Return what an engine left running when it was killed: its containerd and the shims."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if process.pid != os.getpid() and any(str(folder / "exec") in part for part in line):
            found.append(process)
    return found


def unmount_below(*folders: Path) -> None:
    """Unmount `folders` and what lies below them, the deepest first.

    dockerd mounts its data folder onto itself.
    """
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted(mounts, key=len, reverse=True):
        if any(Path(point).is_relative_to(folder) for folder in folders):
            run(["umount", "--lazy", point], check=False)
