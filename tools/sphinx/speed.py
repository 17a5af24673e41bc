"""Build on all cores of this machine.

Jupyter Book has no option for it, but Sphinx does as its application says. Every extension of
the book is declared safe for it; one that is not makes Sphinx warn, and so stops the build.
"""

from __future__ import annotations

import os
from typing import Any, Final

from sphinx.application import Sphinx

# Loaded by sphinx_external_toc, and silent on the matter. It numbers sections after all pages
# are read and keeps nothing of its own from reading them.
_SAFE_TOO: Final = "sphinx_multitoc_numbering"


def _vouch(app: Sphinx, _config: object) -> None:
    if _SAFE_TOO in app.extensions:
        app.extensions[_SAFE_TOO].parallel_read_safe = True


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.parallel = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    app.connect("config-inited", _vouch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
