"""Have `!docker build` in a lab's cells be BuildKit, whichever builder it would have been."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from helpers.drivers import builders
from helpers.labs import shell
from helpers.text import _
from helpers.views import cards

if TYPE_CHECKING:
    from helpers.labs.session import Session


def use(here: Session) -> cards.Card:
    """Turn BuildKit on for this lab and say where it comes from. Raises MissingNeed.

    What is changed are variables of this kernel and the lab's own `docker`; both go with the lab.
    """
    folder = here.scratch / "bin"
    found = builders.find(os.environ, folder)
    shell.stand_before("docker", folder, found.program)
    os.environ["DOCKER_BUILDKIT"] = "1"
    # Proofs of where an image comes from hold the time of the build; they have their own lab.
    os.environ["BUILDX_NO_DEFAULT_ATTESTATIONS"] = "1"
    told = {
        "plugin": _("`docker build` is BuildKit here, through the plugin buildx {version}."),
        "built in": _("`docker build` is BuildKit here: that of the command line {version}."),
    }
    return cards.Card("live", _("Builder."), told[found.kind].format(version=found.version))
