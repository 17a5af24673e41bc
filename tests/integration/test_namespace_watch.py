"""Who lives in which namespace, of real containers, in this process and through a probe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.analysis.namespace_watch import first_of, shared, with_host
from helpers.drivers import probe
from helpers.drivers.namespace_watch import Watch
from helpers.host import look_for_engine
from helpers.labs import owner, session
from helpers.records.host import Engine
from helpers.records.lab import Lab
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker
LAB = Lab("containers/030-namespaces", Path("x.ipynb"), ("docker",), ("busybox",), 1, "live")


@pytest.fixture(scope="module")
def here() -> Iterator[session.Session]:
    """A session outside a notebook: a shop, a guest in its network, a window on the host."""
    engine = look_for_engine()
    assert isinstance(engine, Engine), engine
    made = session.Session(LAB, session.new_run(), engine, owner.current())
    joins = {"network_mode": f"container:{made.name('shop')}"}
    options = {"shop": {}, "guest": joins, "window": {"pid_mode": "host"}}
    for name, more in options.items():
        made.docker.containers.run(
            made.image("busybox"),
            ["sleep", "600"],
            name=made.name(name),
            labels=made.labels,
            detach=True,
            cgroupns="private",
            **more,
        )
    yield made
    probe.close(made.run)
    made.close()


@pytest.fixture(params=["here", "through a probe"])
def watch(here: session.Session, request: pytest.FixtureRequest) -> Watch:
    """A watch over it, by both ways to the kernel's files."""
    given = {}
    if request.param == "through a probe":
        given["files"] = probe.files_of(here.docker, here.labels)
    return Watch(here.docker, here.labels, here.engine, **given)


def test_what_is_shared_is_told(watch: Watch) -> None:
    """By the kernel's links alone; the probe itself is none of the lab's containers."""
    seen = watch.look()
    assert {each.home for each in seen.residents} == {"", "shop", "guest", "window"}
    assert "net" in shared(seen, "shop", "guest")
    assert not {"cgroup", "ipc", "mnt", "pid", "uts"} & set(shared(seen, "shop", "guest"))
    assert "pid" in with_host(seen, "window")
    assert "pid" not in with_host(seen, "shop")


def test_what_came_by_exec_lives_there_too(here: session.Session, watch: Watch) -> None:
    """Its parent is nobody in the container; its cgroup tells where it belongs."""
    here.container("shop").exec_run(["sleep", "7.25"], detach=True)
    found = wait_until(
        lambda: [each for each in watch.look().residents if each.name == "sleep 7.25"],
        what="the process",
    )
    first = first_of(watch.look(), "shop")
    assert first is not None
    assert (found[0].home, found[0].inodes) == ("shop", first.inodes)


def test_the_whole_host_can_be_looked_at(here: session.Session) -> None:
    """Then it has far more than two processes, and this one among them."""
    few = Watch(here.docker, here.labels, here.engine).look().residents
    all_of_them = Watch(here.docker, here.labels, here.engine, whole=True).look().residents
    assert len(all_of_them) > len(few)
    assert os.getpid() in {each.pid for each in all_of_them}
