"""OCI layouts: written from both forms of `docker save`, read, searched, and never escaped from."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.drivers import oci
from helpers.drivers.layer_archives import UnreadableLayers

KEY = "made-up-key"


def tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 7
            made.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            made.addfile(entry)
    return archive.getvalue()


BOTTOM, TOP = tar({"etc/motd": b"hello\n"}), tar({"tmp/key": KEY.encode()})


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def config(*layers: bytes, history: list[dict[str, str]] | None = None) -> bytes:
    rootfs = {"type": "layers", "diff_ids": [sha(each) for each in layers]}
    return json.dumps({"os": "linux", "rootfs": rootfs, "history": history or []}).encode()


def client(archive: bytes) -> Any:
    """An engine whose `docker save` answers with `archive`, in two pieces."""
    pieces = [archive[:100], archive[100:]]
    return SimpleNamespace(api=SimpleNamespace(get_image=lambda _name, chunk_size: iter(pieces)))


def older(*, linked: bool = False) -> bytes:
    """What Docker up to 24 writes; linked: the second layer is a link to the first."""
    settings = config(BOTTOM, BOTTOM if linked else TOP)
    manifest = [{"Config": "c.json", "RepoTags": ["x:9"], "Layers": ["1/layer.tar", "2/layer.tar"]}]
    files = {
        "c.json": settings,
        "manifest.json": json.dumps(manifest).encode(),
        "1/layer.tar": BOTTOM,
    }
    if linked:
        return tar(files, {"2/layer.tar": "../1/layer.tar"})
    return tar({**files, "2/layer.tar": TOP})


def current(folder: Path, *, attested: bool = False) -> bytes:
    """What the containerd image store writes: compressed layers, an index in the index."""
    packed = gzip.compress(TOP)
    settings = config(BOTTOM, TOP, history=[{"created_by": f"|1 TOKEN={KEY}"}])
    image = oci.put(
        folder,
        json.dumps(
            {
                "config": oci.put(folder, settings, oci.CONFIG),
                "layers": [oci.put(folder, BOTTOM, oci.LAYER), oci.put(folder, packed, oci.LAYER)],
            }
        ).encode(),
        oci.MANIFEST,
    )
    listed = [image]
    if attested:
        proof = {**image, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        inner = json.dumps({"manifests": [proof, image]}).encode()
        listed = [oci.put(folder, inner, oci.INDEX)]
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return tar(
        {**files, "index.json": json.dumps({"manifests": listed}).encode(), "oci-layout": b"{}"}
    )


@pytest.mark.parametrize("linked", [False, True])
def test_the_older_form_is_put_in_order(tmp_path: Path, linked: bool) -> None:
    """Every blob ends up under its own digest, and the manifest names them in order."""
    layout = oci.save(client(older(linked=linked)), "x", tmp_path / "layout")
    assert layout.written == "docker"
    assert [each.digest for each in layout.layers] == layout.config["rootfs"]["diff_ids"]
    blobs = [*(layout.folder / "blobs" / "sha256").iterdir()]
    assert all(sha(each.read_bytes()) == f"sha256:{each.name}" for each in blobs)
    assert {each.name for each in layout.folder.iterdir()} == {"blobs", "index.json", "oci-layout"}


@pytest.mark.parametrize("attested", [False, True])
def test_the_current_form_is_read_as_it_is(tmp_path: Path, attested: bool) -> None:
    """Through an index in the index, and past a proof of where it comes from."""
    archive = current(tmp_path / "made", attested=attested)
    layout = oci.save(client(archive), "x", tmp_path / "layout")
    assert layout.written == "oci"
    assert oci.paths(layout, 1) == ("/etc/motd",)
    assert [content for _member, content in oci.files(layout, 2)] == [KEY.encode()]


def test_a_search_finds_papers_and_compressed_layers(tmp_path: Path) -> None:
    """A secret shows in the history and in a file, with the layer's number."""
    layout = oci.save(client(current(tmp_path / "made")), "x", tmp_path / "layout")
    assert [each.where for each in oci.search(layout, KEY)] == [
        "history, step 1",
        "layer 2: /tmp/key",
    ]
    assert oci.search(layout, "something else") == ()
    assert oci.search(layout, "linux")[0].where == "configuration"


def test_what_was_saved_before_is_gone(tmp_path: Path) -> None:
    """A second image in the same folder does not mix with the first."""
    folder = tmp_path / "layout"
    oci.save(client(current(tmp_path / "made")), "x", folder)
    layout = oci.save(client(older()), "x", folder)
    assert oci.search(layout, "TOKEN") == ()


def test_times_and_contents_come_along(tmp_path: Path) -> None:
    """For comparing, each entry has its time and its content's digest."""
    layout = oci.save(client(older()), "x", tmp_path / "layout")
    (digest, (entry,)) = oci.papers(layout).layers[0]
    assert digest == sha(BOTTOM)
    assert (entry.path, entry.time, entry.digest) == ("/etc/motd", 7, sha(b"hello\n")[7:])


@pytest.mark.parametrize(
    "archive",
    [
        tar({"../outside": b"x"}),
        tar({"manifest.json": b"[]"}),
        tar({"oci-layout": b"{}", "index.json": b'{"manifests": []}'}),
        tar({"oci-layout": b"{}", "index.json": b"[1"}),
        b"no archive at all, though long enough to be one" * 30,
    ],
    ids=["leads out", "no image", "empty index", "no JSON", "no tar"],
)
def test_damaged_archives_are_refused_in_a_sentence(tmp_path: Path, archive: bytes) -> None:
    """And nothing is written outside the folder."""
    with pytest.raises(UnreadableLayers):
        oci.save(client(archive), "x", tmp_path / "in" / "layout")
    assert [each.name for each in tmp_path.iterdir()] == ["in"]
