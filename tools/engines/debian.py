"""Fetch Debian packages of another release into a folder, without touching the machine's apt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from helpers.command import run
from helpers.drivers.image_makers import host_mirror
from helpers.errors import LabError, MissingNeed
from helpers.text import _

SUITE: Final = "sid"
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TIMEOUT: Final = 600  # seconds for one download over a slow line


def os_release() -> dict[str, str]:
    """Return the machine's /etc/os-release; nothing where there is none, as on macOS."""
    file = Path("/etc/os-release")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {name: text.strip('"') for name, text in pairs}


def mirror() -> str:
    """Return the Debian mirror that this machine uses itself (LABS_APT_MIRROR goes before).

    Raises MissingNeed on a machine that uses none, as one that is not Debian's.
    """
    found = os.environ.get("LABS_APT_MIRROR") or host_mirror(("http", "https"))
    if not found:
        raise MissingNeed(
            _("No Debian mirror is set up on this machine, so no engine can be fetched."),
            remedy=_("Record on a Debian machine, or name a mirror in LABS_APT_MIRROR."),
        )
    return found


def own_apt(folder: Path) -> list[str]:
    """Lay out an apt state of our own in `folder`; return the options that make apt use it."""
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()  # as on a machine with nothing installed
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (folder / "sources.list").write_text(f"deb {signed}{mirror()} {SUITE} main\n")
    settings = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::Status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::Translations::DefaultEnabled": "false",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def fetch(packages: Sequence[str], into: Path) -> None:
    """Fetch `packages` from Debian's newest release and unpack them into `into`.

    apt checks the signatures. Raises MissingNeed, CommandFailed, TimedOut.
    """
    state = into.with_name("apt")
    options = own_apt(state)
    run(["apt-get", "-q", *options, "update"], timeout=TIMEOUT)
    debs = state / "cache" / "archives"
    run(["apt-get", "-q", *options, "download", *packages], timeout=TIMEOUT, cwd=debs)
    part = into.with_name("unpacking")
    run(["rm", "-rf", str(part)])
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "-x", str(deb), str(part)], timeout=TIMEOUT)
        deb.unlink()
    if not part.exists():
        raise LabError(_("apt fetched none of {names}.").format(names=", ".join(packages)))
    part.rename(into)
    run(["rm", "-rf", str(state)])
