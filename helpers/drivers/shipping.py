"""What the engine knows of an image, to compare it before and after a journey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.drivers.engine import engine_errors
from helpers.records.shipping import Traits

if TYPE_CHECKING:
    from docker import DockerClient


def traits(client: DockerClient, name: str) -> Traits:
    """Return what the engine knows of the image `name`. Raises EngineError, LabError."""
    with engine_errors():
        image = client.images.get(name)
        steps = len(image.history())
    settings = image.attrs.get("Config") or {}  # an imported image may have none at all
    return Traits(
        ident=str(image.id),
        layers=tuple(image.attrs["RootFS"].get("Layers") or ()),
        steps=steps,
        cmd=tuple(settings.get("Cmd") or ()),
        env=tuple(settings.get("Env") or ()),
        tags=tuple(image.tags),
    )
