"""Base images in one file, for a class without network: written whole, checked before use.

The file is what `docker save` writes, compressed, with one more member at its end:
`caas-book.json` names the images, the digests of their recipes and the SHA-256 of every
other member. So plain `docker load` reads it too, on any engine, only without the check.
"""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from helpers.drivers.engine import engine_errors
from helpers.drivers.image_api import checked, stream
from helpers.drivers.image_builds import keep_replaced, remove_replaced
from helpers.drivers.image_owners import alone
from helpers.drivers.image_progress import no_progress
from helpers.drivers.image_recipes import catalogue
from helpers.drivers.image_states import states
from helpers.errors import ImageMissing, LabError
from helpers.records.images import BundledImage, ImageState, Manifest, Progress, Recipe
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

MEMBER: Final = "caas-book.json"
STALL: Final = 600  # seconds the engine may be silent while it packs or unpacks
COMPRESSION: Final = 3  # gzip's scale; 6, its default, takes twice as long for a few per cent
CHUNK: Final = 1 << 20  # bytes
SUBJECT: Final = "bundle"  # what progress calls it
# What Python's readers raise for a file that is cut off, altered, or something else altogether.
_DAMAGE: Final = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, KeyError, TypeError)


# --- write ---------------------------------------------------------------------------------


def bundle(
    client: DockerClient,
    path: Path,
    names: Iterable[str],
    progress: Progress = no_progress,
    *,
    recipes: Sequence[Recipe] | None = None,
) -> Manifest:
    """Write the base images `names` into the file `path`; return what it says of itself.

    They must be ready (`ensure`), else ImageMissing is raised. The file appears whole or
    not at all. Raises DiskFull, EngineError.
    """
    found = states(client, names, recipes)
    unready = [each.name for each in found if each.presence != "ready"]
    if unready:
        raise ImageMissing(
            _("These images are not ready: {names}.").format(names=", ".join(unready)),
            remedy=_("`labs images build` makes them ready."),
        )
    part = path.with_name(f"{path.name}.part")
    try:
        with engine_errors():
            manifest = _write(client, part, found, progress)
        part.replace(path)
    except BaseException:
        progress(SUBJECT, "failed", None, "")
        raise
    finally:
        part.unlink(missing_ok=True)
    megabytes = path.stat().st_size / 1e6
    progress(SUBJECT, "ready", 1.0, _("{size:.0f} MB").format(size=megabytes))
    return manifest


def _write(
    client: DockerClient, part: Path, found: Sequence[ImageState], progress: Progress
) -> Manifest:
    api = client.api
    engine = api.version()
    # One call for all: images saved together share the layers of their base.
    names = [each.reference for each in found]
    url = f"{api.base_url}/v{api.api_version}/images/get"
    with closing(api.get(url, params={"names": names}, stream=True, timeout=STALL)) as answer:
        answer.raise_for_status()
        with tarfile.open(part, "w:gz", compresslevel=COMPRESSION) as out:
            sums = _copy(cast("IO[bytes]", answer.raw), out, progress)
            manifest = Manifest(
                architecture=str(engine["Arch"]),
                engine=str(engine["Version"]),
                date=datetime.now(UTC).isoformat(timespec="seconds"),
                images=tuple(
                    BundledImage(each.name, each.reference, each.digest, each.size or 0)
                    for each in found
                ),
                files=sums,
            )
            _append(out, json.dumps(asdict(manifest), indent=1).encode())
    return manifest


def _copy(source: IO[bytes], out: tarfile.TarFile, progress: Progress) -> dict[str, str]:
    """Copy the tar file that streams from `source` into `out`; return its members' sums."""
    sums = {}
    with tarfile.open(fileobj=source, mode="r|") as saved:
        for member, data in _members(saved):
            reader = _Summing(data)
            out.addfile(member, reader)
            sums[member.name] = reader.sum(member)
            read = _("{size:.0f} MB read").format(size=out.offset / 1e6)
            progress(SUBJECT, "save", None, read)
    return sums


def _append(out: tarfile.TarFile, data: bytes) -> None:
    member = tarfile.TarInfo(MEMBER)
    member.size = len(data)
    out.addfile(member, io.BytesIO(data))


class _Summing:
    """A reader that sums what passes through it."""

    def __init__(self, data: IO[bytes] | None) -> None:
        self._data = data
        self._sum = sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._data.read(size) if self._data is not None else b""
        self._sum.update(chunk)
        return chunk

    def sum(self, member: tarfile.TarInfo) -> str:
        """Return the SHA-256 of what was read; of a link, where it points."""
        return f"-> {member.linkname}" if member.linkname else self._sum.hexdigest()


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Yield each member that is no folder, with its content (None for links)."""
    for member in tar:
        if not member.isdir():
            yield member, tar.extractfile(member) if member.isreg() else None


# --- read ----------------------------------------------------------------------------------


def verify(path: Path, progress: Progress = no_progress) -> Manifest:
    """Read a bundle to its end and return its manifest. Raises LabError if anything is amiss."""
    sums: dict[str, str] = {}
    text = b""
    try:
        with tarfile.open(path, "r|gz") as tar:
            for member, data in _members(tar):
                reader = _Summing(data)
                while chunk := reader.read(CHUNK):
                    text += chunk if member.name == MEMBER else b""
                sums[member.name] = reader.sum(member)
                progress(SUBJECT, "check", None, member.name)
        sums.pop(MEMBER)
        manifest = parse_manifest(json.loads(text))
    except FileNotFoundError as error:
        raise LabError(_("There is no file {path}.").format(path=path)) from error
    except _DAMAGE as error:
        raise damaged(path, str(error)) from error
    wrong = sorted(n for n in {*sums, *manifest.files} if sums.get(n) != manifest.files.get(n))
    if wrong:
        raise damaged(path, _("the checksum of {name} is wrong").format(name=wrong[0]))
    return manifest


def damaged(path: Path, why: str) -> LabError:
    """Return the error for a file that is not a whole bundle."""
    return LabError(
        _("{path} is no bundle, or it is damaged: {why}.").format(path=path, why=why),
        remedy=_("Copy it again from where it was made (`labs bundle FILE`), whole."),
    )


def parse_manifest(raw: dict[str, Any]) -> Manifest:
    """Turn the JSON of a manifest into a record. Raises KeyError, TypeError for strange ones."""
    return Manifest(
        architecture=str(raw["architecture"]),
        engine=str(raw["engine"]),
        date=str(raw["date"]),
        images=tuple(
            BundledImage(each["name"], each["reference"], each["digest"], each["size"])
            for each in raw["images"]
        ),
        files=dict(raw["files"]),
    )


def load(
    client: DockerClient,
    path: Path,
    progress: Progress = no_progress,
    *,
    recipes: Sequence[Recipe] | None = None,
) -> tuple[ImageState, ...]:
    """Read a bundle into the engine; return the states of its images.

    Nothing is touched before the whole file has been checked. Raises LabError for a damaged
    file, another processor, or a bundle of another version of the book; EngineError.
    """
    recipes = catalogue() if recipes is None else recipes
    try:
        manifest = verify(path, progress)
        known = {recipe.name for recipe in recipes}
        names = [image.name for image in manifest.images if image.name in known]
        _check_fits(client, manifest, states(client, names, recipes))
        with alone(client, progress, SUBJECT), engine_errors():
            _load(client, path, manifest, progress)
    except BaseException:
        progress(SUBJECT, "failed", None, "")
        raise
    progress(SUBJECT, "ready", 1.0, _("loaded"))
    return states(client, names, recipes)


def _check_fits(client: DockerClient, manifest: Manifest, here: Sequence[ImageState]) -> None:
    with engine_errors():
        engine = str(client.api.version()["Arch"])
    if manifest.architecture != engine:
        raise LabError(
            _("This bundle is for {bundle}, the engine runs on {engine}.").format(
                bundle=manifest.architecture, engine=engine
            ),
            remedy=_("Make one on a machine of the same kind: `labs bundle FILE`."),
        )
    digests = {image.name: image.digest for image in manifest.images}
    spoilt = [s.name for s in here if s.presence == "ready" and digests[s.name] != s.digest]
    if spoilt:
        raise LabError(
            _(
                "This bundle is of another version of the book; it would replace good images "
                "by others: {names}."
            ).format(names=", ".join(spoilt)),
            remedy=_("Make a new one with this version: `labs bundle FILE`."),
        )


def _load(client: DockerClient, path: Path, manifest: Manifest, progress: Progress) -> None:
    for image in manifest.images:
        keep_replaced(client, image.reference)
    try:
        with path.open("rb") as body:
            for event in checked(
                stream(client.api, "/images/load", {"quiet": "0"}, body, stall=STALL)
            ):
                count = event.get("progressDetail") or {}
                done = count["current"] / count["total"] if count.get("total") else None
                line = str(event.get("stream") or event.get("status") or "").strip()
                progress(SUBJECT, "load", done, line)
    finally:
        remove_replaced(client)
