"""Bundles: what is written, and what is refused before the engine is touched."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.drivers import image_bundles, images
from helpers.errors import DiskFull, ImageMissing, LabError
from helpers.records import labels
from helpers.records.images import Recipe

RECIPES = tuple(recipe for recipe in images.catalogue() if not recipe.needs)
NAMES = [recipe.name for recipe in RECIPES]
FILES = {"manifest.json": b"[]", "a/layer.tar": b"layer" * 1000}


class Engine:
    """An engine in little that has the recipes' images, saves FILES, and notes what it loads."""

    base_url = "http://engine"
    api_version = "1.41"

    def __init__(self, digest: str = "", arch: str = "amd64") -> None:
        self.api = self
        self.digest = digest
        self.arch = arch
        self.loaded: list[bytes] = []

    def info(self) -> dict[str, str]:
        return {"ID": "engine"}

    def version(self) -> dict[str, str]:
        return {"Arch": self.arch, "Version": "20.10"}

    def inspect_image(self, name: str) -> dict[str, Any]:
        recipe = next(recipe for recipe in RECIPES if recipe.reference == name)
        marks = {
            labels.RECIPE: recipe.name,
            labels.RECIPE_DIGEST: self.digest or recipe.digest,
            labels.ORIGIN: "made",
        }
        return {"Id": f"sha256:{name}", "Size": 5, "Config": {"Labels": marks}}

    def tag(self, *_arguments: str) -> None: ...

    def images(self, **_options: object) -> list[dict[str, Any]]:
        return []

    def get(self, _url: str, **_options: object) -> Any:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, data in FILES.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            link = tarfile.TarInfo("b/layer.tar")
            link.type, link.linkname = tarfile.SYMTYPE, "../a/layer.tar"
            tar.addfile(link)
        packed.seek(0)
        return SimpleNamespace(raw=packed, raise_for_status=lambda: None, close=lambda: None)

    def post(self, _url: str, *, data: Any, **_options: object) -> Any:
        self.loaded.append(data.read())
        return SimpleNamespace(
            raise_for_status=lambda: None, close=lambda: None, iter_lines=lambda: [b'{"stream":""}']
        )


def bundle(path: Path, engine: Engine | None = None) -> Path:
    """Write a bundle of the two outside images to `path`."""
    client: Any = engine or Engine()
    images.bundle(client, path, NAMES, recipes=RECIPES)
    return path


@pytest.fixture(autouse=True)
def _own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_bundle_is_what_docker_save_wrote_and_a_manifest(tmp_path: Path) -> None:
    """Its links stay links, and the manifest comes last, with every image's recipe digest."""
    path = bundle(tmp_path / "class.tgz")
    with tarfile.open(path) as tar:
        assert tar.getnames() == [*FILES, "b/layer.tar", image_bundles.MEMBER]
        assert tar.getmember("b/layer.tar").linkname == "../a/layer.tar"
    manifest = image_bundles.verify(path)
    assert {image.name: image.digest for image in manifest.images} == {
        recipe.name: recipe.digest for recipe in RECIPES
    }
    assert manifest.architecture == "amd64"


def test_a_whole_bundle_goes_to_the_engine_as_it_is(tmp_path: Path) -> None:
    """The engine gets the very bytes of the file."""
    path = bundle(tmp_path / "class.tgz")
    client: Any = Engine()
    states = images.load(client, path, recipes=RECIPES)
    assert client.loaded == [path.read_bytes()]
    assert [state.presence for state in states] == ["ready", "ready"]


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_manifest(data: bytes) -> bytes:
    return gzip.compress(Engine().get("").raw.getvalue())


def tampered(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b"layerlayer", b"lawerlayer", 1))


def strange_manifest(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b'"architecture"', b'"architecturE"'))


@pytest.mark.parametrize(
    "spoil",
    [cut, without_manifest, tampered, strange_manifest, lambda _data: b"hello", lambda _data: b""],
    ids=["cut off", "not ours", "one byte changed", "strange", "no archive", "empty"],
)
def test_a_damaged_bundle_never_reaches_the_engine(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    """Whatever is wrong with it, one sentence says that it is damaged, another what to do."""
    path = bundle(tmp_path / "class.tgz")
    path.write_bytes(spoil(path.read_bytes()))
    client: Any = Engine()
    with pytest.raises(LabError, match="no bundle, or it is damaged") as raised:
        images.load(client, path, recipes=RECIPES)
    assert "labs bundle" in raised.value.remedy
    assert client.loaded == []


def test_a_bundle_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """A typing slip in the name is no damage."""
    client: Any = Engine()
    with pytest.raises(LabError, match="There is no file"):
        images.load(client, tmp_path / "nothing.tgz", recipes=RECIPES)


def test_a_bundle_for_another_processor_is_refused(tmp_path: Path) -> None:
    """Its programs could not run here."""
    path = bundle(tmp_path / "class.tgz")
    client: Any = Engine(arch="arm64")
    with pytest.raises(LabError, match=r"is for amd64, the engine runs on arm64"):
        images.load(client, path, recipes=RECIPES)
    assert client.loaded == []


def test_a_bundle_of_another_version_does_not_replace_good_images(tmp_path: Path) -> None:
    """A bundle from last year must not make this year's images stale."""
    path = bundle(tmp_path / "class.tgz")
    newer = _with_digest("of this year")
    client: Any = Engine(digest="of this year")
    with pytest.raises(LabError, match=r"another version of the book.*base, busybox"):
        images.load(client, path, recipes=newer)
    assert client.loaded == []


def _with_digest(digest: str) -> tuple[Recipe, ...]:
    from dataclasses import replace

    return tuple(replace(recipe, digest=digest) for recipe in RECIPES)


def test_only_ready_images_are_bundled(tmp_path: Path) -> None:
    """A stale image would be stale in every class that loads it."""
    client: Any = Engine(digest="old")
    with pytest.raises(ImageMissing, match="base, busybox"):
        images.bundle(client, tmp_path / "class.tgz", NAMES, recipes=RECIPES)
    assert list(tmp_path.glob("class*")) == []


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(OSError(28, "No space left on device"), DiskFull), (KeyboardInterrupt(), KeyboardInterrupt)],
    ids=["the disk is full", "the reader interrupts"],
)
def test_a_bundle_is_written_whole_or_not_at_all(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    expected: type[BaseException],
) -> None:
    """What was there before stays, and no half of the new one does."""
    path = tmp_path / "class.tgz"
    path.write_text("last year's")

    def fail(*_arguments: object) -> None:
        raise failure

    monkeypatch.setattr(image_bundles, "_append", fail)
    with pytest.raises(expected):
        bundle(path)
    assert [file.name for file in tmp_path.glob("class*")] == ["class.tgz"]
    assert path.read_text() == "last year's"


def test_a_manifest_survives_json() -> None:
    """What is written is what is read."""
    raw = {
        "architecture": "amd64",
        "engine": "28.5",
        "date": "2026-01-01",
        "images": [{"name": "base", "reference": "r", "digest": "d", "size": 1}],
        "files": {"a": "b"},
    }
    from dataclasses import asdict

    parsed = image_bundles.parse_manifest(raw)
    assert json.loads(json.dumps(asdict(parsed))) == raw
