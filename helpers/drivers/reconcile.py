"""Read a declared state, look at what runs, and do single steps towards it.

    fleet = Fleet(here, path)
    fleet.wanted()                  {"till": 3, "cook": 2}
    fleet.seen()                    (Copy("…-till-1", "till", running=True), ...)
    fleet.act([("start", "till"), ("remove", "…-cook-3")])

What the steps should be is decided elsewhere: that is the lesson. A container belongs to a
service by its label `service`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from helpers.drivers.engine import engine_errors
from helpers.errors import BookError
from helpers.records import labels
from helpers.records.reconcile import Copy, Service
from helpers.text import _

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

LABEL: Final = "service"

Step = tuple[str, str]


def declared(text: str) -> dict[str, Service]:
    """Read the services of a Compose file: image, command and replicas. Raises BookError."""
    try:
        services = yaml.safe_load(text)["services"]
        return {name: _service(each) for name, each in services.items()}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BookError(
            _("The Compose file cannot be read: {error}").format(error=error),
            remedy=_("Each service needs an `image`; `deploy: {{replicas: N}}` says how many."),
        ) from error


def _service(said: dict[str, Any]) -> Service:
    command = said.get("command", ())
    words = shlex.split(command) if isinstance(command, str) else command
    return Service(
        image=str(said["image"]),
        command=tuple(map(str, words)),
        copies=int(said.get("deploy", {}).get("replicas", 1)),
    )


class Fleet:
    """The containers of one declared state. No step is taken unless told."""

    def __init__(self, here: Session, file: Path) -> None:
        self.here = here
        self.file = file

    def wanted(self) -> dict[str, int]:
        """Return how many copies of each service are declared now. Raises BookError."""
        return {name: each.copies for name, each in self._services().items()}

    def seen(self) -> tuple[Copy, ...]:
        """Return the containers there are, running or not, by name. Raises EngineError."""
        with engine_errors():
            found = [
                Copy(str(each.name), each.labels[LABEL], each.status == "running")
                for each in self._containers()
            ]
        return tuple(sorted(found, key=lambda copy: copy.name))

    def act(self, steps: Iterable[Step]) -> None:
        """Take the steps in order: ("start", service) or ("remove", container).

        Raises BookError for a step that is neither, EngineError.
        """
        for verb, what in steps:
            if verb == "start" and what in self._services():
                self._start(what)
            elif verb == "remove" and what in {copy.name for copy in self.seen()}:
                with engine_errors():
                    self.here.docker.containers.get(what).remove(force=True, v=True)
            else:
                raise BookError(
                    _("There is no such step: {verb} {what}.").format(verb=verb, what=what),
                    remedy=_(
                        'Steps are ("start", SERVICE) and ("remove", CONTAINER), with the names '
                        "of what is declared and of what was seen."
                    ),
                )

    def clear(self) -> None:
        """Remove all containers of the fleet."""
        self.act([("remove", copy.name) for copy in self.seen()])

    def _services(self) -> dict[str, Service]:
        return declared(self.file.read_text(encoding="utf-8"))

    def _containers(self) -> list[Container]:
        mine = [f"{labels.RUN}={self.here.run}", LABEL]
        return self.here.docker.containers.list(all=True, filters={"label": mine})

    def _start(self, service: str) -> None:
        told, taken = self._services()[service], {copy.name for copy in self.seen()}
        number = 1
        while self.here.name(f"{service}-{number}") in taken:
            number += 1
        with engine_errors():
            self.here.docker.containers.run(
                told.image,
                list(told.command),
                name=self.here.name(f"{service}-{number}"),
                labels={**self.here.labels, LABEL: service},
                network_mode="none",
                init=True,
                detach=True,
            )
