"""Namespaces, confinement and layers of real containers, in this process and through a probe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.analysis import namespaces as analysis
from helpers.analysis.processes import ancestors, printable
from helpers.drivers import images, layers, probe
from helpers.drivers.engine import open_client
from helpers.host import look_for_engine
from helpers.kernel import namespaces, overlay, overlay_changes, processes
from helpers.kernel.files import Files, LocalFiles
from helpers.labs import owner
from helpers.records.host import Engine, Unavailable
from helpers.records.labels import RunLabels
from helpers.records.overlay import OverlayMount
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker
RUN = "c001"
MARKS = RunLabels("tests/kernel-namespaces", RUN, owner.current()).as_dict()
READY = "echo ready; exec sleep 600"

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def client():
    found = look_for_engine()
    assert isinstance(found, Engine), found
    made = open_client(found.endpoint)
    images.ensure(made, ["busybox", "nginx"])
    yield made
    made.close()


@pytest.fixture(scope="module", params=["in-process", "probe"])
def files(request: pytest.FixtureRequest, client) -> Iterator[Files]:
    """The machine's files, in both ways."""
    if request.param == "probe":
        yield probe.files_of(client, MARKS)
        probe.close(RUN)
    else:
        made = LocalFiles()
        yield made
        made.close()


@pytest.fixture
def start(client) -> Iterator[Start]:
    """Start containers and wait until their script is ready; they are removed at the end."""
    made = []

    def run(script: str, image: str = "busybox", **options: Any) -> Any:
        container = client.containers.create(
            images.reference(image), ["sh", "-c", f"{script}; {READY}"], labels=MARKS, **options
        )
        made.append(container)
        container.start()
        wait_until(container.logs, lambda said: b"ready" in said, what="a container", seconds=30)
        container.reload()
        return container

    yield run
    for container in made:
        container.remove(force=True)


def pid_of(container: Any) -> int:
    return int(container.attrs["State"]["Pid"])


def test_what_two_containers_share(files: Files, start: Start) -> None:
    """A container has its own of five kinds; one that joins its network shares just that."""
    first = start("true", cgroupns="private")
    second = start("true", cgroupns="private", network_mode=f"container:{first.id}")
    pids = [os.getpid(), pid_of(first), pid_of(second)]
    mine, one, two = namespaces.read_namespaces(files, pids)
    differ = {each.kind for each in analysis.compare(mine, one) if each.shared is False}
    assert (
        {"ipc", "mnt", "net", "pid", "uts"}
        <= differ
        <= {"ipc", "mnt", "net", "pid", "uts", "cgroup"}
    )
    shared = {each.kind for each in analysis.compare(one, two) if each.shared}
    assert "net" in shared
    assert not shared & {"ipc", "mnt", "pid", "uts"}
    groups = analysis.groups(namespaces.read_namespaces(files), ["net"])
    (together,) = [group for group in groups if pid_of(first) in group.pids]
    assert together.pids == tuple(sorted(pids[1:]))


def test_what_a_container_may_do(files: Files, start: Start) -> None:
    """Capabilities, seccomp and ids are those that the engine was asked for."""
    pid = pid_of(
        start(
            "true",
            cap_drop=["ALL"],
            cap_add=["NET_BIND_SERVICE"],
            security_opt=["no-new-privileges"],
        )
    )
    seen = processes.read_confinement(files, pid)
    assert not isinstance(seen, Unavailable)
    assert seen.status.capabilities.effective == {"cap_net_bind_service"}
    assert seen.status.capabilities.bounding == {"cap_net_bind_service"}
    assert seen.status.no_new_privs is True
    assert seen.status.ns_pid == (pid, 1)
    maps = namespaces.read_id_maps(files, pid)
    assert not isinstance(maps, Unavailable)
    assert analysis.outside(maps.uid, 0) == seen.status.uid.real
    filtered = start("true")
    status = processes.read_status(files, pid_of(filtered))
    assert not isinstance(status, Unavailable)
    assert "cap_chown" in status.capabilities.effective
    assert "cap_sys_admin" not in status.capabilities.bounding


def test_a_container_that_renames_its_processes(files: Files, start: Start) -> None:
    """A program with a hostile name is read as what it is: a child of the container's first."""
    script = (
        r"""name="/tmp/$(printf 'x) R 1\n(\033[J')"; printf '#!/bin/sh\nsleep 600' > "$name";"""
        r"""chmod +x "$name"; "$name" & sleep 1"""
    )
    first = pid_of(start(script))
    seen = processes.read_processes(files)
    (hostile,) = [each for each in seen if "R 1" in each.comm and each.ppid == first]
    assert hostile.stat.state == "S"
    assert hostile.stat.session == next(p for p in seen if p.pid == first).stat.session
    assert [each.pid for each in ancestors(seen, hostile.pid)[-2:]] == [first, hostile.pid]
    status = processes.read_status(files, hostile.pid)
    assert not isinstance(status, Unavailable)
    assert (status.pid, status.ppid) == (hostile.pid, first)
    assert "\\x1b[J" in printable(hostile.comm)


def test_layers_of_a_container(files: Files, client, start: Start) -> None:
    """What a container wrote, changed and deleted is what `docker diff` tells, and more."""
    script = (
        "echo more >> /etc/nginx/nginx.conf; echo new > /root/new; rm /etc/debian_version;"
        "ln -s /host/etc/shadow /root/link; chmod 700 /srv"
    )
    container = start(script, image="nginx")
    mount = overlay.root_mount(files, pid_of(container))
    if isinstance(mount, Unavailable):
        pytest.skip(mount.reason)
    assert isinstance(mount, OverlayMount)
    stack = overlay.find_folders(files, mount)
    assert len(stack.lower) >= 2
    assert all(isinstance(each.path, str) for each in stack.lower)
    found = overlay_changes.differences(files, stack)
    assert not isinstance(found, Unavailable), found
    told = {each.path: each.action for each in found}
    assert told["/etc/nginx/nginx.conf"] == "changed"
    assert told["/etc/debian_version"] == "deleted"
    assert told["/root/new"] == told["/root/link"] == "added"
    by_engine = {change.path: change.action for change in layers.changes(client, container.id)}
    assert {path: told.get(path) for path in by_engine} == by_engine
    conf = next(each for each in found if each.path == "/etc/nginx/nginx.conf")
    assert conf.now is not None
    assert conf.was is not None
    assert conf.now.st_size == conf.was.st_size + len("more\n")
