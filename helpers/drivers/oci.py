"""Have the engine write an image into a folder, as an OCI layout, and read it there.

Docker 25 and later save images in that form. What earlier ones write holds the same bytes
under other names; `save` puts them in order, so that one way of reading does for all.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helpers.drivers.engine import engine_errors
from helpers.drivers.layer_archives import CHUNK, Arriving, UnreadableLayers, clean, drain
from helpers.records.builds import Papers, Place, Stamped
from helpers.records.oci import Descriptor, Layout, Written
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

INDEX: Final = "application/vnd.oci.image.index.v1+json"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_DEPTH: Final = 8  # of indexes in indexes


def save(client: DockerClient, image: str, folder: Path) -> Layout:
    """Write `image` into the new folder `folder` as an OCI layout, and open it.

    What was in the folder goes. Raises LabError, UnreadableLayers.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with engine_errors():
        chunks = client.api.get_image(image, chunk_size=CHUNK)
    links = _unpack(io.BufferedReader(Arriving(chunks), CHUNK), folder)
    if (folder / "oci-layout").exists():
        return read(folder)
    _put_in_order(folder, links)
    return read(folder, "docker")


def _unpack(archive: io.BufferedReader, folder: Path) -> dict[str, str]:
    """Write the archive's files below `folder`; return its links, name -> where they lead."""
    links = {}
    try:
        with tarfile.open(fileobj=archive, mode="r|") as tar:
            for member in tar:
                name = clean(member.name)[1:]
                if member.issym():
                    links[name] = posixpath.normpath(f"{posixpath.dirname(name)}/{member.linkname}")
                elif member.islnk():
                    links[name] = clean(member.linkname)[1:]
                elif member.isreg() and (content := tar.extractfile(member)) is not None:
                    target = folder / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        shutil.copyfileobj(content, file, CHUNK)
        drain(archive)
    except (tarfile.TarError, EOFError) as error:
        raise UnreadableLayers(str(error)) from error
    return links


def _put_in_order(folder: Path, links: dict[str, str]) -> None:
    """Turn the archive of Docker up to 24, unpacked in `folder`, into an OCI layout."""
    try:
        papers = json.loads((folder / "manifest.json").read_bytes())[0]
        names = [links.get(name, name) for name in papers["Layers"]]
        config = (folder / papers["Config"]).read_bytes()
        made = [_adopt(folder, folder / name, LAYER) for name in names]
    except (OSError, ValueError, LookupError) as error:
        raise UnreadableLayers(str(error)) from error
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": put(folder, config, CONFIG),
        "layers": made,
    }
    listed = put(folder, json.dumps(manifest).encode(), MANIFEST)
    tag = next(iter(papers.get("RepoTags") or []), "")
    if tag:
        listed["annotations"] = {"org.opencontainers.image.ref.name": tag.rpartition(":")[2]}
    for each in folder.iterdir():
        if each.name != "blobs":
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")


def put(folder: Path, content: bytes, media_type: str) -> dict[str, Any]:
    """Write a blob into the layout `folder` and return its descriptor, as JSON has it."""
    digest = hashlib.sha256(content).hexdigest()
    target = folder / "blobs" / "sha256" / digest
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _adopt(folder: Path, file: Path, media_type: str) -> dict[str, Any]:
    """Move `file` among the blobs (two layers may be one file) and return its descriptor."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    target = folder / "blobs" / "sha256" / digest
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    return {
        "mediaType": media_type,
        "digest": f"sha256:{digest}",
        "size": target.stat().st_size,
    }


def read(folder: Path, written: Written = "oci") -> Layout:
    """Open the first image of the OCI layout in `folder`. Raises UnreadableLayers."""
    try:
        index = json.loads((folder / "index.json").read_bytes())
        found, manifest = _first_image(folder, index)
        config = json.loads(_blob(folder, manifest["config"]["digest"]).read_bytes())
        layers = tuple(descriptor(each) for each in manifest["layers"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UnreadableLayers(str(error)) from error
    return Layout(folder, written, found, config, layers)


def _first_image(folder: Path, index: dict[str, Any]) -> tuple[Descriptor, dict[str, Any]]:
    """Follow indexes to the first manifest that is here, past attestations."""
    for _step in range(_DEPTH):
        for each in index["manifests"]:
            proof = "vnd.docker.reference.type" in (each.get("annotations") or {})
            if not proof and _blob(folder, each["digest"]).exists():
                paper = json.loads(_blob(folder, each["digest"]).read_bytes())
                break
        else:
            break
        if "layers" in paper:
            return descriptor(each), paper
        index = paper
    raise UnreadableLayers(_("its index names no image that is in it"))


def _blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / digest.replace(":", "/", 1)


def descriptor(raw: dict[str, Any]) -> Descriptor:
    """Read a descriptor from JSON."""
    return Descriptor(str(raw["mediaType"]), str(raw["digest"]), int(raw["size"]))


def files(layout: Layout, number: int) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield what layer `number` (from 1) holds, files with their content."""
    with tarfile.open(layout.blob(layout.layers[number - 1].digest), mode="r:*") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            yield member, content.read() if content is not None else b""


def paths(layout: Layout, number: int) -> tuple[str, ...]:
    """Return the paths in layer `number` (from 1)."""
    with tarfile.open(layout.blob(layout.layers[number - 1].digest), mode="r:*") as tar:
        return tuple(clean(member.name) for member in tar)


def papers(layout: Layout) -> Papers:
    """Return the image's parts for comparing: its configuration, and each entry's time."""
    diff_ids = layout.config["rootfs"]["diff_ids"]
    layers = []
    for number, digest in enumerate(diff_ids, 1):
        entries = (
            Stamped(clean(member.name), int(member.mtime), hashlib.sha256(content).hexdigest())
            for member, content in files(layout, number)
        )
        layers.append((str(digest), tuple(entries)))
    return Papers(layout.config, tuple(layers))


def search(layout: Layout, text: str) -> tuple[Place, ...]:
    """Return every place of an image that holds `text`: its papers, and files in its layers."""
    wanted = text.encode()
    found = []
    for at, step in enumerate(layout.config.get("history") or [], 1):
        if text in json.dumps(step, ensure_ascii=False):
            found.append(Place(_("history, step {number}").format(number=at)))
    rest = {key: value for key, value in layout.config.items() if key != "history"}
    if text in json.dumps(rest, ensure_ascii=False):
        found.append(Place(_("configuration")))
    for number in range(1, len(layout.layers) + 1):
        for member, content in files(layout, number):
            if wanted in content:
                where = _("layer {number}: {path}")
                found.append(Place(where.format(number=number, path=clean(member.name)), number))
    return tuple(found)
