"""The OCI bundle of a container of the engine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.analysis.processes import ancestors
from helpers.drivers.engine import engine_errors
from helpers.kernel.bundles import bundle_of
from helpers.kernel.files import Files
from helpers.kernel.processes import read_processes
from helpers.records.bundles import Bundle

if TYPE_CHECKING:
    from docker.models.containers import Container


def of(container: Container, files: Files) -> Bundle:
    """Return the bundle of a running container. Raises LabError."""
    with engine_errors():
        container.reload()
    pid = int(container.attrs["State"]["Pid"])
    return bundle_of(files, ancestors(read_processes(files), pid), str(container.id))
