"""Layers read from a real engine are what that engine shows, stores and counts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import checks
from helpers.analysis import layers as analysis
from helpers.checks import NotYet
from helpers.drivers import layer_archives, layers
from helpers.errors import ImageMissing
from helpers.host import look_for_engine
from helpers.labs import owner, session
from helpers.records.host import Engine
from helpers.records.lab import Lab
from helpers.records.layers import FileEntry

pytestmark = pytest.mark.docker
LAB = Lab("docker/020-images-and-layers", Path("x.ipynb"), ("docker",), ("busybox",), 1, "live")

# Everything that can happen to a path from one layer to the next.
ODD = """
ARG BASE
FROM ${BASE}
RUN mkdir -p /o/dir/deep /o/emptied /o/turns /o/kept && seq 9999 > /o/a && ln /o/a /o/b \
    && ln -s a /o/link && echo 1 > /o/dir/deep/x && echo 2 > /o/emptied/old \
    && echo 3 > /o/turns/inside && echo 4 > /o/file && echo 5 > /o/kept/first && mkfifo /o/pipe
RUN rm /o/a && rm -r /o/emptied && mkdir /o/emptied && echo new > /o/emptied/new \
    && rm -r /o/turns && echo now-a-file > /o/turns && rm /o/file && mkdir /o/file \
    && echo 6 > /o/file/inside && echo 7 > /o/kept/second && rm -r /o/dir/deep
RUN chmod 600 /o/kept/first && chown -h 7:8 /o/link /o/kept && ln /o/b /o/c
"""


@pytest.fixture(scope="module")
def here() -> Iterator[session.Session]:
    """A session outside a notebook."""
    engine = look_for_engine()
    assert isinstance(engine, Engine), engine
    made = session.Session(LAB, session.new_run(), engine, owner.current())
    yield made
    made.close()


def build(here: session.Session, short: str, dockerfile: str) -> str:
    """Build an image of this run on busybox; return its name."""
    here.docker.images.build(
        fileobj=io.BytesIO(dockerfile.encode()),
        tag=here.name(short),
        labels=here.labels,
        buildargs={"BASE": here.image("busybox")},
        rm=True,
        forcerm=True,
    )
    return here.name(short)


@pytest.fixture(scope="module")
def odd(here: session.Session) -> str:
    return build(here, "odd", ODD)


def shown(here: session.Session, image: str) -> dict[str, FileEntry]:
    """Return what the engine itself shows of an image: the tree that a container exports."""
    container = here.docker.containers.create(image, "true", labels=here.labels)
    try:
        tar = layer_archives.Arriving(container.export())
        return {entry.path: entry for entry in analysis.settle(layer_archives.entries(tar)).entries}
    finally:
        container.remove(force=True)


def test_what_is_visible_is_what_a_container_finds(here: session.Session, odd: str) -> None:
    """Every path, kind, size, owner, permission and byte is as the engine's own mount has it."""
    seen = analysis.resolve(layers.read(here.docker, odd)).visible
    truth = shown(here, odd)
    # the engine mounts things into each container and makes the places for them
    places = {"/.dockerenv", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab"}
    for path in seen.keys() | truth.keys():
        top = "/" + path.split("/")[1]
        if path in places or top in ("/dev", "/proc", "/sys", "/run") or path in ("/", "/etc"):
            continue
        assert path in seen, path
        assert path in truth, path
        assert analysis.differences(truth[path], seen[path].entry) == (), path


def test_sizes_are_the_engines(here: session.Session, odd: str) -> None:
    """Layer by layer and in sum, bytes are those of `docker history` and `docker images`."""
    image = layers.read(here.docker, odd)
    told = here.docker.images.get(odd)
    assert [layer.digest for layer in image.layers] == told.attrs["RootFS"]["Layers"]
    steps = [step["Size"] for step in reversed(told.history())]
    assert isinstance(here.engine, Engine)
    if here.engine.image_store != "graph driver":
        assert image.size <= sum(steps)  # these are blocks on the disk
        return
    assert image.size == told.attrs["Size"]
    assert [size for size in steps if size] == [layer.size for layer in image.layers if layer.size]


def commit(here: session.Session, short: str, most: int) -> str:
    """Make an image of this run with one layer on busybox, and no further image on the way."""
    name = here.name(short)
    writer = here.docker.containers.run(
        here.image("busybox"),
        ["sh", "-c", f"seq {most} > /{short}"],
        labels=here.labels,
        detach=True,
    )
    assert writer.wait()["StatusCode"] == 0
    marks = "\n".join(f"LABEL {key}={value}" for key, value in here.labels.items())
    writer.commit(repository=name, changes=marks)
    writer.remove()
    return name


def test_sharing_is_what_system_df_says(here: session.Session) -> None:
    """What two images share, and what each has alone, is what the engine counts."""
    assert isinstance(here.engine, Engine)
    if here.engine.image_store != "graph driver":
        pytest.skip("the containerd image store counts otherwise (moby#52476)")
    names = [commit(here, "left", 20_000), commit(here, "right", 30_000)]
    sharing = analysis.share([layers.read(here.docker, name) for name in names])
    told = {tag: image for image in here.docker.df()["Images"] for tag in image["RepoTags"] or ()}
    for share in sharing.images:
        facts = told[f"{share.name}:latest"]
        if facts["SharedSize"] < 0:
            pytest.skip("this engine does not tell (fixed by moby#51631)")
        assert share.shared == facts["SharedSize"]
        assert share.own == facts["Size"] - facts["SharedSize"]


def test_changes_weigh_what_the_engine_says(here: session.Session, odd: str) -> None:
    """Changes are those of `docker diff`; written bytes are the size of the container's layer."""
    name = here.name("box")
    box = here.docker.containers.run(
        odd,
        ["sh", "-c", "echo >> /o/b && rm /o/c && seq 5000 > /o/new && rm -r /o/kept"],
        name=name,
        labels=here.labels,
        detach=True,
    )
    assert box.wait()["StatusCode"] == 0
    found = layers.changes(here.docker, name, layers.read(here.docker, odd))
    assert {c.path: c.action for c in found if c.path.startswith("/o/")} == {
        "/o/b": "changed",
        "/o/c": "deleted",
        "/o/kept": "deleted",
        "/o/new": "added",
    }
    changed = next(change for change in found if change.path == "/o/b")
    assert changed.written == changed.covered + 1
    written = sum(change.written for change in found)
    weighed = layers.writable_size(here.docker, name)
    assert written <= weighed <= written + 100_000  # directories and blocks, on some


def test_what_is_not_there_is_named(here: session.Session) -> None:
    """An image that the engine does not have is an ImageMissing, not a traceback."""
    with pytest.raises(ImageMissing):
        layers.read(here.docker, here.name("nothing"))


def test_false_repairs_are_not_met(here: session.Session) -> None:
    """A flattened copy and a copy without its files do not pass for a repair."""
    exercise = checks.find(LAB.ident, "slim")
    exercise.start(here)
    fat, slim = here.name("fat"), here.name("slim")
    box = here.docker.containers.create(fat, labels=here.labels)
    flat = b"".join(box.export())
    box.remove()
    marks = [f"LABEL {key}={value}" for key, value in here.labels.items()]
    here.docker.api.import_image_from_data(flat, repository=slim, changes=marks)
    outcome = checks.run_check(exercise, here)
    assert isinstance(outcome, NotYet), outcome
    assert "no longer stands on its base" in outcome.observed
    build(here, "slim", f"FROM {fat}\nRUN rm /opt/shop/settings\n")
    outcome = checks.run_check(exercise, here)
    assert isinstance(outcome, NotYet), outcome
    assert "/opt/shop/settings" in outcome.observed
