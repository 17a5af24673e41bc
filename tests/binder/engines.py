"""An engine of our own that can be stopped in the middle of a notebook and started again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from helpers.drivers import images
from helpers.drivers.docker import lab_objects
from helpers.drivers.engine import find, open_client
from helpers.labs import catalog
from tools.engines import isolated

# Containers that will not listen need not hold up a stop for long.
OPTIONS = ("--shutdown-timeout", "2")


@dataclass(frozen=True)
class Stoppable:
    """A running engine with a lab's images."""

    engine: isolated.Engine

    @property
    def url(self) -> str:
        """Its DOCKER_HOST."""
        return self.engine.url

    def stop(self) -> None:
        """Stop it as a person would: its containers stop, its data stays."""
        process = isolated.launched(self.engine.folder / "dockerd.pid")
        assert process is not None
        process.terminate()
        process.wait(60)

    def start(self) -> None:
        """Start it again."""
        isolated.start(self.engine)

    def left(self) -> list[str]:
        """Return the names of what labs made and did not remove."""
        with closing(open_client(self.url)) as client:
            return [each.name for each in lab_objects(client)]


@contextmanager
def stoppable(folder: Path, lab: str) -> Iterator[Stoppable]:
    """Start an engine with the images of `lab`; nothing is left of it at the end."""
    own = isolated.Engine(name=f"test-{token_hex(2)}", data=folder / "data", options=OPTIONS)
    with isolated.running(own):
        lend(own.url, ["busybox", *catalog.load(lab).images])
        yield Stoppable(own)


def lend(url: str, names: list[str]) -> None:
    """Give the engine at `url` base images of the machine's engine."""
    endpoint = find()
    assert endpoint is not None, "no engine answers"
    with closing(open_client(endpoint)) as machine, closing(open_client(url)) as own:
        images.ensure(machine, names)
        for name in dict.fromkeys(names):
            saved = machine.images.get(images.reference(name)).save(named=True)
            own.images.load(b"".join(saved))
