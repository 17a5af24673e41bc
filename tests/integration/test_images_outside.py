"""Base images from outside: pulled, made, refused; and what the book's own images hold."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.drivers import image_makers, image_sources, images
from helpers.drivers.image_api import inspect
from helpers.errors import ImageMissing
from helpers.records import labels
from helpers.records.images import BUILDING_NAME, Recipe
from helpers.waiting import wait_until
from tests.integration.images_shelf import OWN, Shelf, ready_client, remove, shelf_in

pytestmark = pytest.mark.docker
APT = shutil.which("apt-get") and shutil.which("dpkg-deb")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with ready_client() as made:
        yield made


@pytest.fixture
def shelf(tmp_path: Path, client: Any) -> Iterator[Shelf]:
    with shelf_in(tmp_path / "images", client) as made:
        yield made


# --- from outside ----------------------------------------------------------------------------


@pytest.fixture
def registry(client: Any) -> Iterator[str]:
    """A registry on 127.0.0.1 that holds BusyBox as `library/debian:bookworm-slim`."""
    container = client.containers.run(
        images.reference("registry"),
        detach=True,
        ports={"5000/tcp": ("127.0.0.1", None)},
        labels={labels.PROJECT: labels.PROJECT_VALUE},
    )
    try:
        wait_until(lambda: b"listening on" in container.logs(), what="the registry to listen")
        container.reload()
        address = f"127.0.0.1:{container.ports['5000/tcp'][0]['HostPort']}"
        name = f"{address}/library/debian"
        client.api.tag(images.reference("busybox"), name, "bookworm-slim")
        pushed = [json.loads(line) for line in client.api.push(name, "bookworm-slim").splitlines()]
        assert not [line for line in pushed if "error" in line], pushed
        remove(client, f"{name}:bookworm-slim")
        yield address
    finally:
        container.remove(force=True, v=True)


def debian(shelf: Shelf) -> Recipe:
    """Turn the lower recipe into one on Debian from outside, and return it."""
    shelf.write(shelf.low, "ARG BASE=debian:bookworm-slim\nFROM ${BASE}\n")
    return shelf.recipe(shelf.low)


def test_the_base_is_pulled_from_a_mirror(
    client: Any, shelf: Shelf, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LABS_REGISTRY names it; the source is recorded by digest; no other name is left behind."""
    monkeypatch.setenv("LABS_REGISTRY", registry)
    debian(shelf)
    before = names(client)
    (state,) = images.ensure(client, [shelf.low], recipes=shelf.recipes)
    assert state.origin == "pulled"
    assert state.source.startswith(f"{registry}/library/debian@sha256:")
    assert names(client) - before <= {state.reference}


def names(client: Any) -> set[str]:
    """Return all tags of the engine that belong to this test or to no lab at all."""
    return {
        tag
        for raw in client.api.images()
        if labels.LAB not in (raw["Labels"] or {})
        for tag in raw["RepoTags"] or []
        if BUILDING_NAME in tag or "debian" in tag
    }


def test_where_nothing_answers_every_reason_is_told(
    client: Any, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that refuses the connection, and a recipe that nobody can make."""
    monkeypatch.setenv("LABS_REGISTRY", "127.0.0.1:9")
    debian(shelf)
    before = names(client)
    with pytest.raises(ImageMissing) as raised:
        images.ensure(client, [shelf.low], recipes=shelf.recipes)
    assert "connection refused" in raised.value.what
    assert f"docker build -t {images.reference(shelf.low)}" in raised.value.remedy
    assert names(client) == before


def test_a_registry_that_never_answers_is_given_up(
    client: Any, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a firewall that swallows packets: the wait has an end, and says how long it was."""
    monkeypatch.setattr(image_sources, "PULL_STALL", 1)
    debian(shelf)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("LABS_REGISTRY", f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ImageMissing, match="Waited 1 s in vain"):
            images.ensure(client, [shelf.low], recipes=shelf.recipes)


@pytest.mark.skipif(not APT, reason="needs a Debian machine")
def test_busybox_is_made_from_debians_package(client: Any, shelf: Shelf) -> None:
    """It runs, and every command it links to is found."""
    shelf.write(shelf.low, "ARG BASE=nowhere/busybox:none\nFROM ${BASE}\n", "make: busybox")
    seen: list[str] = []

    def progress(_image: str, step: str, _done: float | None, _line: str) -> None:
        seen.append(step)

    (state,) = images.ensure(client, [shelf.low], progress, recipes=shelf.recipes)
    assert state.origin == "made"
    assert state.source.startswith("busybox-static_")
    assert seen.index("make") < seen.index("build") < seen.index("ready")
    count = "for name in $(busybox --list); do command -v $name >/dev/null || echo $name; done"
    missing = client.containers.run(
        state.reference, ["/bin/sh", "-c", count], remove=True, network_mode="none"
    )
    assert missing == b""


@pytest.mark.skipif(not (APT and os.geteuid() == 0), reason="needs root on a Debian machine")
def test_kill_9_ends_mmdebstrap_too(tmp_path: Path) -> None:
    """Nothing of the tree of processes outlives the one that asked for Debian."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom helpers.drivers import image_makers\n"
        "image_makers.debian(Path(sys.argv[1]), lambda line: print(line, flush=True))\n"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert maker.stdout is not None
    assert any("downloading packages" in line for line in maker.stdout), "it got under way"
    tree = psutil.Process(maker.pid).children(recursive=True)
    assert any("mmdebstrap" in " ".join(process.cmdline()) for process in tree)
    maker.kill()
    maker.communicate()
    gone, alive = psutil.wait_procs(tree, timeout=10)
    assert alive == []
    assert len(gone) == len(tree)


@pytest.mark.slow
@pytest.mark.skipif(not (APT and os.geteuid() == 0), reason="needs root on a Debian machine")
def test_debian_is_made_as_small_as_the_official_image(client: Any, shelf: Shelf) -> None:
    """Within 90 MB, without this machine's name; and apt works in it."""
    shelf.write(shelf.low, "ARG BASE=nowhere/debian:none\nFROM ${BASE}\n", "make: debian")
    found = image_sources.make(client, shelf.recipe(shelf.low), images.no_progress)
    try:
        raw = inspect(client, found.reference)
        assert raw is not None
        assert raw["Size"] < 90e6
        look = "cat /etc/os-release; ls /etc/hostname.orig /usr/share/man; apt-cache policy | wc -l"
        said = client.containers.run(found.reference, ["sh", "-c", look], remove=True)
        assert b"bookworm" in said
    finally:
        remove(client, found.reference)
    assert list(Path(image_makers.tempfile.gettempdir()).glob("caas-book-making-*")) == []


# --- the book's own images -------------------------------------------------------------------


def in_image(client: Any, name: str, script: str) -> str:
    """Return what a shell script prints in one of the book's images."""
    said = client.containers.run(
        images.reference(name), ["sh", "-c", script], remove=True, network_mode="none"
    )
    return str(said.decode().strip())


@pytest.mark.parametrize(
    ("name", "script", "expected"),
    [
        ("base", ". /etc/os-release; echo $VERSION_CODENAME", "bookworm"),
        ("busybox", "printf x | busybox sha256sum | cut -c1-8", "2d711642"),
        ("python", "python -c 'import redis, sys; print(*sys.version_info[:2])'", "3 11"),
        ("redis", "id -u; redis-server --version | cut -d= -f2 | cut -c1", "10002\n7"),
        ("registry", "id -u; docker-registry --version | cut -d' ' -f1", "10003\ndocker-registry"),
    ],
)
def test_an_image_holds_what_it_is_for(client: Any, name: str, script: str, expected: str) -> None:
    """Each answers, as the user it should be."""
    assert in_image(client, name, script) == expected


@pytest.mark.parametrize("name", [n for n in OWN if n != "busybox"])
def test_no_image_carries_package_lists_packages_or_manuals(client: Any, name: str) -> None:
    """They are weight that nothing reads at run time."""
    where = "/var/lib/apt/lists /var/cache/apt /usr/share/man /usr/share/info"
    assert in_image(client, name, f"find {where} -type f -size +8k; true") == ""


@pytest.mark.parametrize(
    ("name", "ready", "last_words"),
    [
        ("redis", "Ready to accept connections", "bye bye"),
        ("nginx", "start worker processes", "exit"),
        ("registry", "listening on", "stopping server gracefully"),
    ],
)
def test_a_server_stops_when_asked_and_says_so(
    client: Any, name: str, ready: str, last_words: str
) -> None:
    """Status 0, not 137: it heard the signal, and nobody had to kill it."""
    container = client.containers.run(
        images.reference(name),
        detach=True,
        network_mode="none",
        labels={labels.PROJECT: labels.PROJECT_VALUE},
    )
    try:
        wait_until(lambda: ready in container.logs().decode(), what=f"{name} to be ready")
        container.stop(timeout=30)
        assert container.wait()["StatusCode"] == 0
        assert last_words in container.logs().decode()
    finally:
        container.remove(force=True, v=True)


def test_nginx_serves_and_logs_to_where_docker_reads(client: Any) -> None:
    """A request shows in `docker logs`, and there are two workers on any machine."""
    container = client.containers.run(
        images.reference("nginx"), detach=True, network_mode="none", labels={labels.PROJECT: "x"}
    )
    try:
        wait_until(lambda: b"start worker" in container.logs(), what="nginx to be ready")
        ask = "exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
        page = container.exec_run(["bash", "-c", ask]).output
        assert b"Welcome to nginx!" in page
        wait_until(lambda: b'"GET / HTTP/1.0" 200' in container.logs(), what="the access log")
        rows = container.top()["Processes"]
        assert sum("worker process" in " ".join(row) for row in rows) == 2
    finally:
        container.remove(force=True, v=True)
