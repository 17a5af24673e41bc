"""Base images on the real engine: built, stale, interrupted, killed, bundled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.drivers import images
from helpers.drivers.image_api import image_id, inspect
from helpers.errors import EngineError, LabError
from helpers.records import labels
from helpers.records.images import BUILDING, REPLACED_NAME, Found, Recipe
from helpers.waiting import wait_until
from tests.integration.images_shelf import Shelf, ready_client, remains, remove, shelf_in

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with ready_client() as made:
        yield made


@pytest.fixture
def shelf(tmp_path: Path, client: Any) -> Iterator[Shelf]:
    with shelf_in(tmp_path / "images", client) as made:
        yield made


# --- building --------------------------------------------------------------------------------


def test_images_are_built_with_what_they_need_and_run(client: Any, shelf: Shelf) -> None:
    """Two recipes become two images; the upper holds both files, and a layer for each RUN."""
    (high,) = images.ensure(client, [shelf.high], recipes=shelf.recipes)
    assert (high.presence, high.origin) == ("ready", "built")
    assert client.containers.run(high.reference, remove=True, network_mode="none") == b"1\n2\n"
    layers = {n: inspect(client, images.reference(n))["RootFS"]["Layers"]  # type: ignore[index]
              for n in ("busybox", shelf.low, shelf.high)}  # fmt: skip
    assert layers[shelf.high][:-1] == layers[shelf.low]
    assert layers[shelf.low][:-1] == layers["busybox"]


def test_labels_say_what_an_image_is_and_where_it_is_from(client: Any, shelf: Shelf) -> None:
    """Its own recipe and source, not those that shine through from its base."""
    images.ensure(client, [shelf.high], recipes=shelf.recipes)
    low = image_id(client, images.reference(shelf.low))
    marks = inspect(client, images.reference(shelf.high))["Config"]["Labels"]  # type: ignore[index]
    assert marks[labels.PROJECT] == labels.PROJECT_VALUE
    assert marks[labels.ROLE] == labels.BASE_IMAGE
    assert marks[labels.RECIPE] == shelf.high
    assert marks["caas-book.source"] == f"{images.reference(shelf.low)}@{low}"
    assert marks[BUILDING] == ""


def test_only_what_changed_is_built_again_and_the_old_image_goes(client: Any, shelf: Shelf) -> None:
    """The lower image keeps its identity; the upper gets a new one."""
    before = images.ensure(client, [shelf.low, shelf.high], recipes=shelf.recipes)
    assert images.ensure(client, [shelf.low, shelf.high], recipes=shelf.recipes) == before
    (shelf.folder / shelf.high / "Dockerfile").write_text("ARG BASE=x\nFROM ${BASE}\nCMD true\n")
    after = images.ensure(client, [shelf.low, shelf.high], recipes=shelf.recipes)
    assert after[0] == before[0]
    assert after[1].id != before[1].id
    assert inspect(client, before[1].id) is None


def test_an_image_in_use_is_replaced_without_harm(client: Any, shelf: Shelf) -> None:
    """The container runs on; its image goes once the container has."""
    (old,) = images.ensure(client, [shelf.low], recipes=shelf.recipes)
    container = client.containers.run(
        old.reference, ["sleep", "600"], detach=True, init=True, network_mode="none"
    )
    try:
        shelf.write(shelf.low, "ARG BASE=caas-book/busybox:1\nFROM ${BASE}\nRUN echo 3 > /low\n")
        (new,) = images.ensure(client, [shelf.low], recipes=shelf.recipes)
        assert new.id != old.id
        assert container.exec_run(["cat", "/low"]).output == b"1\n"
        tags = inspect(client, old.id)["RepoTags"]  # type: ignore[index]
        assert [tag.partition(":")[0] for tag in tags] == [REPLACED_NAME]
    finally:
        container.remove(force=True)
    images.sweep(client)
    assert inspect(client, old.id) is None


def test_a_failing_step_is_shown_and_leaves_nothing(client: Any, shelf: Shelf) -> None:
    """The last lines of its output, and no image, step or container."""
    shelf.write(shelf.low, "ARG BASE=caas-book/busybox:1\nFROM ${BASE}\nRUN echo so && false\n")
    with pytest.raises(EngineError, match="could not be built") as raised:
        images.ensure(client, [shelf.low], recipes=shelf.recipes)
    assert "so" in raised.value.what.splitlines()
    assert remains(client, os.getpid()) == []
    assert inspect(client, images.reference(shelf.low)) is None


def test_a_package_mirror_reaches_the_base_and_its_security_updates(
    client: Any, shelf: Shelf
) -> None:
    """LABS_APT_MIRROR is in the sources of the base; all images on it inherit them."""
    name = shelf.low
    real = images.catalogue()[0].folder.parent / "base" / "Dockerfile"
    shelf.write(name, real.read_text())

    def source(_client: object, _recipe: Recipe, _progress: object) -> Found:
        return Found(images.reference("base"), "made", "here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABS_APT_MIRROR", "http://mirror.example/debian/")
        (state,) = images.ensure(client, [name], recipes=shelf.recipes, source=source)
    assert state.mirror == "http://mirror.example/debian/"
    look = "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -o 'http[^ ]*'"
    seen = client.containers.run(
        state.reference, ["sh", "-c", look], remove=True, network_mode="none"
    )
    assert set(seen.decode().split()) == {
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    }


# --- ended early -----------------------------------------------------------------------------

# A reader's `labs images build` in little.
BUILDER = """
import sys
from pathlib import Path
from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
client = open_client(look_for_engine().endpoint)
try:
    images.ensure(client, [sys.argv[2]], images.show_progress(sys.stdout),
                  recipes=images.catalogue(Path(sys.argv[1])))
except KeyboardInterrupt:
    sys.exit(130)
"""


def build_until_it_sleeps(client: Any, shelf: Shelf) -> subprocess.Popen[str]:
    """Start a build in another process, and return it once its second RUN is under way."""
    shelf.write(
        shelf.low,
        "ARG BASE=caas-book/busybox:1\nFROM ${BASE}\nRUN echo 1 > /low\nRUN sleep 120\n",
    )
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(shelf.folder), shelf.low],
        stdout=subprocess.PIPE,
        text=True,
    )

    def running() -> list[dict[str, Any]]:
        return list(client.api.containers(filters={"label": BUILDING}))

    wait_until(
        lambda: [c for c in running() if "sleep" in c["Command"]
                 and f"-{builder.pid}-" in c["Labels"][BUILDING]],
        what="the build to sleep",
    )  # fmt: skip
    return builder


def test_ctrl_c_leaves_nothing_of_a_build(client: Any, shelf: Shelf) -> None:
    """When the process has ended, its containers, steps and names are gone already."""
    builder = build_until_it_sleeps(client, shelf)
    builder.send_signal(signal.SIGINT)
    said, _none = builder.communicate()
    assert builder.returncode == 130
    assert said.splitlines()[-1] == f"{shelf.low}: failed"
    assert remains(client, builder.pid) == []
    assert inspect(client, images.reference(shelf.low)) is None


def test_kill_9_leaves_nothing_that_looks_whole_and_the_next_build_sweeps(
    client: Any, shelf: Shelf
) -> None:
    """The engine stops the build by itself; what it keeps of it goes with the next build."""
    builder = build_until_it_sleeps(client, shelf)
    builder.kill()
    builder.communicate()
    marked = {"label": BUILDING}
    wait_until(
        lambda: [c for c in client.api.containers(filters=marked)
                 if f"-{builder.pid}-" in c["Labels"][BUILDING]],
        lambda left: not left,
        what="the engine to stop the build",
    )  # fmt: skip
    assert inspect(client, images.reference(shelf.low)) is None
    shelf.write(shelf.low, "ARG BASE=caas-book/busybox:1\nFROM ${BASE}\nRUN echo 1 > /low\n")
    images.ensure(client, [shelf.low], recipes=shelf.recipes)
    assert remains(client, builder.pid) == []


# --- bundles ---------------------------------------------------------------------------------


def test_a_bundle_brings_images_back_as_they_were(
    client: Any, shelf: Shelf, tmp_path: Path
) -> None:
    """Saved, removed, loaded: the same identity, labels and files; and nothing else appears."""
    both = [shelf.low, shelf.high]
    before = images.ensure(client, both, recipes=shelf.recipes)
    path = tmp_path / "class.tgz"
    manifest = images.bundle(client, path, both, recipes=shelf.recipes)
    assert [image.name for image in manifest.images] == both
    for state in reversed(before):
        remove(client, state.reference)
    assert [s.presence for s in images.states(client, both, shelf.recipes)] == ["missing"] * 2
    assert images.load(client, path, recipes=shelf.recipes) == before
    assert client.containers.run(before[1].reference, remove=True, network_mode="none") == b"1\n2\n"


def test_plain_docker_load_reads_a_bundle_too(client: Any, shelf: Shelf, tmp_path: Path) -> None:
    """A classroom without this book's programs needs only the engine's own."""
    (state,) = images.ensure(client, [shelf.low], recipes=shelf.recipes)
    path = tmp_path / "class.tgz"
    images.bundle(client, path, [shelf.low], recipes=shelf.recipes)
    remove(client, state.reference)
    with path.open("rb") as file:
        (loaded,) = client.images.load(file.read())
    assert loaded.id == state.id


def test_a_cut_bundle_leaves_the_engine_alone(client: Any, shelf: Shelf, tmp_path: Path) -> None:
    """It is found out before the first byte is sent."""
    (state,) = images.ensure(client, [shelf.low], recipes=shelf.recipes)
    path = tmp_path / "class.tgz"
    images.bundle(client, path, [shelf.low], recipes=shelf.recipes)
    path.write_bytes(path.read_bytes()[:-500])
    remove(client, state.reference)
    with pytest.raises(LabError, match="damaged"):
        images.load(client, path, recipes=shelf.recipes)
    assert inspect(client, state.reference) is None
