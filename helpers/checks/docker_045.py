"""The exercise of docker/045-inside-an-image: four crates, three of which were tampered with.

Each is an OCI layout of a few kilobytes, written by Python. `verify` finds the first link of
the chain that does not hold; the check compares what the reader says with it.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.drivers.oci import CONFIG, INDEX, LAYER, MANIFEST, put
from helpers.text import _

if TYPE_CHECKING:
    from helpers.labs.session import Session

LAB: Final = "docker/045-inside-an-image"
CRATES: Final = "crates"
NAMES: Final = ("a", "b", "c", "d")
SOUND, BLOB, LAYERS, MANIFESTS = "sound", "blob", "layers", "manifest"
VERDICTS: Final = (SOUND, BLOB, LAYERS, MANIFESTS)
MAKER: Final = "maker"  # a container whose log names the digest that was published
ANSWERS: Final = "verdicts.json"


# -- making


def layer(price: int) -> bytes:
    """Return a layer with one file, the same bytes each time."""
    archive, content = io.BytesIO(), f"apples,{price}\n".encode()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("prices")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def write(folder: Path, content: bytes, labels: Mapping[str, str], *, named: bytes = b"") -> str:
    """Write an image with the layer `content`; return its manifest's digest.

    named: what the configuration says the layer is, where that is something else.
    """
    diff_id = f"sha256:{hashlib.sha256(named or content).hexdigest()}"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["cat", "/prices"], "Labels": dict(labels)},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": put(folder, json.dumps(config).encode(), CONFIG),
        "layers": [put(folder, content, LAYER)],
    }
    listed = put(folder, json.dumps(manifest).encode(), MANIFEST)
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")
    return str(listed["digest"])


def make(folder: Path, kinds: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """Write the crates, each tampered with as `kinds` says; return the published digest.

    labels: of the images, so that one that is pulled is known as the lab's.
    """
    shutil.rmtree(folder, ignore_errors=True)
    good, bad, published = layer(3), layer(9), ""
    for name, kind in kinds.items():
        crate = folder / name
        if kind in (SOUND, BLOB):
            published = write(crate, good, labels)
        if kind == BLOB:  # a file changed, and nothing else
            named = hashlib.sha256(good).hexdigest()
            (crate / "blobs" / "sha256" / named).write_bytes(bad)
        elif kind == LAYERS:  # all names made right again but the one in the configuration
            write(crate, bad, labels, named=good)
        elif kind == MANIFESTS:  # all names made right
            write(crate, bad, labels)
    return published


# -- verifying


def verify(folder: Path, published: str) -> str:
    """Return the first link that does not hold, from the blobs up; "sound" where all do."""
    for blob in (folder / "blobs" / "sha256").iterdir():
        if hashlib.sha256(blob.read_bytes()).hexdigest() != blob.name:
            return BLOB
    listed = json.loads((folder / "index.json").read_bytes())["manifests"][0]
    manifest = _json(folder, listed["digest"])
    config = _json(folder, manifest["config"]["digest"])
    if [each["digest"] for each in manifest["layers"]] != config["rootfs"]["diff_ids"]:
        return LAYERS  # these layers are not compressed, so digest and diff_id are one
    return SOUND if listed["digest"] == published else MANIFESTS


def _json(folder: Path, digest: str) -> Any:
    return json.loads((folder / "blobs" / digest.replace(":", "/")).read_bytes())


def judge(truth: Mapping[str, str], said: Mapping[str, object]) -> Outcome:
    """Compare what the reader says with what is so, without giving it away."""
    missing = [name for name in truth if name not in said]
    if missing:
        return NotYet(
            _("No verdict yet on {names}.").format(names=", ".join(missing)),
            _("Say for each crate which link of the chain breaks first, or `sound`."),
        )
    for name, verdict in said.items():
        if verdict not in VERDICTS:
            return NotYet(
                _("`{verdict}` is no verdict.").format(verdict=str(verdict)[:40]),
                _("The words are {words}.").format(words=", ".join(VERDICTS)),
            )
        if truth.get(name, verdict) != verdict:
            return NotYet(
                _("Crate {name}: not `{verdict}`.").format(name=name, verdict=verdict),
                HINT_FOR[truth[name]],
            )
    sound = next(name for name, verdict in truth.items() if verdict == SOUND)
    return Met(_("Only crate {name} holds what its maker published.").format(name=sound))


HINT_FOR: Final = {
    SOUND: _("Which of its links did you see break? Compute it once more."),
    BLOB: _("A blob's name is the SHA-256 of its bytes. Of every blob."),
    LAYERS: _("Its blobs are what they are called. Does the configuration speak of that layer?"),
    MANIFESTS: _("It agrees with itself. Does it agree with what the maker published?"),
}


@exercise(LAB, CRATES)
class Crates:
    """Four copies of an image; one is as published, three were tampered with."""

    hints = (
        "Go up the chain as above: are the blobs what they are called; does the manifest name "
        "the layer whose diff_id stands in the configuration; is the manifest the published one?",
        "`hashlib.sha256(path.read_bytes()).hexdigest() == path.name` for each file in "
        "`blobs/sha256`. The crate for which this fails is a `blob`.",
        "These layers are not compressed, so a layer's `digest` in the manifest must be its "
        "`diff_id` in the configuration. Where it is not: `layers`.",
        "Whoever changes a file and then mends every name above it gets an image that is fine, "
        "and another. Only its digest in index.json tells: compare it with what the maker says.",
    )

    def start(self, here: Session) -> None:
        """Write four crates in a new order, and forget earlier verdicts."""
        kinds = random.sample(VERDICTS, len(NAMES))
        published = make(_folder(here), dict(zip(NAMES, kinds, strict=True)), here.labels)
        with engine_errors():
            for old in here.docker.containers.list(
                all=True, filters={"name": f"^/?{here.name(MAKER)}$"}
            ):
                old.remove(force=True)
            maker = here.docker.containers.run(
                here.image("busybox"),
                ["echo", published],
                name=here.name(MAKER),
                labels=here.labels,
                network_mode="none",
                detach=True,
            )
            maker.wait(timeout=60)

    def check(self, here: Session) -> Outcome:
        """Verify the crates and compare with the reader's verdicts."""
        return judge(_truth(here), _said(here))

    def solve(self, here: Session) -> None:
        """Write down what verifying finds."""
        (_folder(here) / ANSWERS).write_text(json.dumps(_truth(here)), encoding="utf-8")


def _folder(here: Session) -> Path:
    return here.scratch / CRATES


def _truth(here: Session) -> dict[str, str]:
    folder = _folder(here)
    with engine_errors():
        published = here.container(MAKER).logs().decode().strip()
    return {name: verify(folder / name, published) for name in NAMES}


def _said(here: Session) -> dict[str, object]:
    try:
        said = json.loads((_folder(here) / ANSWERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
