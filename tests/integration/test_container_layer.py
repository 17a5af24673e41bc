"""A running container's layer, read from the folders that mountinfo names, here and by probe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.analysis import container_layer as analysis
from helpers.drivers import probe
from helpers.drivers.container_layer import LayerWatch, open_watch
from helpers.host import look_for_engine
from helpers.labs import owner, session
from helpers.records.host import Engine
from helpers.records.lab import Lab

pytestmark = pytest.mark.docker
LAB = Lab("containers/050-copy-on-write", Path("x.ipynb"), ("docker",), ("python",), 1, "live")
ACTS = (
    "chmod 640 /etc/bash.bashrc; echo >> /etc/adduser.conf; rm /etc/issue; echo > /srv/new;"
    "rm -r /etc/skel; mkdir /etc/skel;"
    """echo '{"verb": "append", "path": "/srv/new", "ms": 1.5}' > /run/acts"""
)


@pytest.fixture(scope="module")
def here() -> Iterator[session.Session]:
    """A session outside a notebook, with one container that changed its files."""
    engine = look_for_engine()
    assert isinstance(engine, Engine), engine
    made = session.Session(LAB, session.new_run(), engine, owner.current())
    made.docker.containers.run(
        made.image("python"),
        ["sleep", "600"],
        name=made.name("one"),
        labels=made.labels,
        detach=True,
        tmpfs={"/run": ""},
    )
    done = made.container("one").exec_run(["sh", "-c", ACTS])
    assert done.exit_code == 0, done.output
    yield made
    probe.close(made.run)
    made.close()


@pytest.fixture(params=["here", "through a probe"])
def watch(here: session.Session, request: pytest.FixtureRequest) -> Iterator[LayerWatch]:
    """A watch over it, by both ways to the kernel's files."""
    assert isinstance(here.engine, Engine)
    if request.param == "here":
        if probe.needed(here.engine):
            pytest.skip("the kernel is seen through a probe only")
        yield open_watch(here.docker, here.engine, here.name("one"), here.labels)
        return
    pid = here.container("one").attrs["State"]["Pid"]
    yield LayerWatch(probe.files_of(here.docker, here.labels), pid, name="python")


def test_what_a_container_did_is_in_its_layer(watch: LayerWatch) -> None:
    """Whole files for a byte or a permission, a whiteout, an opaque directory; and its notes."""
    look = watch.look()
    below = {
        path: size for layer in watch.base.layers for path, size in analysis.sizes(layer).items()
    }
    own = analysis.sizes(look.own)
    assert own["/etc/bash.bashrc"] == below["/etc/bash.bashrc"]
    assert own["/etc/adduser.conf"] == below["/etc/adduser.conf"] + 1
    assert own["/srv/new"] == 1
    assert look.own.whiteouts == {"/etc/issue"}
    assert ("/etc/skel" in look.own.opaque) == look.opaque_known
    assert [(act.verb, act.path, act.ms) for act in look.acts] == [("append", "/srv/new", 1.5)]


def test_only_what_was_merely_relabelled_has_its_stamp(watch: LayerWatch) -> None:
    """Copy-up keeps the time of a file; a write does not."""
    below = {e.path: e.digest for layer in watch.base.layers for e in layer.entries}
    same = {e.path for e in watch.look().own.entries if e.digest and e.digest == below.get(e.path)}
    assert same == {"/etc/bash.bashrc"}


def test_layers_are_called_by_their_instructions(here: session.Session) -> None:
    """However the engine keeps them; the one it puts on top is told apart."""
    assert isinstance(here.engine, Engine)
    watch = open_watch(here.docker, here.engine, here.name("one"), here.labels)
    said = [layer.created_by for layer in watch.base.layers]
    assert [each for each in said if "apt-get install" in each]
    assert said[-1].startswith("the engine")
