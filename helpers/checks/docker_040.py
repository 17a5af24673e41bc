"""The exercise of docker/040-ship: two shops that somebody moved here with `docker import`.

One archive was written by `docker save`, the other by `docker export`; both were imported, and
neither shop opens. The first is mended by loading it, the second by giving it back the settings
that an exported file system does not have.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.drivers.shipping import traits
from helpers.records.shipping import Traits
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

    from helpers.labs.session import Session

LAB: Final = "docker/040-ship"
MOVED: Final = "moved"
SAVED, EXPORTED = "kiosk", "stall"  # what each archive was written by
TRUTH: Final = ".truth.json"
FOLDER: Final = "/shop"
CMD: Final = ("sh", "-c", "cat prices; echo batch $BATCH")
PRICES: Final = {SAVED: 7, EXPORTED: 8}


@dataclass(frozen=True)
class Seen:
    """What was seen of one shop. wrapped: an archive of `docker save` lies in its root."""

    traits: Traits | None
    output: str
    failed: str
    wrapped: bool


# -- judging


def judge(seen: Mapping[str, Seen], wanted: Mapping[str, str], layers: tuple[str, ...]) -> Outcome:
    """Say whether both shops are what they were. layers: of the one that was saved."""
    for name in (SAVED, EXPORTED):
        shop = seen[name]
        if shop.traits is None:
            return NotYet(
                _("There is no image `{name}`.").format(name=name),
                _("Its archive is still there. Which command reads such an archive?"),
            )
        if shop.output != wanted[name]:
            return _closed(name, shop)
    now = seen[SAVED].traits
    if now is not None and now.layers != layers:
        return NotYet(
            _("`{name}` opens, but of its {count} layers it has {now} left.").format(
                name=SAVED, count=len(layers), now=len(now.layers)
            ),
            _("Its archive holds the image as it was. Nothing of it has to be flattened."),
        )
    return Met(_("Both open, and {name} has the layers that it left with.").format(name=SAVED))


def _closed(name: str, shop: Seen) -> NotYet:
    if shop.wrapped:
        return NotYet(
            _("`{name}` does not open, and in its root lies a `manifest.json`.").format(name=name),
            _("That is no file system of a shop. What else has a manifest and layers?"),
        )
    if shop.traits is not None and not shop.traits.cmd:
        return NotYet(
            _("`{name}` does not open: it has its files, and no command to run.").format(name=name),
            _("`docker inspect` knew the command while there was a container."),
        )
    said = shop.failed or shop.output.strip() or _("nothing")
    return NotYet(
        _("`{name}` was told to open and said: {said}").format(name=name, said=said[:160]),
        _("Compare its settings with those of the container that was exported."),
    )


# -- making and looking


def _make(client: DockerClient, here: Session, name: str, batch: str) -> Any:
    """Make the image of a shop, and return the container that it was made from."""
    script = f"mkdir {FOLDER} && echo apples,{PRICES[name]} > {FOLDER}/prices"
    baker = client.containers.create(
        here.image("busybox"), ["sh", "-c", script], labels=here.labels, network_mode="none"
    )
    baker.start()
    baker.wait(timeout=60)
    baker.commit(here.name(name), changes=settings(batch))  # its labels go with it
    return baker


def settings(batch: str) -> str:
    """Return what a shop needs besides its files, as lines of a Dockerfile."""
    return f"ENV BATCH={batch}\nWORKDIR {FOLDER}\nCMD {json.dumps(CMD)}"


def _write(pieces: Any, file: Path) -> None:
    with file.open("wb") as out:
        for piece in pieces:
            out.write(piece)


def _import(here: Session, archive: Path, more: str = "") -> None:
    """Do what `docker import` does in this lab: the image bears its labels."""
    labels = "\n".join(f"LABEL {key}={value}" for key, value in here.labels.items())
    here.docker.api.import_image_from_file(
        str(archive), repository=here.name(archive.stem), changes=f"{labels}\n{more}".strip()
    )


def _look(here: Session, name: str) -> Seen:
    """Open the shop and see."""
    from docker.errors import APIError, ContainerError, ImageNotFound

    client, image = here.docker, here.name(name)
    try:
        client.images.get(image)
    except ImageNotFound:
        return Seen(None, "", "", wrapped=False)
    output = failed = ""
    try:
        said = client.containers.run(image, remove=True, labels=here.labels, network_mode="none")
        output = said.decode("utf-8", "replace")
    except ContainerError as error:
        stderr = error.stderr or b""
        failed = (stderr if isinstance(stderr, str) else stderr.decode("utf-8", "replace")).strip()
    except APIError as error:
        failed = str(error.explanation)
    return Seen(traits(client, image), output, failed, wrapped=_wrapped(here, image))


def _wrapped(here: Session, image: str) -> bool:
    from docker.errors import NotFound

    made = here.docker.containers.create(image, ["none"], labels=here.labels)
    try:
        made.get_archive("/manifest.json")
    except NotFound:
        return False
    finally:
        made.remove(force=True)
    return True


@exercise(LAB, MOVED)
class Moved:
    """Two images that were imported, whatever wrote their archives."""

    hints = (
        "Look what is in each archive before you give it to any command: "
        "`tar tf …/kiosk.tar`, and the same for `stall.tar`.",
        "`kiosk.tar` holds a manifest, settings and layers: it is an image, written by "
        "`docker save`, and `docker load --input` reads it. The name is in it.",
        "`stall.tar` holds a file system, written by `docker export`. Its settings are not in it. "
        "`stall.json` is what `docker inspect` told of the container: look for `Cmd`, `Env` and "
        "`WorkingDir`.",
        "`docker import --change 'ENV BATCH=…' --change 'WORKDIR /shop' --change 'CMD […]' "
        "…/stall.tar NAME`, with what stands in `stall.json`.",
    )

    def start(self, here: Session) -> None:
        """Make both shops, write their archives, remove them, and import both."""
        folder = here.scratch / MOVED
        folder.mkdir(exist_ok=True)
        client = here.docker
        truth: dict[str, Any] = {"batch": secrets.token_hex(2)}
        with engine_errors():
            for name in (SAVED, EXPORTED):
                baker = _make(client, here, name, truth["batch"])
                image = here.name(name)
                if name == SAVED:
                    truth["layers"] = list(traits(client, image).layers)
                    _write(client.api.get_image(f"{image}:latest"), folder / "kiosk.tar")
                else:
                    self._export(here, image, folder)
                baker.remove(force=True)
                client.images.remove(image, force=True)
                _import(here, folder / f"{name}.tar")
        (folder / TRUTH).write_text(json.dumps(truth), encoding="utf-8")

    def _export(self, here: Session, image: str, folder: Path) -> None:
        shop = here.docker.containers.create(image, labels=here.labels)
        _write(shop.export(), folder / "stall.tar")
        kept = json.dumps([shop.attrs], indent=1)
        (folder / "stall.json").write_text(kept, encoding="utf-8")
        shop.remove(force=True)

    def check(self, here: Session) -> Outcome:
        """Run both as they are, and compare with what they said before the move."""
        truth = json.loads((here.scratch / MOVED / TRUTH).read_text(encoding="utf-8"))
        with engine_errors():
            seen = {name: _look(here, name) for name in (SAVED, EXPORTED)}
        wanted = {n: f"apples,{price}\nbatch {truth['batch']}\n" for n, price in PRICES.items()}
        return judge(seen, wanted, tuple(truth["layers"]))

    def solve(self, here: Session) -> None:
        """Load the one, and import the other with its settings."""
        folder = here.scratch / MOVED
        with engine_errors():
            with (folder / "kiosk.tar").open("rb") as archive:
                here.docker.images.load(archive)
            shop = json.loads((folder / "stall.json").read_text(encoding="utf-8"))[0]["Config"]
            lost = [*(f"ENV {each}" for each in shop["Env"]), f"WORKDIR {shop['WorkingDir']}"]
            _import(
                here, folder / "stall.tar", "\n".join([*lost, f"CMD {json.dumps(shop['Cmd'])}"])
            )
