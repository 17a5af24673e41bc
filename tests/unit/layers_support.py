"""What the tests of layers build: archives as engines save them, and a naive model of layers.

The model unpacks every layer into a tree of nodes: slow, plain, and the judge of the rest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from helpers.drivers import layer_archives as driver
from helpers.records.layers import ImageStack

Member = tuple[str, str, int, str]  # name, kind, size, link target
TYPES = {
    "file": tarfile.REGTYPE,
    "directory": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "other": tarfile.FIFOTYPE,
}


def file(name: str, size: int = 1) -> Member:
    return name, "file", size, ""


def folder(name: str) -> Member:
    return name, "directory", 0, ""


def build(layers: Sequence[Sequence[Member]]) -> ImageStack:
    """Return the image with these layers, read from an archive."""
    return driver.parse(old_archive([layer_tar(members) for members in layers]), "image")


# -- archives to read


def layer_tar(members: Sequence[Member]) -> bytes:
    """Return a layer's archive; a file's bytes depend on its size only."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", errors="surrogateescape") as tar:
        for name, kind, size, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = TYPES[kind], target
            info.size = size if kind == "file" else 0
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return out.getvalue()


def archive(files: Sequence[tuple[str, bytes | str]]) -> io.BytesIO:
    """Return an archive of named files; text stands for a symbolic link to that name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return io.BytesIO(out.getvalue())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def image_settings(tars: Sequence[bytes]) -> bytes:
    steps = [{"created_by": f"/bin/sh -c step {n}"} for n, _tar in enumerate(tars, 1)]
    diff_ids = [f"sha256:{digest(tar)}" for tar in tars]
    history = [*steps, {"created_by": "CMD", "empty_layer": True}]
    return json.dumps({"history": history, "rootfs": {"diff_ids": diff_ids}}).encode()


def old_archive(tars: Sequence[bytes]) -> io.BytesIO:
    """Return what Docker up to 24 saves: a folder a layer, links for repeated ones."""
    files: list[tuple[str, bytes | str]] = []
    names: list[str] = []
    for number, tar in enumerate(tars):
        names.append(f"{number:x}/layer.tar")
        twin = tars.index(tar)
        files.append((names[-1], tar if twin == number else f"../{twin:x}/layer.tar"))
    manifest = [{"Config": "settings.json", "Layers": names}]
    files += [("settings.json", image_settings(tars)), ("manifest.json", dump(manifest))]
    return archive(files)


def dump(thing: object) -> bytes:
    return json.dumps(thing).encode()


def oci_archive(tars: Sequence[bytes], *, compat: bool = True, attested: bool = True) -> io.BytesIO:
    """Return an OCI layout with gzipped layers; compat: with Docker's manifest, last."""
    names = [digest(gzip.compress(tar, mtime=0)) for tar in tars]
    blobs = {name: gzip.compress(tar, mtime=0) for name, tar in zip(names, tars, strict=True)}
    config = image_settings(tars)
    manifest = dump(
        {
            "config": {"digest": f"sha256:{digest(config)}"},
            "layers": [{"digest": f"sha256:{name}"} for name in names],
        }
    )
    attestation = {
        "digest": "sha256:00",
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    inner = dump(
        {"manifests": [attestation] * attested + [{"digest": f"sha256:{digest(manifest)}"}]}
    )
    for blob in (config, manifest, inner):
        blobs[digest(blob)] = blob
    files: list[tuple[str, bytes | str]] = [
        (f"blobs/sha256/{name}", blob) for name, blob in sorted(blobs.items())
    ]
    files.append(("index.json", dump({"manifests": [{"digest": f"sha256:{digest(inner)}"}]})))
    if compat:
        paths = [f"blobs/sha256/{name}" for name in names]
        files.append(
            ("manifest.json", dump([{"Config": f"blobs/sha256/{digest(config)}", "Layers": paths}]))
        )
    return archive(files)


# -- the naive model


@dataclass(eq=False)
class Node:
    """A thing in a tree. entry: (layer, path); None: a directory that nobody listed."""

    kind: str
    entry: tuple[int, str] | None
    inode: tuple[int, int] | None = None
    size: int = 0
    below: dict[str, Node] = field(default_factory=dict)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.below.values():
            yield from child.walk()


def folder_at(root: Node, parts: Sequence[str], gone: list[Node]) -> Node:
    """Walk down, putting directories in the place of whatever else is there."""
    for part in parts:
        there = root.below.get(part)
        if there is None or there.kind != "directory":
            gone += there.walk() if there is not None else ()
            there = root.below[part] = Node("directory", None)
        root = there
    return root


def look(root: Node, parts: Sequence[str]) -> Node | None:
    for part in parts:
        if part not in root.below:
            return None
        root = root.below[part]
    return root


def is_marker(base: str) -> bool:
    if base.startswith(".wh..wh."):
        return base == ".wh..wh..opq"
    return base.startswith(".wh.") and base not in (".wh.", ".wh..", ".wh...")


def split(name: str) -> list[str]:
    return [part for part in driver.clean(name).split("/") if part]


@dataclass
class Model:
    """Applies layers to a tree, one archive member after the other."""

    root: Node = field(default_factory=lambda: Node("directory", None))
    hidden_by: dict[tuple[int, str], int] = field(default_factory=dict)
    stored: dict[tuple[int, int], int] = field(default_factory=dict)
    hides: dict[int, int] = field(default_factory=dict)

    def apply(self, number: int, members: Sequence[Member]) -> None:
        before = self.seen()
        gone: list[Node] = []
        for name, *_rest in members:
            self.mark(split(name), gone)
        top = unpack(number, members)
        self.stored |= {node.inode: node.size for node in top.walk() if node.inode}
        self.merge(self.root, top, gone)
        for node in gone:
            if node.entry is not None:
                self.hidden_by[node.entry] = number
        self.hides[number] = sum(before[i] for i in before.keys() - self.seen().keys())

    def mark(self, parts: list[str], gone: list[Node]) -> None:
        base = parts[-1] if parts else ""
        if base == ".wh..wh..opq":
            folder = folder_at(self.root, parts[:-1], gone)
            for child in folder.below.values():
                gone += child.walk()
            folder.below.clear()
        elif is_marker(base):
            there = folder_at(self.root, parts[:-1], gone).below.pop(base[4:], None)
            gone += there.walk() if there is not None else ()

    def merge(self, low: Node, top: Node, gone: list[Node]) -> None:
        if top.entry is not None:
            gone.append(Node("directory", low.entry))
            low.entry, low.inode, low.size = top.entry, top.inode, top.size
        for name, child in top.below.items():
            there = low.below.get(name)
            if there is not None and there.kind == child.kind == "directory":
                self.merge(there, child, gone)
                continue
            gone += there.walk() if there is not None else ()
            low.below[name] = child

    def seen(self) -> dict[tuple[int, int], int]:
        return {node.inode: node.size for node in self.root.walk() if node.inode}


def unpack(number: int, members: Sequence[Member]) -> Node:
    """Unpack one layer's archive into a tree of its own."""
    root, inodes = Node("directory", None), count(1)
    for name, kind, size, target in members:
        parts = split(name)
        if not parts:
            if kind == "directory":
                root.entry, root.inode = (number, "/"), (number, next(inodes))
            continue
        if parts[-1].startswith(".wh."):
            if is_marker(parts[-1]):
                folder_at(root, parts[:-1], [])
            continue
        linked = look(root, split(target)) if kind == "hardlink" else None
        if linked is not None and linked.entry is None:
            linked = None
        if linked is not None and split(target) == parts:
            continue
        above = folder_at(root, parts[:-1], [])
        there = above.below.get(parts[-1])
        entry = (number, "/" + "/".join(parts))
        if kind == "directory" and there is not None and there.kind == "directory":
            there.entry, there.inode = entry, (number, next(inodes))
        elif linked is not None and linked.kind != "directory":
            above.below[parts[-1]] = Node(linked.kind, entry, linked.inode, linked.size)
        else:
            weight = {"file": size, "symlink": len(os.fsencode(target))}.get(kind, 0)
            plain = "file" if kind == "hardlink" else kind
            above.below[parts[-1]] = Node(plain, entry, (number, next(inodes)), weight)
    return root
