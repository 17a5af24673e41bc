"""The exercise of containers/010-vm-or-container: two services, each in the wrong kind of house.

The check asks both services where they live: each tells the boot of the kernel it runs on. `judge`
decides from what was seen alone.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import initramfs, vm
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.text import _

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

MENU: Final = "menu"  # written by our own team
TENANT: Final = "tenant"  # a stranger's code
SERVE: Final = "mkdir -p /www; echo {page} > /www/index.html; exec httpd -f -h /www"
FETCH: Final = "wget -qO- http://127.0.0.1/"

House = Literal["container", "machine", "both", "none"]


@dataclass(frozen=True)
class Seen:
    """Where each service runs, and what its page says ("" for one that does not answer)."""

    menu: House = "container"
    tenant: House = "machine"
    menu_says: str = MENU
    tenant_says: str = TENANT


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    in_words: dict[House, str] = {
        "container": _("in a container, on the kernel of everybody here"),
        "machine": _("in a machine, on a kernel of its own"),
        "both": _("in a container and in a machine"),
        "none": _("nowhere"),
    }
    where = _("`menu` runs {menu}; `tenant` runs {tenant}.").format(
        menu=in_words[seen.menu], tenant=in_words[seen.tenant]
    )
    if seen.tenant != "machine":
        return NotYet(where, _("Whose code may share a kernel with yours, and whose may not?"))
    if seen.menu != "container":
        return NotYet(where, _("`menu` is your own team's: what does its machine protect?"))
    for name, says in ((MENU, seen.menu_says), (TENANT, seen.tenant_says)):
        if says != name:
            return NotYet(
                _("{where} But the page of `{name}` says: {says}").format(
                    where=where, name=name, says=says or _("nothing")
                ),
                _("It should say `{name}`. A machine may still be booting.").format(name=name),
            )
    return Met(_("{where} Both answer.").format(where=where))


@exercise("containers/010-vm-or-container", "houses")
class Houses:
    """A trusted service in a machine, and a stranger's in a container: the wrong way round."""

    hints = (
        "Who could harm whom through the kernel? Only one of the two needs one of its own.",
        "`docker rm -f` ends a container; the power button of a machine is `vm.stop(place, name)`.",
        "A machine's page is the word after `page=` in its `-append`; `box` shows a container's.",
    )

    def start(self, here: Session) -> None:
        """Put both into the wrong house."""
        _evict(here)
        _furnish(here)
        _into_container(here, TENANT)
        vm.start(_place(here), MENU, MENU)

    def check(self, here: Session) -> Outcome:
        """Ask both where they live."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Swap the two."""
        _evict(here)
        _furnish(here)
        vm.start(_place(here), TENANT, TENANT)
        _into_container(here, MENU)
        vm.await_ready(_place(here), TENANT)


def look(here: Session) -> Seen:
    """Ask both services. Raises whatever keeps it from looking."""
    (menu, menu_says), (tenant, tenant_says) = (_where(here, name) for name in (MENU, TENANT))
    return Seen(menu, tenant, menu_says, tenant_says)


def _where(here: Session, name: str) -> tuple[House, str]:
    running = _boxes(here, name, all_states=False)
    box = running[0] if running else None
    machine = vm.process(_place(here), name)
    if machine is not None:
        return ("both" if box else "machine"), _said_by_machine(here, name)
    if box is None:
        return "none", ""
    with engine_errors():
        said = box.exec_run(FETCH.split()).output
    return "container", said.decode("utf-8", "replace").strip() if isinstance(said, bytes) else ""


def _boxes(here: Session, name: str, *, all_states: bool) -> list[Container]:
    with engine_errors():
        found: list[Container] = here.docker.containers.list(
            all=all_states, filters={"name": f"^/?{here.name(name)}$"}
        )
    return found


def _said_by_machine(here: Session, name: str) -> str:
    if vm.READY not in vm.console(_place(here), name).splitlines():
        return ""
    try:
        return vm.ask(_place(here), name, FETCH, seconds=20)
    except LabError:
        return ""


def _place(here: Session) -> Path:
    return here.scratch / vm.FOLDER


def _furnish(here: Session) -> None:
    """Make the machines' first file system, if the lab has not."""
    place = _place(here)
    place.mkdir(exist_ok=True)
    if (place / vm.INITRAMFS).exists():
        return
    with engine_errors():
        made = here.docker.containers.create(here.image("busybox"), labels=here.labels)
        try:
            pieces, _about = made.get_archive("/bin/busybox")
            packed = b"".join(pieces)
        finally:
            made.remove()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        busybox = tar.extractfile("busybox")
        assert busybox is not None
        programs = {"init": (here.files / "init").read_bytes(), "bin/busybox": busybox.read()}
    (place / vm.INITRAMFS).write_bytes(initramfs.build(programs))


def _into_container(here: Session, name: str) -> None:
    with engine_errors():
        here.docker.containers.run(
            here.image("busybox"),
            ["sh", "-c", SERVE.format(page=name)],
            name=here.name(name),
            labels=here.labels,
            detach=True,
        )


def _evict(here: Session) -> None:
    for name in (MENU, TENANT):
        vm.stop(_place(here), name)
        for old in _boxes(here, name, all_states=True):
            with engine_errors():
                old.remove(force=True)
