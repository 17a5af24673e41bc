"""Remove what labs made: one run's objects, dead runs' remains, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.drivers import docker as objects
from helpers.errors import EngineError
from helpers.labs import owner, scratch
from helpers.records.docker import Kind, LabObject, Removal
from helpers.text import _
from helpers.views import cards

if TYPE_CHECKING:
    from docker import DockerClient


def remove_run(client: DockerClient, run: str) -> Removal:
    """Remove all that the run `run` made."""
    return objects.remove(client, objects.lab_objects(client, run=run))


def remains(client: DockerClient, *, everything: bool = False) -> tuple[LabObject, ...]:
    """Return what runs left whose process has gone; `everything`: what living runs use too."""
    found = objects.lab_objects(client)
    return found if everything else tuple(t for t in found if owner.is_dead(t.owner))


def sweep(client: DockerClient | None, *, everything: bool = False) -> Removal:
    """Remove what `remains` finds, and the scratch folders of dead runs.

    client: None where no engine answers; then only folders are swept.
    """
    removal = Removal()
    if client is not None:
        removal = objects.remove(client, remains(client, everything=everything))
    for run, owned_by in scratch.owners():
        if everything or owner.is_dead(owned_by):
            removal += scratch.remove(run)
    return removal


def unreachable(lab: str, run: str, error: EngineError) -> tuple[tuple[LabObject, str], ...]:
    """Return, as a failure to remove, that the engine did not answer at clean-up."""
    return ((LabObject("container", "", "*", lab, run, ""), error.what),)


def card(removal: Removal) -> cards.Card:
    """Say what a clean-up removed, and what it could not remove."""
    if removal.failed:
        lines = tuple(f"{thing.kind} {thing.name}: {why}" for thing, why in removal.failed)
        return cards.Card(
            "broken",
            _("Not all cleaned up."),
            _("`labs clean` tries again."),
            lines,
        )
    return cards.Card("met", _("Cleaned up."), describe(removal))


def describe(removal: Removal) -> str:
    """Return what was removed, counted by kind: `3 containers, 1 network`."""
    if not removal.removed:
        return _("Nothing was left to remove.")
    counted = [_count(kind, removal.count(kind)) for kind in objects.ORDER if removal.count(kind)]
    return _("Removed {things}.").format(things=", ".join(counted))


def _count(kind: Kind, number: int) -> str:
    words = {
        "container": (_("1 container"), _("{n} containers")),
        "machine": (_("1 virtual machine"), _("{n} virtual machines")),
        "pod": (_("1 pod"), _("{n} pods")),
        "network": (_("1 network"), _("{n} networks")),
        "volume": (_("1 volume"), _("{n} volumes")),
        "image": (_("1 image"), _("{n} images")),
    }
    one, many = words[kind]
    return one if number == 1 else many.format(n=number)
