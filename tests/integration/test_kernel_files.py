"""The kernel's files through a real probe container: the suite, its privileges, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from kernel_files_suite import FilesSuite, Ground, prepare, refusal

from helpers import paths
from helpers.drivers import docker as objects
from helpers.drivers import images, probe
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.kernel.files import LocalFiles
from helpers.labs import cleaning, owner
from helpers.records.host import Engine
from helpers.records.labels import RUN, RunLabels
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def client():
    found = look_for_engine()
    assert isinstance(found, Engine), found
    made = open_client(found.endpoint)
    images.ensure(made, ["python", "busybox"])
    yield made
    made.close()


def marks(run: str) -> dict[str, str]:
    return RunLabels("tests/kernel-files", run, owner.current()).as_dict()


@pytest.fixture(scope="module")
def ground(client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """An empty folder of this machine, seen from a probe container."""
    root, outside = prepare(tmp_path_factory.mktemp("ground"))
    made = probe.Probe(client, marks("a001"), root=str(root))
    yield Ground(made.files, root, outside)
    made.close()


class TestProbe(FilesSuite):
    """The suite, through a probe container."""


@pytest.fixture(scope="module")
def machine(client):
    """The whole machine, seen from a probe container."""
    made = probe.files_of(client, marks("a002"))
    yield made
    probe.close("a002")


def test_one_probe_for_a_run(client, machine) -> None:
    """Asked again, a run gets the probe that it has."""
    assert probe.files_of(client, marks("a002")) is machine
    assert len(objects.lab_objects(client, run="a002")) == 1


def test_the_probe_sees_the_host(machine) -> None:
    """The probe reads this very process, its links and its memory map, as this process does."""
    here = LocalFiles()
    pid = os.getpid()
    for path in (f"/proc/{pid}/cgroup", f"/proc/{pid}/mountinfo", "/proc/1/stat"):
        assert machine.read(path, 30) == here.read(path, 30)
    assert machine.links(f"/proc/{pid}/ns") == here.links(f"/proc/{pid}/ns")
    assert machine.inside(pid).read(__file__, 100) == here.read(__file__, 100)
    here.close()


def test_the_probe_can_change_nothing(client, machine) -> None:
    """Two capabilities, none of them to write; every file system read-only; no privilege."""
    (thing,) = objects.lab_objects(client, run="a002")
    seen = client.api.inspect_container(thing.id)
    host = seen["HostConfig"]
    assert not host["Privileged"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert sorted(host["CapAdd"]) in (
        ["DAC_READ_SEARCH", "SYS_PTRACE"],
        ["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"],
    )
    assert host["Binds"] == ["/:/host:ro"]
    status = machine.read(f"/proc/{seen['State']['Pid']}/status").decode()
    # what the kernel itself says: CAP_DAC_READ_SEARCH is bit 2, CAP_SYS_PTRACE bit 19
    assert f"CapEff:\t{(1 << 2 | 1 << 19):016x}" in status
    assert "NoNewPrivs:\t1" in status


def test_a_container_that_plants_links(client, machine) -> None:
    """Links that a container puts into its root lead nowhere but into that root."""
    script = (
        "rm -rf /etc && ln -s /host/etc /etc; ln -s /proc/1/root/etc /one;"
        "ln -s ../../../../../../etc /two; ln -s /proc/self/root/etc /three;"
        "ln -s /proc/1/cwd/etc /four; ln -s / /five; mkfifo /fifo; ln -s /dev/zero /zero;"
        "ln -s /six /six; mkdir -p /own && echo inner >/own/hostname; sleep 600"
    )
    container = client.containers.create(
        images.reference("busybox"),
        ["sh", "-c", script],
        name="tests-kernel-files-a003",
        labels=marks("a003"),
        init=True,
    )
    try:
        container.start()
        container.reload()
        for files in (machine, LocalFiles()):
            inner = files.inside(container.attrs["State"]["Pid"])
            wait_until(lambda inner=inner: "own" in inner.names("/"), what="the links")
            assert inner.read("/own/hostname") == b"inner\n"
            tries = ["/etc", "/one", "/three", "/four", "/five/etc", "/two"]
            for path in tries:
                error = refusal(lambda path=path, inner=inner: inner.read(f"{path}/passwd"))
                assert isinstance(error, OSError)
            for path in ("/fifo", "/zero", "/six", "/proc/version", "/sys/kernel/notes"):
                refusal(lambda path=path, inner=inner: inner.read(path))
            if files is not machine:
                files.close()
    finally:
        container.remove(force=True)


def test_refusals_are_told(client) -> None:
    """An engine that will not run the probe gives one clear sentence, and nothing stays."""
    with pytest.raises(probe.ProbeRefused, match="FileNotFoundError"):
        probe.Probe(client, marks("a004"), root="/no/such/folder")
    assert objects.lab_objects(client, run="a004") == ()


def test_a_probe_that_was_removed_is_made_anew(client) -> None:
    """A run whose probe has gone gets an error from the old one, and a new one when it asks."""
    first = probe.files_of(client, marks("a005"))
    cleaning.remove_run(client, "a005")
    with pytest.raises(ConnectionError):
        first.read("/proc/version")
    second = probe.files_of(client, marks("a005"))
    assert second.read("/proc/version").startswith(b"Linux")
    probe.close("a005")
    assert objects.lab_objects(client, run="a005") == ()


CRASHING = """
import sys
from helpers.drivers import probe
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.labs import owner
from helpers.records.labels import RunLabels
client = open_client(look_for_engine().endpoint)
probe.files_of(client, RunLabels("tests/kernel-files", "a006", owner.current()).as_dict())
print("ready", flush=True)
sys.stdin.read()
"""


def test_nothing_stays_after_a_crash(client) -> None:
    """The probe of a process that is killed ends by itself and is removed."""
    child = subprocess.Popen(
        [sys.executable, "-c", CRASHING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=paths.ROOT,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert client.containers.list(filters={"label": f"{RUN}=a006"})
        child.send_signal(signal.SIGKILL)
    wait_until(lambda: not objects.lab_objects(client, run="a006"), what="the probe to be gone")
