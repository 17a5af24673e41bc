"""Install a program for the labs when the reader agrees, and take back exactly that.

Only Debian and its kin, only root. Which packages came is written to
`.cache/installs/NAME.json`, so that `remove` takes those and no others: what was there
before stays, and so does what something else has come to need.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from helpers.command import run
from helpers.drivers import daemon
from helpers.errors import LabError, MissingNeed
from helpers.paths import ROOT
from helpers.records.installs import Plan, Tool
from helpers.text import _

FOLDER: Final = ROOT / ".cache" / "installs"
TIMEOUT: Final = 900  # seconds, over a slow line
_STEP: Final = re.compile(r"^(Inst|Remv|Purg) (\S+)( \[)?", re.MULTILINE)

Say = Callable[[str], None]


def tools() -> dict[str, Tool]:
    """Return what can be installed, by name."""
    helpers = ("catatonit", "netavark", "aardvark-dns", "slirp4netns", "uidmap", "iptables")
    podman = Tool("podman", "podman", ("podman", *helpers))
    notice = _("Where systemd runs, its service lxc-net starts and adds the bridge lxcbr0.")
    qemu = Tool("qemu", "qemu-system-x86_64", ("qemu-system-x86",))
    return {"podman": podman, "lxc": Tool("lxc", "lxc-start", ("lxc",), notice), "qemu": qemu}


def find(name: str) -> Tool:
    """Return the tool called `name`. Raises LabError where there is none."""
    known = tools()
    if name not in known:
        raise LabError(
            _("The labs cannot install {name}.").format(name=name),
            remedy=_("They can install: {names}.").format(names=", ".join(known)),
        )
    return known[name]


def there(tool: Tool) -> bool:
    """Tell whether the program is installed, by whomever."""
    return daemon.program(tool.program) is not None


def advice(tool: Tool) -> str:
    """Say in one sentence how to get the program on this machine."""
    if Path("/etc/debian_version").exists():
        return _(
            "`sudo .venv/bin/labs install {name}` installs it, and `remove` takes it back."
        ).format(name=tool.name)
    return _("Install {name} with your system's packages.").format(name=tool.name)


def demand_rights(tool: Tool) -> None:
    """Raise MissingNeed where packages are not ours to install."""
    if not daemon.may_install():
        what = _("Only root on Debian and its kin can install {name} this way.")
        raise MissingNeed(what.format(name=tool.name), remedy=advice(tool))


def plan(tool: Tool) -> Plan:
    """Return what installing it would do to the machine. Nothing is changed.

    Raises CommandFailed where apt knows no such package (`apt-get update` may help).
    """
    return read_plan(apt("install", "--no-install-recommends", *tool.packages, simulate=True))


def read_plan(printed: str) -> Plan:
    """Read what `apt-get --simulate` printed."""
    steps = _STEP.findall(printed)
    return Plan(
        new=tuple(name for step, name, old in steps if step == "Inst" and not old),
        upgraded=tuple(name for step, name, old in steps if step == "Inst" and old),
        removed=tuple(dict.fromkeys(name for step, name, _old in steps if step != "Inst")),
    )


def install(tool: Tool, say: Say) -> tuple[str, ...]:
    """Install a tool and write down what came with it; return these packages.

    Raises MissingNeed (not root), CommandFailed, TimedOut.
    """
    demand_rights(tool)
    before = installed()
    try:
        daemon.install_packages(list(tool.packages), say)
    finally:  # whatever came must be known, also when the rest did not come
        came = tuple(sorted(installed() - before))
        if came:
            note(tool, {*ours(tool), *came})
    return came


def remove(tool: Tool, say: Say) -> tuple[str, ...]:
    """Purge what `install` brought and nothing else has come to need; return these packages.

    Raises MissingNeed (not root), LabError where something else needs the program itself.
    """
    demand_rights(tool)
    mine = ours(tool) & installed()
    free = {name for name in mine if not foreign({name}, mine)}
    others = foreign(mine, mine)
    if mine and (not free or foreign(free, mine)):
        raise LabError(
            _("Removing {name} would take {others} along.").format(
                name=tool.name, others=", ".join(sorted(others))
            ),
            remedy=_("Remove that first, or keep both."),
        )
    if free:
        say(_("Removing {names} ...").format(names=", ".join(sorted(free))))
        apt("purge", *sorted(free))
    if mine - free:
        kept, why = ", ".join(sorted(mine - free)), ", ".join(sorted(others))
        say(_("Kept, as {why} needs it: {kept}").format(why=why, kept=kept))
    (FOLDER / f"{tool.name}.json").unlink(missing_ok=True)
    return tuple(sorted(free))


def foreign(names: set[str], mine: set[str]) -> set[str]:
    """Return what apt would remove along with `names` that is not among `mine`."""
    if not names:
        return set()
    return set(read_plan(apt("purge", *sorted(names), simulate=True)).removed) - mine


def ours(tool: Tool) -> set[str]:
    """Return the packages that `install` brought with this tool."""
    try:
        return set(json.loads((FOLDER / f"{tool.name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return set()


def note(tool: Tool, packages: Iterable[str]) -> None:
    """Write down which packages came with a tool."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{tool.name}.json"
    file.write_text(json.dumps(sorted(packages)), encoding="utf-8")


def installed() -> set[str]:
    """Return the names of all installed Debian packages."""
    form = "${db:Status-Status} ${Package}\\n"
    lines = run(["dpkg-query", "--show", f"--showformat={form}"]).stdout.splitlines()
    return {line.split()[1] for line in lines if line.startswith("installed ")}


def apt(*arguments: str, simulate: bool = False) -> str:
    """Run apt-get and return what it printed. Raises CommandFailed, TimedOut."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    options = ["--simulate"] if simulate else ["-y", "-o", "DPkg::Lock::Timeout=120"]
    verb, *packages = arguments
    return run(["apt-get", "-q", *options, verb, *packages], timeout=TIMEOUT, env=env).stdout
