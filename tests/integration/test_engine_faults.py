"""The engine's faults, caused for real on an engine of our own: each says what to do.

The engine is a second dockerd in a network namespace and folders of its own; the machine's
engine only lends it an image. Everything is gone afterwards, also when a test fails.
"""

from __future__ import annotations

import gc
import io
import os
import socket
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from secrets import token_hex

import psutil
import pytest
from docker import DockerClient

from helpers.command import run
from helpers.drivers import images
from helpers.drivers.background import alive
from helpers.drivers.engine import engine_errors, find, open_client
from helpers.errors import DiskFull, EngineUnavailable, ImageMissing, LabError, PortTaken, TimedOut
from tools.engines import isolated

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine of its own"),
    # The SDK leaves sockets open that it could not connect.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DISK = 64  # MiB: room for one small image


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Collect those sockets at once: later tests should not meet them."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def busybox() -> bytes:
    """The book's busybox image as `docker save` writes it."""
    endpoint = find()
    assert endpoint is not None, "no engine answers"
    with closing(open_client(endpoint)) as client:
        images.ensure(client, ["busybox"])
        return b"".join(client.images.get(images.reference("busybox")).save(named=True))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of a few MiB, mounted at `folder`."""
    folder.mkdir()
    run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "caas-book-test", str(folder)])
    try:
        yield folder
    finally:
        run(["umount", str(folder)])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[isolated.Engine]:
    """An engine of our own on a small disk."""
    with ExitStack() as stack:
        data = stack.enter_context(small_disk(tmp_path_factory.mktemp("engine") / "data"))
        own = isolated.Engine(name=f"test-{token_hex(2)}", data=data / "docker")
        yield stack.enter_context(isolated.running(own))


@pytest.fixture(scope="module")
def loaded(engine: isolated.Engine, busybox: bytes) -> str:
    """The image's name on our engine."""
    with closing(open_client(engine.url)) as client:
        client.images.load(busybox)
    return images.reference("busybox")


@pytest.fixture
def client(engine: isolated.Engine, loaded: str) -> Iterator[DockerClient]:
    """A client of our engine, which holds nothing but the image before and after."""
    with closing(open_client(engine.url)) as made:
        yield made
        for container in made.containers.list(all=True):
            container.remove(force=True)


def explains(error: LabError, *words: str) -> bool:
    """Tell whether an error says what happened in these words, and what to do next."""
    return all(word in error.what for word in words) and bool(error.remedy)


def test_image_missing(client: DockerClient) -> None:
    """An image that is not there is named."""
    with pytest.raises(ImageMissing) as caught, engine_errors():
        client.containers.create("caas-book/never-made:1")
    assert explains(caught.value, "caas-book/never-made:1")


def test_image_not_to_be_had(client: DockerClient) -> None:
    """A registry that does not answer is an image that is not to be had."""
    with pytest.raises(ImageMissing) as caught, engine_errors():
        client.images.pull("127.0.0.1:9/caas-book/never-made", tag="1")
    assert explains(caught.value, "127.0.0.1:9")


def test_port_taken_by_another_container(client: DockerClient, loaded: str) -> None:
    """Two containers want one port."""
    ports = {"80/tcp": ("127.0.0.1", 18080)}
    client.containers.run(loaded, ["sleep", "600"], detach=True, ports=ports)
    with pytest.raises(PortTaken) as caught, engine_errors():
        client.containers.run(loaded, ["sleep", "600"], detach=True, ports=ports)
    assert explains(caught.value, "18080")


def test_port_taken_by_another_program(busybox: bytes) -> None:
    """A program of the machine holds the port already."""
    endpoint = find()
    assert endpoint is not None
    with socket.socket() as holder, closing(open_client(endpoint)) as client:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        container = client.containers.create(
            images.reference("busybox"), ["sleep", "600"], ports={"80/tcp": ("127.0.0.1", port)}
        )
        try:
            with pytest.raises(PortTaken) as caught, engine_errors():
                container.start()
        finally:
            container.remove(force=True)
    assert explains(caught.value, str(port))


def archive(size: int) -> bytes:
    """Return a tar archive with one file of `size` bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        member = tarfile.TarInfo("big")
        member.size = size
        tar.addfile(member, io.BytesIO(bytes(size)))
    return stream.getvalue()


def test_disk_full_while_copying(client: DockerClient, loaded: str) -> None:
    """A file that does not fit into the engine's disk."""
    container = client.containers.create(loaded, ["true"])
    with pytest.raises(DiskFull) as caught, engine_errors():
        container.put_archive("/", archive((DISK + 16) * 2**20))
    assert explains(caught.value, "No space is left")


def test_disk_full_while_building(client: DockerClient, loaded: str, tmp_path: Path) -> None:
    """A build that copies more than the disk holds."""
    (tmp_path / "big").write_bytes(bytes((DISK + 16) * 2**20))
    (tmp_path / "Dockerfile").write_text(f"FROM {loaded}\nCOPY big /big\n")
    with pytest.raises(DiskFull) as caught, engine_errors():
        client.images.build(path=str(tmp_path), rm=True, forcerm=True)
    assert explains(caught.value, "No space is left")


def dockerd(engine: isolated.Engine) -> psutil.Process:
    """Return the engine's main process."""
    found = isolated.launched(engine.folder / "dockerd.pid")
    assert found is not None
    return found


def test_time_out(engine: isolated.Engine, client: DockerClient) -> None:
    """An engine that hangs is named so, with the seconds we waited."""
    with closing(open_client(engine.url, timeout=1)) as hasty:
        process = dockerd(engine)
        process.suspend()
        try:
            with pytest.raises(TimedOut) as caught, engine_errors():
                hasty.containers.list()
        finally:
            process.resume()
    assert explains(caught.value, "1 s")


def test_engine_down(tmp_path: Path) -> None:
    """An engine that stopped between two calls."""
    own = isolated.Engine(name=f"test-{token_hex(2)}", data=tmp_path / "data")
    with isolated.running(own), closing(open_client(own.url)) as client:
        assert client.ping()
        process = dockerd(own)
        process.terminate()
        process.wait(30)
        with pytest.raises(EngineUnavailable) as caught, engine_errors(own.url):
            client.containers.list()
        assert explains(caught.value, own.url)


def test_nothing_is_left_of_an_engine_of_our_own(tmp_path: Path, busybox: bytes) -> None:
    """Namespace, processes, mounts and sockets are gone, though dockerd was killed at work."""
    own = isolated.Engine(name=f"test-{token_hex(2)}", data=tmp_path / "data")
    with pytest.raises(ZeroDivisionError), isolated.running(own):  # noqa: PT012
        with closing(open_client(own.url)) as client:
            client.images.load(busybox)
            name = images.reference("busybox")
            container = client.containers.run(name, ["sleep", "600"], detach=True)
            container.reload()
            inside = psutil.Process(container.attrs["State"]["Pid"])
            cgroups = list(Path("/sys/fs/cgroup").rglob(f"*{container.id}*"))
            dockerd(own).kill()
        1 / 0  # noqa: B018
    assert not own.namespace.exists()
    assert not own.folder.exists()
    assert not isolated.strays(own.folder)
    assert not alive(inside)
    assert cgroups
    assert not any(path.exists() for path in cgroups)
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(tmp_path) not in mounts
    assert own.name not in mounts
