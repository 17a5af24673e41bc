"""Read the archives in which engines hand out images and file systems, as they arrive.

Both forms of `docker save` are understood: the archive of Docker up to 24 (a folder a layer)
and the OCI layout of Docker 25 and later; layers plain or compressed with gzip. Nothing is
unpacked or kept. Every layer is checked against the digest by which the image names it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from helpers.analysis.layers import instruction, settle
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.records.layers import FileEntry, ImageStack, Kind, Layer
from helpers.text import _

if TYPE_CHECKING:
    pass

Progress = Callable[[int, int | None], None]  # bytes read so far, bytes expected

CHUNK: Final = 1 << 20
TAR_BUFFER: Final = 1 << 14  # tarfile copies the rest of its buffer at each read: keep it small
MOST_JSON: Final = 8 << 20  # bytes; manifests and settings are thousands of times smaller
_SYMLINKS: Final = 40  # as many as Linux follows
_DAMAGED: Final = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)


class UnreadableLayers(LabError):
    """An archive of layers is damaged, or of a kind that is not read here."""

    def __init__(self, why: str) -> None:
        super().__init__(
            _("These layers cannot be read: {why}.").format(why=why),
            remedy=_("Run the cell again; if that does not help, build or pull the image anew."),
        )


def quiet(_done: int, _expected: int | None) -> None:
    """Show no progress."""


# -- bytes as they come


class Arriving(io.RawIOBase):
    """A file made of the chunks that an engine sends. Its errors are the engine's."""

    def __init__(
        self, chunks: Iterable[bytes], progress: Progress = quiet, expected: int | None = None
    ) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self._progress = progress
        self._expected = expected
        self._done = 0

    def readable(self) -> bool:
        """Say that one can read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what there is; 0 at the end."""
        while not self._rest:
            with engine_errors():
                chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
            self._done += len(chunk)
            self._progress(self._done, self._expected)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def drain(archive: Any) -> None:
    """Read an archive's padding: an answer read to its end gives its connection back."""
    while archive.read(CHUNK):
        pass


class Readable(Protocol):
    """Something to read bytes from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes; none at the end."""


class _Hashed(io.RawIOBase):
    """Passes a file on and takes its SHA-256."""

    def __init__(self, source: Readable) -> None:
        super().__init__()
        self._source = source
        self._sum = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._source.read(len(buffer))
        self._sum.update(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def digest(self) -> str:
        """Return the digest of all there is, read or not."""
        while self.read(CHUNK):
            pass
        return f"sha256:{self._sum.hexdigest()}"


# -- one layer


def entries(archive: Any) -> Iterator[FileEntry]:
    """Yield what a layer's archive (a readable file of a plain tar) holds, in its order.

    Raises UnreadableLayers where it is damaged, or a name leads out of the layer.
    """
    try:
        with tarfile.open(
            fileobj=archive,
            mode="r|",
            bufsize=TAR_BUFFER,
            encoding="utf-8",
            errors="surrogateescape",
        ) as tar:
            for member in tar:
                yield _entry(tar, member)
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
    except LabError:
        raise
    except _DAMAGED as error:
        raise UnreadableLayers(str(error) or type(error).__name__) from error


def _open(archive: Any) -> tarfile.TarFile:
    return tarfile.open(
        fileobj=archive,
        mode="r|",
        bufsize=TAR_BUFFER,
        encoding="utf-8",
        errors="surrogateescape",
    )


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> FileEntry:
    kind = _kind(member)
    content = tar.extractfile(member) if kind == "file" else None
    target = clean(member.linkname) if kind == "hardlink" else ""
    return FileEntry(
        path=clean(member.name),
        kind=kind,
        size=_size(member, kind),
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        target=member.linkname if kind == "symlink" else target,
        digest=_digest(content) if content is not None else "",
    )


def _size(member: tarfile.TarInfo, kind: Kind) -> int:
    """Return the bytes that an engine counts: of files, and of where symbolic links lead."""
    if kind == "symlink":
        return len(os.fsencode(member.linkname))
    if member.size < 0:
        raise UnreadableLayers(_("{name} has no size").format(name=ascii(member.name)))
    return member.size if kind == "file" else 0


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.isreg():
        return "file"
    if member.isdir():
        return "directory"
    if member.issym():
        return "symlink"
    return "hardlink" if member.islnk() else "other"


def _digest(content: Readable) -> str:
    total = hashlib.sha256()
    while chunk := content.read(CHUNK):
        total.update(chunk)
    return total.hexdigest()


def clean(name: str) -> str:
    """Return the absolute path that a name in an archive means.

    "./etc//passwd", "/etc/passwd" and "etc/x/../passwd" are the same. Raises
    UnreadableLayers for a name that leads out, such as "../x": engines refuse it, too.
    """
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                raise UnreadableLayers(_("the name {name} leads out").format(name=ascii(name)))
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


# -- an image's archive


@dataclass
class _Archive:
    """What an image's archive holds, by name: its papers, its layers, its other names."""

    papers: dict[str, Any] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`. Raises UnreadableLayers."""
        for _step in range(_SYMLINKS):
            if name not in self.links:
                break
            name = self.links[name]
        if name not in self.layers:
            why = self.unread.get(name, _("it is missing"))
            raise UnreadableLayers(_("layer {name}: {why}").format(name=ascii(name), why=why))
        return self.layers[name]


def parse(archive: Any, name: str) -> ImageStack:
    """Return the image in what `docker save` wrote (a readable file), under the name `name`."""
    found = _Archive()
    try:
        with _open(archive) as tar:
            for member in tar:
                _take(found, tar, member)
                tar.members.clear()  # type: ignore[attr-defined]
        drain(archive)
        return _assemble(found, name)
    except LabError:
        raise
    except _DAMAGED as error:
        raise UnreadableLayers(str(error) or type(error).__name__) from error


def _take(found: _Archive, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    name = posixpath.normpath(member.name)
    if member.issym():
        target = posixpath.join(posixpath.dirname(name), member.linkname)
        found.links[name] = posixpath.normpath(target)
    elif member.islnk():
        found.links[name] = posixpath.normpath(member.linkname)
    elif member.isreg() and (content := tar.extractfile(member)) is not None:
        # tarfile hands out buffered readers, though its stubs do not say so
        _take_file(found, name, member.size, cast(io.BufferedReader, content))


def _take_file(found: _Archive, name: str, size: int, content: io.BufferedReader) -> None:
    """Tell layers from papers by their first bytes: an OCI layout names both by digest."""
    head = content.peek(512)[:512]
    if head[:2] == b"\x1f\x8b":
        found.layers[name] = _layer(gzip.GzipFile(fileobj=content))
    elif head[257:262] == b"ustar" or (size % 512 == 0 and not head.strip(b"\0")):
        found.layers[name] = _layer(content)
    elif head[:1] in (b"{", b"[") and size <= MOST_JSON:
        found.papers[name] = _json(content.read())
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        found.unread[name] = _("it is compressed with zstd, which is not read here")
    else:
        found.unread[name] = _("it is no tar archive")


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # a blob that merely begins like JSON; missed only if the image needs it


def _layer(content: Readable) -> Layer:
    hashed = _Hashed(content)
    layer = settle(entries(io.BufferedReader(hashed, CHUNK)))
    return replace(layer, digest=hashed.digest())


def _assemble(found: _Archive, name: str) -> ImageStack:
    settings, names = _manifest(found)
    wanted = settings["rootfs"]["diff_ids"]
    layers = [found.layer(posixpath.normpath(each)) for each in names]
    if [layer.digest for layer in layers] != list(wanted):
        raise UnreadableLayers(_("their digests are not those that the image names"))
    made_by = [
        instruction(str(step.get("created_by") or step.get("comment") or ""))
        for step in settings.get("history") or []
        if not step.get("empty_layer")
    ]
    if len(made_by) != len(layers):
        made_by = [""] * len(layers)
    return ImageStack(
        name,
        tuple(
            replace(layer, number=number, created_by=by)
            for number, (layer, by) in enumerate(zip(layers, made_by, strict=True), 1)
        ),
    )


def _manifest(found: _Archive) -> tuple[Mapping[str, Any], list[str]]:
    """Return the image's settings and the names of its layers, the bottom first."""
    docker = found.papers.get("manifest.json")
    if docker:
        return found.papers[posixpath.normpath(docker[0]["Config"])], docker[0]["Layers"] or []
    index = found.papers.get("index.json")
    if not index:
        raise UnreadableLayers(_("there is no manifest"))
    manifest = _first_image(found, index)
    names = [_blob(layer["digest"]) for layer in manifest["layers"]]
    return found.papers[_blob(manifest["config"]["digest"])], names


def _first_image(found: _Archive, index: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow an OCI index to its first image, past attestations and indexes of indexes."""
    for _step in range(_SYMLINKS):
        if "layers" in index:
            return index
        here = [
            paper
            for each in index["manifests"]
            if "vnd.docker.reference.type" not in (each.get("annotations") or {})
            if (paper := found.papers.get(_blob(each["digest"]))) is not None
        ]
        if not here:
            break
        index = here[0]
    raise UnreadableLayers(_("its index names no image that is in it"))


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"
