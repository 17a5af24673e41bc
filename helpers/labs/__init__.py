"""Labs: what a notebook needs, its session, and answers where something is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.labs.session import Session


def lab(ident: str) -> Session:
    """Open the lab `ident` ("docker/010-run"): the first code cell of its notebook.

    Looks what the machine has, shows one ribbon (live, simulated or recorded, and why),
    makes the lab's base images ready and returns the session. Raises LabError.
    """
    from helpers.labs import opening

    return opening.open_lab(ident)
