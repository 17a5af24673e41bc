"""Make a root file system from Debian's packages, where no registry has one to offer.

Debian by mmdebstrap, as small as the official `bookworm-slim`; BusyBox from the one static
program in the package busybox-static.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from helpers.command import run, tail
from helpers.drivers.engine import disk_full
from helpers.drivers.image_owners import is_dead
from helpers.errors import CommandFailed, LabError
from helpers.text import _

SUITE: Final = "bookworm"
ARCHIVE: Final = "http://deb.debian.org/debian"
WORKPLACE: Final = "caas-book-making-"
HOOKS: Final = Path("/usr/share/mmdebstrap/hooks")
MAKE_LIMIT: Final = 1800  # seconds: 60 packages through a slow mirror
APT_LIMIT: Final = 600  # seconds
# What the official slim images leave out. Only the licences stay, as they must.
SLIM: Final = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/lintian/*",
)

Say = Callable[[str], None]


@contextmanager
def workplace(mark: str) -> Iterator[Path]:
    """Lend a folder that is gone afterwards, and clear away those of killed processes."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{WORKPLACE}*"):
        # In a folder that everybody may write to, a name alone proves nothing.
        mine = left.lstat().st_uid == os.getuid() and not left.is_symlink()
        if mine and is_dead(left.name.removeprefix(WORKPLACE)):
            shutil.rmtree(left, ignore_errors=True)
    folder = root / f"{WORKPLACE}{mark}"
    folder.mkdir(mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- Debian --------------------------------------------------------------------------------


def debian(folder: Path, say: Say) -> tuple[Path, str]:
    """Make Debian's small form; return its archive and where it came from. Raises LabError."""
    _need_debian_host()
    _get_mmdebstrap(say)
    archive, log = folder / "base.tar", folder / "log"
    sources = package_sources(os.environ.get("LABS_APT_MIRROR") or host_mirror() or ARCHIVE)
    say(_("making Debian from {mirror}").format(mirror=sources[0].split()[1]))
    argv = [*cage(), *mmdebstrap(archive, log, sources)]
    with following(log, say):
        try:
            run(argv, timeout=MAKE_LIMIT, env={**os.environ, "TMPDIR": str(folder)})
        except CommandFailed as error:
            output = log.read_text(errors="replace") if log.exists() else error.output
            if "No space left on device" in output:
                raise disk_full(str(folder)) from error
            raise CommandFailed(argv, error.status, tail(output)) from error
    return archive, f"mmdebstrap {SUITE} {sources[0].split()[1]}"


def mmdebstrap(archive: Path, log: Path, sources: list[str]) -> list[str]:
    """Return the command that makes Debian's small form as the tar file `archive`."""
    argv = ["mmdebstrap", "--variant=minbase", "--format=tar", f"--logfile={log}"]
    argv += [f"--dpkgopt={option}" for option in SLIM]
    argv += ['--aptopt=Acquire::Languages "none"']
    if (HOOKS / "merged-usr").is_dir():
        # Without it, the package usrmerge comes along, and with it 50 MB of Perl.
        argv.append(f"--hook-dir={HOOKS / 'merged-usr'}")
    # mmdebstrap copies this machine's name and resolver into the image; no one needs them.
    tidy = 'cd "$1" && rm -rf etc/hostname var/lib/apt/lists/* var/cache/apt/* var/log/*'
    argv += [f"--customize-hook={tidy}", '--customize-hook=: > "$1/etc/resolv.conf"']
    return [*argv, SUITE, str(archive), *sources]


def package_sources(mirror: str) -> list[str]:
    """Return apt's lines for a mirror: the suite, its updates, and security beside it.

    Security updates are kept beside an archive under its name with `-security` at its end.
    """
    mirror = mirror.rstrip("/")
    return [
        f"deb {mirror} {SUITE} main",
        f"deb {mirror} {SUITE}-updates main",
        f"deb {mirror}-security {SUITE}-security main",
    ]


def host_mirror(schemes: tuple[str, ...] = ("http",)) -> str:
    """Return the mirror of Debian that this machine itself uses; empty where it uses none.

    Plain http where nothing else is asked for: a small image has no certificates to check
    https with, and apt checks signatures anyway.
    """
    if shutil.which("apt-get") is None:
        return ""
    targets = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Label: Debian"],
        check=False,
    )
    uris = [uri for uri in targets.stdout.split() if uri.partition("://")[0] in schemes]
    return uris[0].rstrip("/") if uris else ""


def cage() -> list[str]:
    """Return a prefix under which nothing of a command outlives it, whatever ends it.

    mmdebstrap is a tree of processes with mounts of its own. In a process namespace that
    ends with its first process, and a mount namespace, all of it goes at once; if this very
    process is killed, too. Needs root; without it mmdebstrap looks after itself.
    """
    prefix = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"]
    prefix.append("--kill-child")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    return prefix if run([*prefix, "true"], check=False).status == 0 else []


def _need_debian_host() -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise LabError(_("this is not a Debian or Ubuntu machine"))


def _get_mmdebstrap(say: Say) -> None:
    if shutil.which("mmdebstrap"):
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", "mmdebstrap"]
    if os.geteuid() != 0:
        raise LabError(
            _("mmdebstrap is not installed: sudo {command}").format(command=" ".join(install))
        )
    install[1:1] = ["-o", "DPkg::Lock::Timeout=60"]  # someone else may be installing
    install.append("debian-archive-keyring")  # Ubuntu lacks the keys of Debian's archive
    say(_("installing mmdebstrap: {command}").format(command=" ".join(install)))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(install, timeout=APT_LIMIT, env=environment)
    except CommandFailed:
        # A machine fresh from its image has no package lists, or old ones.
        run(["apt-get", "update"], timeout=APT_LIMIT)
        run(install, timeout=APT_LIMIT, env=environment)


@contextmanager
def following(log: Path, say: Say) -> Iterator[None]:
    """Say each line that is added to `log` while the block runs."""
    over = threading.Event()

    def follow() -> None:
        told, last = 0, False
        while not last:
            last = over.wait(0.25)  # and one more look, for what was written meanwhile
            data = log.read_bytes() if log.exists() else b""
            whole = data.decode(errors="replace").split("\n")[:-1]
            for line in whole[told:]:
                say(line.strip().rpartition("\r")[2])  # of dpkg's counter, where it stands
            told = len(whole)

    thread = threading.Thread(target=follow, name="follow-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# --- BusyBox -------------------------------------------------------------------------------


def busybox(folder: Path, say: Say) -> tuple[Path, str]:
    """Make a BusyBox image from Debian's busybox-static; see `debian`."""
    _need_debian_host()
    say(_("fetching the package busybox-static"))
    fetch = ["apt-get", "download", "busybox-static"]
    try:
        run(fetch, timeout=APT_LIMIT, cwd=folder)
    except CommandFailed:
        if os.geteuid() != 0:
            raise
        run(["apt-get", "update"], timeout=APT_LIMIT)
        run(fetch, timeout=APT_LIMIT, cwd=folder)
    package = next(folder.glob("busybox-static_*.deb"))
    run(["dpkg-deb", "--extract", str(package), str(folder / "package")])
    # In usr/bin since Debian 13, where /bin is but a link to it.
    program = next((folder / "package").glob("**/bin/busybox"))
    applets = run([str(program), "--list"]).stdout.split()
    archive = folder / "busybox.tar"
    write_busybox(archive, program, applets)
    return archive, package.name.replace("%3a", ":")


def write_busybox(archive: Path, program: Path, applets: list[str]) -> None:
    """Write the root file system: the program, a link for each applet, the usual folders."""
    built = program.stat().st_mtime
    with tarfile.open(archive, "w") as tar:

        def add(name: str, kind: bytes, mode: int, data: bytes = b"", link: str = "") -> None:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.linkname = kind, mode, link
            member.size, member.mtime = len(data), int(built)
            tar.addfile(member, io.BytesIO(data))

        for name, mode in _FOLDERS.items():
            add(name, tarfile.DIRTYPE, mode)
        for name, text in _FILES.items():
            add(name, tarfile.REGTYPE, 0o644, text.encode())
        add("bin/busybox", tarfile.REGTYPE, 0o755, program.read_bytes())
        for applet in applets:
            if applet != "busybox":  # it lists itself: that link would point at itself
                add(f"bin/{applet}", tarfile.SYMTYPE, 0o777, link="busybox")


_FOLDERS: Final = {
    "bin": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "proc": 0o755,
    "root": 0o700,
    "sys": 0o755,
    "tmp": 0o1777,
    "usr": 0o755,
    "var": 0o755,
    "var/www": 0o755,
}
_FILES: Final = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
    "www-data:x:33:33:www-data:/var/www:/bin/false\n"
    "nobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\nwww-data:x:33:\nnobody:x:65534:\n",
}
