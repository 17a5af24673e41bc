"""The exercise of containers/050-copy-on-write: a layer of 42 MB for one byte.

The check reads the container's own layer through mountinfo, and asks the container itself
whether it still does its work. `judge` decides from what was seen alone.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import container_layer as analysis
from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.container_layer import open_watch
from helpers.drivers.engine import engine_errors
from helpers.drivers.layers import writable_size
from helpers.errors import LabError
from helpers.records.host import Engine
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from docker.models.containers import Container

    from helpers.labs.session import Session

LAB: Final = "containers/050-copy-on-write"
CELLAR: Final = "cellar"  # the faulty container, and its image
CURED: Final = "cured"
CATALOGUE: Final = "/srv/catalogue"
SHIPPED: Final = {CATALOGUE: 30_000_000, "/opt/press/plates": 12_000_000}
CLERK: Final = 1000
ENOUGH: Final = 100_000  # bytes in the layer that are nobody's fault
PATIENCE: Final = 10.0  # seconds: two visits are a second apart


@dataclass(frozen=True)
class Kept:
    """One copied file of the layer. relabelled: size and time are those of the file below."""

    path: str
    size: int
    relabelled: bool


@dataclass(frozen=True)
class Seen:
    """What the check saw of the container `cured`. status: "" where there is none.

    uid: who runs it. owners, sizes: of the files it was shipped with, by path; what is not
    there is missing. grew: whether visits are still counted in the catalogue. volume:
    whether the catalogue lies on one. kept: files in its own layer, the largest first.
    """

    status: str = "running"
    uid: int = CLERK
    owners: tuple[tuple[str, int], ...] = tuple((path, CLERK) for path in SHIPPED)
    sizes: tuple[tuple[str, int], ...] = tuple(SHIPPED.items())
    grew: bool = True
    volume: bool = True
    kept: tuple[Kept, ...] = ()

    @property
    def stored(self) -> int:
        """Bytes in the container's own layer."""
        return sum(each.size for each in self.kept)


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return (
        _absent(seen)
        or _other_work(seen)
        or _fat(seen)
        or _forgetful(seen)
        or Met(
            _(
                "The layer of `cured` holds {stored:,} bytes. The clerk still owns its files and "
                "writes its byte, and the catalogue outlives the container."
            ).format(stored=seen.stored)
        )
    )


def _absent(seen: Seen) -> NotYet | None:
    if seen.status == "running":
        return None
    saw = _("There is no container `cured` yet.")
    if seen.status:
        saw = _("The container `cured` is {status}.").format(status=seen.status)
    return NotYet(
        saw, _("Run one, and name it as the page does; `docker logs` tells why it ended.")
    )


def _other_work(seen: Seen) -> NotYet | None:
    """Say what of its work the container no longer does as before."""
    if seen.uid != CLERK:
        return NotYet(
            _("`cured` works as user {uid}, not as the clerk (1000).").format(uid=seen.uid),
            _("Whatever else you change, the last line of `start.sh` steps down to the clerk."),
        )
    sizes, owners = dict(seen.sizes), dict(seen.owners)
    for path, size in SHIPPED.items():
        if sizes.get(path, 0) < size:
            return NotYet(
                _("`{path}` has {now:,} bytes; it was shipped with {size:,}.").format(
                    path=path, now=sizes.get(path, 0), size=size
                ),
                _("A volume takes over what the image has at its place only while it is empty."),
            )
        if owners.get(path) != CLERK:
            return NotYet(
                _("`{path}` belongs to user {uid}, not to the clerk (1000).").format(
                    path=path, uid=owners.get(path)
                ),
                _("The owner can be given in the image, in the RUN that writes the file."),
            )
    if not seen.grew:
        return NotYet(
            _("Nobody counts visits: `{path}` does not grow.").format(path=CATALOGUE),
            _("The clerk must be able to write to it."),
        )
    return None


def _fat(seen: Seen) -> NotYet | None:
    if seen.stored <= ENOUGH:
        return None
    worst = seen.kept[0]
    saw = _("The layer of `cured` holds {stored:,} bytes, {size:,} of them as `{path}`: {why}.")
    why = _("written to, so copied whole")
    hint = _("What is written to again and again belongs on a volume.")
    if worst.relabelled:
        why = _("with size and time of the file below, so only its owner or its rights changed")
        hint = _("Even a `chown` to the owner that it has already copies the file. Give it once.")
    return NotYet(
        saw.format(stored=seen.stored, size=worst.size, path=ascii(worst.path)[1:-1], why=why), hint
    )


def _forgetful(seen: Seen) -> NotYet | None:
    if seen.volume:
        return None
    return NotYet(
        _("The layer is small, but the catalogue is not on a volume: the next container forgets."),
        _("`docker volume create`, then `-v NAME:/srv`."),
    )


# -- looking


def look(here: Session) -> Seen:
    """Look at the container `cured`. Raises LabError."""
    from docker.errors import NotFound

    with engine_errors():
        try:
            found = here.docker.containers.get(here.name(CURED))
        except NotFound:
            return Seen(status="")
        if found.status != "running":
            return Seen(status=found.status)
        files = [_stat(found, path) for path in SHIPPED]
        there = [(path, *each) for path, each in zip(SHIPPED, files, strict=True) if each]
        return Seen(
            uid=int((_said(found, "stat", "-c", "%u", "/proc/1") or ["-1"])[0]),
            owners=tuple((path, uid) for path, uid, _size in there),
            sizes=tuple((path, size) for path, _uid, size in there),
            grew=_grows(found),
            volume=_on_volume(found.attrs),
            kept=_kept(here),
        )


def _said(found: Container, *argv: str) -> list[str]:
    done = found.exec_run(list(argv), user="0")
    assert isinstance(done.output, bytes)
    return done.output.decode("utf-8", "replace").split() if done.exit_code == 0 else []


def _stat(found: Container, path: str) -> tuple[int, int] | None:
    said = _said(found, "stat", "-c", "%u %s", path)
    return (int(said[0]), int(said[1])) if len(said) == 2 else None


def _grows(found: Container) -> bool:
    before = _stat(found, CATALOGUE)

    def grown() -> bool:
        now = _stat(found, CATALOGUE)
        return now is not None and before is not None and now[1] > before[1]

    try:
        wait_until(grown, what=_("another visit"), seconds=PATIENCE)
    except LabError:
        return False
    return True


def _on_volume(attrs: dict[str, Any]) -> bool:
    """Tell whether the catalogue, or a directory above it, is mounted from elsewhere."""
    places = {str(each["Destination"]).rstrip("/") for each in attrs.get("Mounts") or []}
    parts = CATALOGUE.split("/")
    return any("/".join(parts[:n]) in places for n in range(2, len(parts) + 1))


def _kept(here: Session) -> tuple[Kept, ...]:
    assert isinstance(here.engine, Engine)
    watch = open_watch(here.docker, here.engine, here.name(CURED), here.labels)
    below = {each.path: each.digest for layer in watch.base.layers for each in layer.entries}
    own = watch.look().own
    stamps = {each.path: each.digest for each in own.entries}
    found = [
        Kept(path, size, below.get(path) == stamps[path])
        for path, size in analysis.sizes(own).items()
    ]
    return tuple(sorted(found, key=lambda each: -each.size))


# -- playing


@exercise(LAB, CURED)
class Cured:
    """A container that writes one byte and has a layer of 42 MB: find out why, and cure it."""

    hints = (
        "Which files are in its layer? `docker diff` names them; a watch over it, as above for "
        "`one`, weighs them: `open_watch(here.docker, here.engine, cellar, here.labels)`.",
        "Two files, for two reasons. One is written to. The other has the size and the time of "
        "the file below: only its owner changed, and `chown` copies a file to change its label.",
        "An owner that is given in the RUN that writes the file costs nothing. A `chown` at the "
        "start costs the file, even if it changes nothing any more.",
        "What is written belongs on a volume: `docker volume create`, then `-v NAME:/srv`. An "
        "empty volume takes over the image's files with their owners.",
    )

    def start(self, here: Session) -> None:
        """Build and run `cellar`, lay its files out for a change, remove an earlier `cured`."""
        folder = workshop(here)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(here.files / CELLAR, folder)
        for name in (CURED, CELLAR):
            _remove(here, name)
        _build(here, CELLAR, folder)
        _run(here, CELLAR, CELLAR)
        wait_until(
            lambda: writable_size(here.docker, here.name(CELLAR)) > sum(SHIPPED.values()),
            what=_("the cellar's start script to have run"),
        )

    def check(self, here: Session) -> Outcome:
        """Look at `cured`, and judge."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Build the image that gives the owner itself, and run it with a volume."""
        _remove(here, CURED)
        _build(here, CURED, here.files / "solved")
        volume = here.name("cellar-book")
        with engine_errors():
            here.docker.volumes.create(volume, labels=here.labels)
        _run(here, CURED, CURED, volumes={volume: {"bind": "/srv", "mode": "rw"}})


def workshop(here: Session) -> Path:
    """Return the folder with the Dockerfile and the script that the reader changes."""
    return here.scratch / CELLAR


def _build(here: Session, name: str, folder: Path) -> None:
    with engine_errors():
        here.docker.images.build(
            path=str(folder),
            tag=here.name(name),
            labels=here.labels,
            buildargs={"BASE": here.image("busybox")},
            rm=True,
            forcerm=True,
        )


def _run(here: Session, name: str, image: str, **options: Any) -> None:
    with engine_errors():
        here.docker.containers.run(
            here.name(image), name=here.name(name), labels=here.labels, detach=True, **options
        )


def _remove(here: Session, name: str) -> None:
    from docker.errors import NotFound

    with engine_errors():
        try:
            here.docker.containers.get(here.name(name)).remove(force=True)
        except NotFound:
            return
