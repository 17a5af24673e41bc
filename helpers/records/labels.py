"""The labels by which the project recognises what it made, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "caas-book"
PROJECT = f"{PREFIX}.project"
PROJECT_VALUE = "containers-book"
LAB = f"{PREFIX}.lab"
RUN = f"{PREFIX}.run"
OWNER = f"{PREFIX}.owner"
ROLE = f"{PREFIX}.role"
RECIPE = f"{PREFIX}.recipe"
RECIPE_DIGEST = f"{PREFIX}.recipe-digest"
ORIGIN = f"{PREFIX}.origin"
BASE_IMAGE = "base-image"


@dataclass(frozen=True)
class RunLabels:
    """Who made an object: the lab (`docker/010-run`), its run (4 hex digits), its owner
    (`host/boot/pid/start`, the process that cleans up)."""

    lab: str
    run: str
    owner: str

    def as_dict(self) -> dict[str, str]:
        """Return the labels as Docker takes them."""
        return {PROJECT: PROJECT_VALUE, LAB: self.lab, RUN: self.run, OWNER: self.owner}
