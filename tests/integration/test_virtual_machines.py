"""Virtual machines of the lab's own: they answer, and nothing of them is left after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.command import run
from helpers.drivers import background, footprints, initramfs, vm
from helpers.drivers.engine import open_client
from helpers.drivers.images import reference
from helpers.errors import LabError
from helpers.host import look_for_engine, probe
from helpers.labs import cleaning, owner, scratch
from helpers.paths import LABS
from helpers.records.host import Engine, Unavailable
from helpers.records.labels import RunLabels
from helpers.waiting import wait_until

pytestmark = pytest.mark.skipif(
    isinstance(probe().qemu, Unavailable), reason="needs QEMU on x86-64"
)
RUN = "9e9d"
CRASH = """
import json, signal, sys
from helpers.drivers import vm
from helpers.labs import owner, scratch
place = scratch.make(sys.argv[1], owner.current()) / vm.FOLDER
vm.start(place, "one", "hi")
print(json.dumps("started"), flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def files() -> bytes:
    """The first file system of the lab's machines."""
    found = look_for_engine()
    assert isinstance(found, Engine), found
    busybox = Path(f"/tmp/caas-book-test-{os.getpid()}")
    client = open_client(found.endpoint)
    try:
        marks = RunLabels("tests", RUN, owner.current()).as_dict()
        made = client.containers.create(reference("busybox"), labels=marks)
        run(["docker", "cp", f"{made.id}:/bin/busybox", str(busybox)])
        made.remove()
        programs = {
            "init": (LABS / "containers/010-vm-or-container/init").read_bytes(),
            "bin/busybox": busybox.read_bytes(),
        }
        return initramfs.build(programs)
    finally:
        busybox.unlink(missing_ok=True)
        client.close()


@pytest.fixture
def place(files: bytes) -> Iterator[Path]:
    """The folder of a run's machines."""
    made = scratch.make(RUN, owner.current()) / vm.FOLDER
    made.mkdir(exist_ok=True)
    (made / vm.INITRAMFS).write_bytes(files)
    yield made
    scratch.remove(RUN)


def test_a_machine_answers_and_ends_with_its_run(place: Path) -> None:
    """It serves its page, keeps its own kernel, is measured, survives a late answer, and goes."""
    vm.start(place, "one", "hi")
    vm.await_ready(place, "one")
    assert vm.ask(place, "one", "wget -qO- http://127.0.0.1/") == "hi"
    boot = "cat /proc/sys/kernel/random/boot_id"
    assert vm.ask(place, "one", boot) != Path(boot.split()[1]).read_text().strip()
    with pytest.raises(LabError):
        vm.ask(place, "one", "sleep 2", seconds=0.5)
    assert vm.ask(place, "one", "echo still here") == "still here"
    machine = vm.process(place, "one")
    assert machine is not None
    assert vm.process(place, "on") is None
    inside = vm.ask(place, "one", "cat /proc/$(pidof httpd)/smaps_rollup")
    seen = footprints.of_machine("one", machine, inside)
    assert 50_000 < seen.program < 3e6
    assert 20e6 < seen.around < 600e6
    removal = scratch.remove(RUN)
    assert removal.count("machine") == 1
    assert removal.failed == ()
    assert vm.process(place, "one") is None
    assert not background.alive(machine)
    assert not place.exists()


def test_a_machine_whose_notebook_was_killed_is_swept(place: Path) -> None:
    """After kill -9 nobody says goodbye; the next sweep ends what still runs."""
    line = [sys.executable, "-c", CRASH, RUN]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as notebook:
        assert notebook.stdout is not None
        assert json.loads(notebook.stdout.readline()) == "started"
        notebook.send_signal(signal.SIGKILL)
    machine = wait_until(lambda: vm.process(place, "one"), what="the machine")
    assert machine is not None
    removal = cleaning.sweep(None)
    assert "one" in [thing.name for thing in removal.removed]
    assert not background.alive(machine)
    assert not place.exists()
