"""The exercise of containers/065-lxc: a container whose config names an init that is not there.

The check looks at LXC's state of the container and at what its page says. `judge` decides from
what was seen alone.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import lxc
from helpers.drivers.engine import engine_errors
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from helpers.labs.session import Session

OFFICE: Final = "office"
PAGE: Final = "open from nine to five"


@dataclass(frozen=True)
class Seen:
    """What the check saw. state: LXC's word. init: what the config calls init, and whether the
    root file system has it. said: the page."""

    state: str = "RUNNING"
    init: str = "/bin/init"
    init_is_there: bool = True
    said: str = PAGE


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if not seen.state:
        return NotYet(
            _("There is no container `office`."), _("`here.start('office')` makes it anew.")
        )
    if seen.state != "RUNNING":
        there = _("is there") if seen.init_is_there else _("is not there")
        return NotYet(
            _("It is {state}. Its config starts {init}, which {there}.").format(
                state=seen.state, init=seen.init, there=there
            ),
            _("Look into the folder: which file is its init, and what does `config` say?"),
        )
    if seen.said != PAGE:
        return NotYet(
            _("It runs, and its page says: {said}").format(said=seen.said or _("nothing")),
            _("/etc/inittab in its root file system lists what its init starts."),
        )
    return Met(_("It runs, with an init of its own, and says: {said}.").format(said=seen.said))


@exercise("containers/065-lxc", "office")
class Office:
    """A container that was moved to another root file system and starts no more."""

    hints = (
        "`lxc-start ... --logfile FILE --logpriority ERROR` writes down why; read the first line.",
        "`lxc.init.cmd` is a path in the container's root file system, not in yours.",
        "`ls` in `rootfs/sbin` and `rootfs/bin` of the container's folder: where is `init`?",
    )

    def start(self, here: Session) -> None:
        """Make the office, its init misnamed, and try to start it."""
        place, name = here.scratch / lxc.FOLDER, here.name(OFFICE)
        _stop(place, name)
        with engine_errors():
            folder = lxc.unpack(_files_of(here, here.image("busybox")), place / name)
        config = Template((here.files / "config").read_text(encoding="utf-8"))
        text = config.substitute(name=name, folder=folder)
        (folder / "config").write_text(text, encoding="utf-8")
        shutil.copy(here.files / "inittab", folder / "rootfs" / "etc" / "inittab")
        (folder / "rootfs" / "www" / "index.html").write_text(PAGE + "\n", encoding="utf-8")
        _rename(folder / "config", "/bin/init", "/usr/lib/init")
        lxc.call(place, "start", name, check=False)

    def check(self, here: Session) -> Outcome:
        """See whether it runs and what it says."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Let the config name the init that is there."""
        place, name = here.scratch / lxc.FOLDER, here.name(OFFICE)
        _stop(place, name)
        _rename(place / name / "config", "/usr/lib/init", "/bin/init")
        lxc.call(place, "start", name)
        wait_until(
            lambda: judge(look(here)), lambda seen: isinstance(seen, Met), what=_("its page")
        )


def _files_of(here: Session, image: str) -> list[bytes]:
    """Return an image's files as an archive, in pieces."""
    made = here.docker.containers.create(image, labels=here.labels)
    try:
        pieces: Any = made.export()  # bytes, though the SDK's stubs say text
        return list(pieces)
    finally:
        made.remove()


def look(here: Session) -> Seen:
    """Look at the container. Raises whatever keeps it from looking."""
    place, name = here.scratch / lxc.FOLDER, here.name(OFFICE)
    state = lxc.state(place, name)
    if not state:
        return Seen(state="")
    lines = (place / name / "config").read_text(encoding="utf-8").splitlines()
    settings = {key.strip(): value.strip() for key, _eq, value in (x.partition("=") for x in lines)}
    init = settings.get("lxc.init.cmd", "/sbin/init").split()[0]
    inside = place / name / "rootfs" / init.lstrip("/")
    said = ""
    if state == "RUNNING":
        fetch = ["--", "wget", "-qO-", "http://127.0.0.1/"]
        said = lxc.call(place, "attach", name, *fetch, check=False).stdout.strip()
    return Seen(state, init, inside.exists() or inside.is_symlink(), said)


def _rename(config: Path, before: str, after: str) -> None:
    config.write_text(config.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def _stop(place: Path, name: str) -> None:
    if lxc.state(place, name) not in ("", "STOPPED"):
        lxc.call(place, "stop", name, "-k")
