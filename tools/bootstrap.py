"""Make the book's Python environment: `.venv`, with every package pinned and hashed.

    python3 tools/bootstrap.py             make or refresh .venv; does nothing when it is fresh
    python3 tools/bootstrap.py uv ARGS...  run the project's uv as the environment was made

Needs a Python of 3.9 or later and its standard library, nothing more: Debian's `python3`
comes without pip, venv and ensurepip. Whatever pip is set up to use on this machine
(index, certificates, proxy) serves here as well.
"""

from __future__ import annotations

import configparser
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
STAMP = VENV / ".made-from"
REQUIREMENTS = ROOT / "requirements.txt"
UV_REQUIREMENTS = ROOT / "tools" / "uv-requirements.txt"
BUILD_REQUIREMENTS = ROOT / "tools" / "build-requirements.txt"
PYTHON_RANGE = ">=3.11,<3.15"
OLDEST_UV = (0, 13)  # the oldest that knows every option used below

CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

# pip's settings and the variable by which uv takes the same one.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
}


class Stop(Exception):
    """The environment cannot be made: what happened, and what to do next."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(text, file=sys.stderr, flush=True)


def run(argv: Sequence[str], env: Mapping[str, str] | None = None, *, failing: str) -> None:
    """Run a program that shows its own progress; raise Stop(failing) when it fails."""
    try:
        status = subprocess.run(argv, check=False, env=env, stdin=subprocess.DEVNULL).returncode
    except OSError as error:
        raise Stop(f"{failing} ({error})") from error
    if status:
        raise Stop(f"{failing} (status {status}; the lines above say why)")


def quiet(argv: Sequence[str], cwd: Path | None = None) -> str | None:
    """Return what a program printed, or None when it is missing or failed."""
    try:
        done = subprocess.run(
            argv, check=False, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


# --- what pip is set up to use ------------------------------------------------------------


def pip_files(environ: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files, the weakest first."""
    home = Path(environ.get("HOME", "/nonexistent"))
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    places = [Path(d) / "pip/pip.conf" for d in shared]
    places += [Path("/etc/pip.conf"), home / ".pip/pip.conf"]
    places += [home / "Library/Application Support/pip/pip.conf", config / "pip/pip.conf"]
    own = environ.get("PIP_CONFIG_FILE")
    return [] if own == os.devnull else places + ([Path(own)] if own else [])


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return those of pip's settings that uv needs as well, from its files and variables."""
    files = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        files.read(pip_files(environ), encoding="utf-8")
    except configparser.Error as error:
        say(f"Passed over a pip configuration file: {error}")
    found = {}
    for section in ("global", "install"):
        if files.has_section(section):
            found.update({name.replace("_", "-"): text for name, text in files.items(section)})
    for name in UV_NAMES:
        text = environ.get("PIP_" + name.upper().replace("-", "_"))
        if text:
            found[name] = text
    return {name: " ".join(found[name].split()) for name in UV_NAMES if found.get(name)}


def uv_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv: the reader's own, completed by what pip is set up to use."""
    env = dict(environ)
    env.pop("VIRTUAL_ENV", None)
    settings = pip_settings(environ)
    for name, variable in UV_NAMES.items():
        if name in settings:
            text = settings[name]
            listed = text.replace(" ", ",") if name == "find-links" else text
            env.setdefault(variable, listed)
    if "extra-index-url" in settings:
        # Every package is fixed by its hash, so it may come from any of the indexes.
        env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if environ.get("REQUESTS_CA_BUNDLE"):
        env.setdefault("SSL_CERT_FILE", environ["REQUESTS_CA_BUNDLE"])
    if any(Path(bundle).exists() for bundle in CA_BUNDLES):
        env.setdefault("UV_SYSTEM_CERTS", "true")  # networks that re-sign TLS are common
    return env


# --- uv -----------------------------------------------------------------------------------


def is_recent(version: str | None) -> bool:
    """Tell whether `uv --version` names a version that knows the options used here."""
    found = re.match(r"uv (\d+)\.(\d+)", version or "")
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_UV


def find_uv() -> str | None:
    """Return a uv that will do: the machine's own, else the one fetched before."""
    for candidate in (shutil.which("uv"), str(TOOLS / "uv" / "bin" / "uv")):
        if candidate and is_recent(quiet([candidate, "--version"])):
            return candidate
    return None


def bundled_pip() -> Iterator[Path]:
    """Yield the pip wheels that Python or the distribution keep on this machine."""
    import_path = sysconfig.get_path("stdlib")
    folders = [Path(import_path) / "ensurepip" / "_bundled", Path("/usr/share/python-wheels")]
    folders.append(TOOLS / "pip-wheel" / "usr" / "share" / "python-wheels")
    for folder in folders:
        yield from sorted(folder.glob("pip-*.whl"), reverse=True)


def download_pip() -> None:
    """Fetch Debian's pip wheel into `.tools`; nothing is installed, root is not needed."""
    say("Fetching pip from the distribution's packages ...")
    folder = TOOLS / "pip-wheel"
    lists = folder / "apt"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={folder}/cache"]
    get = ["apt-get", "-q", "download", "python3-pip-whl"]
    if quiet(get, cwd=folder) is None:
        quiet(["apt-get", "-q", *own, "update"])
        quiet([*get[:1], *own, *get[1:]], cwd=folder)
    for package in folder.glob("*.deb"):
        quiet(["dpkg-deb", "-x", str(package), str(folder)])
        package.unlink()


def pip_command() -> tuple[list[str], dict[str, str]]:
    """Return how to call a pip on this machine, and the variables it needs."""
    if quiet([sys.executable, "-m", "pip", "--version"]) is not None:
        return [sys.executable, "-m", "pip"], dict(os.environ)
    if not any(bundled_pip()) and shutil.which("apt-get"):
        download_pip()
    wheel = next(bundled_pip(), None)
    if wheel is None:
        raise Stop(
            "Neither `uv` nor `pip` is to be had on this machine. "
            "Install one of them (the package is often called python3-pip) and run this again."
        )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(TOOLS / "pip")
    return [sys.executable, "-m", "pip"], {**os.environ, "PYTHONPATH": str(TOOLS / "pip")}


def ensure_certificates() -> None:
    """Install the usual authorities where a bare Debian lacks them: no download works without."""
    given = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
    if any(map(os.environ.get, given)) or any(Path(b).exists() for b in CA_BUNDLES):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        say("Installing ca-certificates: this machine has none ...")
        quiet(["apt-get", "-q", "update"])
        quiet(["apt-get", "-qy", "install", "--no-install-recommends", "ca-certificates"])


def fetch_uv() -> str:
    """Fetch the pinned uv through pip, checked against its hash, into `.tools/uv`."""
    say(f"Fetching uv into {TOOLS.name}/ ...")
    TOOLS.mkdir(exist_ok=True)
    ensure_certificates()
    pip, env = pip_command()
    part = TOOLS / "uv.part"
    shutil.rmtree(part, ignore_errors=True)
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    options += ["--no-warn-script-location", "--require-hashes", "-r", str(UV_REQUIREMENTS)]
    failing = (
        "uv could not be fetched from the Python package index. "
        "Check the network (and SSL_CERT_FILE where a proxy re-signs TLS), then run this again."
    )
    env["PIP_ROOT_USER_ACTION"] = "ignore"  # it writes into our own folder only
    run([*pip, "install", "--target", str(part), *options], env, failing=failing)
    shutil.rmtree(TOOLS / "uv", ignore_errors=True)
    part.rename(TOOLS / "uv")
    return str(TOOLS / "uv" / "bin" / "uv")


# --- the environment ----------------------------------------------------------------------


def recipe() -> str:
    """Return a digest of all that decides what `.venv` holds."""
    digest = hashlib.sha256()
    for file in (REQUIREMENTS, ROOT / "pyproject.toml", BUILD_REQUIREMENTS):
        digest.update(file.read_bytes())
    digest.update(str(ROOT).encode())  # an environment does not survive a move
    settings = VENV / "pyvenv.cfg"
    digest.update(settings.read_bytes() if settings.exists() else b"")
    return digest.hexdigest()


def is_fresh() -> bool:
    """Tell whether `.venv` was made from what now stands in the repository."""
    python = VENV / "bin" / "python"
    return STAMP.exists() and os.access(python, os.X_OK) and STAMP.read_text() == recipe()


def wanted_python() -> str:
    """Return the Python to use: the one that runs this, where it will do, else any that does."""
    in_venv = sys.prefix != sys.base_prefix
    return PYTHON_RANGE if in_venv or sys.version_info < (3, 11) else sys.executable


def works(python: Path) -> bool:
    """Tell whether the environment's Python starts and is recent enough."""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return quiet([str(python), "-c", code]) is not None


def make(uv: str) -> None:
    """Make or refresh `.venv` with exactly the pinned packages and this project."""
    env = uv_environment(os.environ)
    python = VENV / "bin" / "python"
    STAMP.unlink(missing_ok=True)
    if not works(python):
        say(f"Making {VENV.name}/ ...")
        choice = ["--python", wanted_python(), "--python-preference", "system"]
        failing = "No Python from 3.11 to 3.14 is here, and none could be fetched. Install one."
        run([uv, "venv", "--quiet", "--clear", *choice, str(VENV)], env, failing=failing)
    say("Installing the pinned packages (the first time 900 MB on disk) ...")
    failing = (
        "The packages could not be installed. "
        "Check the network and the free space, then run the same command again: it goes on."
    )
    talk = [] if sys.stderr.isatty() else ["--quiet"]
    into = ["--python", str(python)]
    # Compiled once here, not by each kernel and each test for itself.
    pinned = ["--compile-bytecode", "--require-hashes", str(REQUIREMENTS)]
    run([uv, "pip", "sync", *talk, *into, *pinned], env, failing=failing)
    project = ["--no-deps", "--build-constraints", str(BUILD_REQUIREMENTS), "-e", str(ROOT)]
    run([uv, "pip", "install", "--quiet", *into, *project], env, failing=failing)
    STAMP.write_text(recipe())


def bootstrap() -> None:
    """Bring `.venv` up to date; one process at a time."""
    if is_fresh():
        return
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh():
            make(find_uv() or fetch_uv())


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; return the exit status."""
    try:
        if arguments[:1] == ["uv"]:
            uv = find_uv() or fetch_uv()
            os.execve(uv, ["uv", *arguments[1:]], uv_environment(os.environ))
        bootstrap()
    except Stop as error:
        say(f"bootstrap: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nbootstrap: stopped; run the same command again: it goes on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
