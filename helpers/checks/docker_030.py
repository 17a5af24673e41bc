"""The exercise of docker/030-build: a Dockerfile that works, and should not pass a review.

The check reads the image, runs it once and stops it. `judge` then decides from what was seen
alone, so that each verdict can be tested without an engine.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.command import run
from helpers.drivers import builders, oci
from helpers.drivers.engine import engine_errors
from helpers.records.builds import Place
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from docker.models.containers import Container

    from helpers.labs.session import Session

LAB: Final = "docker/030-build"
TIDY: Final = "tidy"
UNTIDY: Final = "untidy"
WORDS: Final = "open: apples,3 pears,4"
PROGRAM: Final = "/srv/shop.py"
COMPILED: Final = ".opt-2.pyc"
GRACE: Final = 3  # seconds for `docker stop`
TOKEN: Final = "token.txt"


@dataclass(frozen=True)
class Seen:
    """What the check saw. layers: the paths in each; None where there is no image.

    said: what the container printed.
    places: where the token is found. user: who runs it. ended: its exit code after a stop.
    """

    layers: tuple[tuple[str, ...], ...] | None = None
    places: tuple[Place, ...] = ()
    user: str = ""
    said: str = ""
    ended: int | None = None


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if seen.layers is None:
        return NotYet(
            _("There is no image `tidy` yet."),
            _("Write its Dockerfile and build it, under the name that the page gives."),
        )
    return (
        _silent(seen)
        or _leaky(seen)
        or _rooted(seen)
        or _deaf(seen)
        or _slow(seen.layers)
        or Met(
            _(
                "The token is nowhere in `tidy`; it runs as {user}, ends with 0 when it is "
                "stopped, and a new shop.py leaves the compiled layer below it alone."
            ).format(user=seen.user)
        )
    )


def _silent(seen: Seen) -> NotYet | None:
    if WORDS in seen.said:
        return None
    return NotYet(
        _("A container of `tidy` should print `{wanted}`; it printed `{said}`.").format(
            wanted=WORDS, said=seen.said.strip()[-200:].replace("`", "'") or "–"
        ),
        _("`docker run --rm` it and read on. May its user read what it needs?"),
    )


def _leaky(seen: Seen) -> NotYet | None:
    if not seen.places:
        return None
    return NotYet(
        _("The token is in `tidy`: {where}.").format(
            where="; ".join(each.where for each in seen.places)
        ),
        _("A RUN can read a file that no layer ever holds, and no COPY should bring it along."),
    )


def _rooted(seen: Seen) -> NotYet | None:
    if seen.user.partition(":")[0] not in ("", "0", "root"):
        return None
    return NotYet(
        _("The shop runs as root, and whoever breaks into it is root in the container."),
        _("One instruction says who runs what follows it; a number needs no entry in passwd."),
    )


def _deaf(seen: Seen) -> NotYet | None:
    if seen.ended == 0 and "closed" in seen.said:
        return None
    return NotYet(
        _("`docker stop` had to wait, and the container ended with {code}.").format(
            code=seen.ended
        ),
        _("shop.py does handle SIGTERM. Which form of CMD makes it process 1?"),
    )


def _slow(layers: tuple[tuple[str, ...], ...]) -> NotYet | None:
    program, compiled = (_top(layers, end) for end in (PROGRAM, COMPILED))
    if compiled is None:
        return NotYet(
            _("Nothing is compiled in `tidy`."),
            _("Keep the step with `compileall`; only its place is in question."),
        )
    if program is not None and program > compiled:
        return None
    return NotYet(
        _(
            "shop.py comes with layer {program}, the compiled modules with layer {compiled}: "
            "each change of shop.py compiles them again."
        ).format(program=program, compiled=compiled),
        _("What changes often goes last. What does the slow step really need to be copied first?"),
    )


def _top(layers: tuple[tuple[str, ...], ...], end: str) -> int | None:
    """Return the topmost layer (from 1) with a file whose path ends so."""
    found = [
        number
        for number, paths in enumerate(layers, 1)
        if any(path.endswith(end) for path in paths)
    ]
    return max(found, default=None)


@exercise(LAB, TIDY)
class Tidy:
    """A Dockerfile leaks a token, runs as root, is deaf to SIGTERM and slow to rebuild."""

    hints = (
        "Look at the image as in this lab: `oci.search` finds the token, `docker inspect` the "
        "user, `docker stop` and the exit code the form of CMD, a rebuild the order.",
        "`COPY . .` does two kinds of harm: it brings the token into a layer, and it makes "
        "every later step depend on every file. Copy single files, just before they are needed.",
        "`RUN --mount=type=secret,id=token python3 fetch.py /run/secrets/token > prices.csv`, "
        "and `docker build --secret id=token,src=.../token.txt`.",
        "In this order: precompile.txt, the compiling RUN, fetch.py, the fetching RUN, shop.py, "
        '`USER 10001`, `CMD ["python3", "shop.py"]`.',
    )

    def start(self, here: Session) -> None:
        """Lay out the shop with a new token, build it as it is, and remove an earlier `tidy`."""
        folder = workshop(here)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(here.files / "exercise", folder)
        (folder / "tidy.Dockerfile").unlink()
        (folder / TOKEN).write_text(secrets.token_hex(16) + "\n", encoding="utf-8")
        _build(here, UNTIDY, folder / "Dockerfile")
        _remove(here, TIDY)

    def check(self, here: Session) -> Outcome:
        """Read the image, run it and stop it."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Build `tidy` from the reference Dockerfile."""
        _build(here, TIDY, here.files / "exercise" / "tidy.Dockerfile")


def workshop(here: Session) -> Path:
    """Return the folder with the shop that the reader changes."""
    return here.scratch / "workshop"


def _build(here: Session, name: str, dockerfile: Path) -> None:
    folder = workshop(here)
    environ = {**os.environ, "DOCKER_BUILDKIT": "1", "DOCKER_HOST": _host(here)}
    builder = builders.find(environ, here.scratch / "bin")
    argv = [builder.program, "build", "--quiet", "--tag", here.name(name), "-f", str(dockerfile)]
    argv += [f"--label={key}={value}" for key, value in here.labels.items()]
    argv += [f"--secret=id=token,src={folder / TOKEN}"]
    argv += [f"--build-arg=BASE={here.image('python')}", str(folder)]
    run(argv, env=environ, timeout=120)


def _host(here: Session) -> str:
    """Return the engine's address for the command line."""
    return os.environ.get("DOCKER_HOST") or str(here.engine.endpoint.url)  # type: ignore[union-attr]


def _remove(here: Session, name: str) -> None:
    from docker.errors import ImageNotFound

    with engine_errors():
        try:
            here.docker.images.remove(here.name(name), force=True)
        except ImageNotFound:
            return


def look(here: Session) -> Seen:
    """Look at the image `tidy`, run it and stop it. Raises LabError."""
    from docker.errors import ImageNotFound

    name = here.name(TIDY)
    with engine_errors():
        try:
            config = here.docker.images.get(name).attrs["Config"] or {}
        except ImageNotFound:
            return Seen()
    token = (workshop(here) / TOKEN).read_text(encoding="utf-8").strip()
    layout = oci.save(here.docker, name, here.scratch / "checked")
    said, ended = _run_and_stop(here, name)
    return Seen(
        layers=tuple(oci.paths(layout, each + 1) for each in range(len(layout.layers))),
        places=oci.search(layout, token),
        user=str(config.get("User") or ""),
        said=said,
        ended=ended,
    )


def _run_and_stop(here: Session, image: str) -> tuple[str, int | None]:
    """Return what a container of `image` printed, and how it ended when it was stopped."""
    with engine_errors():
        made = here.docker.containers.run(
            image, detach=True, labels=here.labels, network_mode="none"
        )
        try:
            wait_until(lambda: _settled(made), what=_("the shop's first words"))
            made.stop(timeout=GRACE)
            made.reload()
            return made.logs().decode(errors="replace"), int(made.attrs["State"]["ExitCode"])
        finally:
            made.remove(force=True, v=True)


def _settled(container: Container) -> bool:
    container.reload()
    return b"open" in container.logs() or container.status == "exited"
