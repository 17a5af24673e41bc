"""Make the machine ready: programs, a container engine, the base images.

    python -m tools.prepare          all that the tests need; status 1 if something is missing
    python -m tools.prepare --stop   end the engine, if it was started here

Acts on the machine only as root on Debian and its kin, installs only what is missing, and
says so. Elsewhere it says what to install.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from helpers import paths
from helpers.drivers import daemon, engine, images, installs, vm
from helpers.errors import LabError
from helpers.records.engine import Daemon, Endpoint, Search
from helpers.text import _
from tools.engines.debian import os_release

# What the tests call beside the engine: program -> Debian package.
PROGRAMS: Final = {
    "chromium": "chromium",
    "mmdebstrap": "mmdebstrap",
    "iptables": "iptables",
    "ip": "iproute2",
    "nft": "nftables",
    "git": "git",
}
# What the browser tests load: library -> Debian package.
LIBRARIES: Final = {"libatomic.so.1": "libatomic1"}
# What mmdebstrap checks Debian's archive with; Ubuntu comes without it.
FILES: Final = {"/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring"}


def say(line: str) -> None:
    """Print one line of progress at once."""
    print(line, flush=True)


def ready_programs() -> bool:
    """Install what the tests call and this machine lacks; tell whether all of it is there."""
    missing = sorted(lacking())
    if "chromium" in missing and os_release().get("ID") == "ubuntu":
        say(no_chromium())
        return False
    if missing and daemon.may_install():
        daemon.install_packages(missing, say)
        return True
    if missing:
        say(_("Please install: {names}").format(names=", ".join(missing)))
    return not missing


def no_chromium() -> str:
    """Say how to get a Chromium on Ubuntu, whose own is a snap."""
    return _(
        "Ubuntu has Chromium as a snap alone, which the page tests cannot drive. Please install "
        "Google Chrome, then `sudo ln -s /usr/bin/google-chrome /usr/local/bin/chromium`."
    )


def lacking() -> Iterator[str]:
    """Yield the packages that hold what the tests call and this machine lacks."""
    yield from {package for name, package in PROGRAMS.items() if not daemon.program(name)}
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            yield package
    yield from (package for file, package in FILES.items() if not Path(file).exists())
    for tool in installs.tools().values():  # what a lab needs is there when it is tested
        if tool.name in needed() and not installs.there(tool):
            yield from tool.packages


def needed() -> set[str]:
    """Return all that the book's labs declare to need."""
    found = (json.loads(path.read_text("utf-8")) for path in paths.BOOK.glob("*/*.ipynb"))
    return {need for each in found for need in each["metadata"].get("labs", {}).get("needs", [])}


def ready_kernel() -> bool:
    """Fetch the kernel that the lab's virtual machine boots; tell whether it is there."""
    if "qemu" not in needed():
        return True
    try:
        vm.kernel(say)
    except LabError as error:
        say(str(error))
        return False
    return True


def ready_engine() -> tuple[Endpoint | None, Daemon | None]:
    """Find an engine, or install and start one where that is ours to do.

    Returns where it answers and, if it was started here, how.
    """
    seen = engine.search()
    if seen.endpoint is not None or not ours_to_start(seen):
        say(describe(seen))
        return seen.endpoint, None
    try:
        daemon.install(say)
        made = daemon.start(say)
    except LabError as error:
        say(str(error))
        return None, None
    seen = engine.search()
    say(describe(seen))
    return seen.endpoint, made


def ours_to_start(seen: Search) -> bool:
    """Tell whether an engine of this machine is what the reader expects.

    Not if DOCKER_HOST or a context names another one, or LABS_ENGINE wants none.
    """
    usual = f"unix://{engine.SYSTEM_SOCKET}"
    return bool(seen.tried) and seen.tried[0].endpoint.url == usual


def describe(seen: Search) -> str:
    """Say which engine was found, or what was tried and why it failed."""
    if seen.endpoint is not None:
        return _("Container engine: {source}, {url}").format(
            source=seen.endpoint.source, url=seen.endpoint.url
        )
    tried = [
        _("  {source} ({url}): {why}").format(
            source=each.endpoint.source, url=each.endpoint.url, why=each.why
        )
        for each in seen.tried
    ]
    return "\n".join([_("No container engine answers:"), *tried])


def ready_images(where: Endpoint) -> bool:
    """Make the base images that are missing; tell whether all are there."""
    names = [recipe.name for recipe in images.catalogue()]
    try:
        with closing(engine.open_client(where)) as client:
            images.ensure(client, names, images.show_progress())
    except LabError as error:
        say(_("The base images are not all there:\n{error}").format(error=error))
        return False
    return True


def stop() -> None:
    """End the engine, if an earlier run of this program started it."""
    made = daemon.started()
    if made is not None:
        say(_("Stopping the container engine that was started for this ..."))
        daemon.stop(made)


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; return the exit status."""
    top = argparse.ArgumentParser("tools.prepare", description=_("Make the machine ready."))
    top.add_argument("--stop", action="store_true", help=_("end the engine started here"))
    asked = top.parse_args(arguments)
    try:
        if asked.stop:
            stop()
            return 0
        good = ready_programs() and ready_kernel()
        where, _made = ready_engine()
        return 0 if good and where is not None and ready_images(where) else 1
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
