"""Build on all cores of this machine.

Jupyter Book has no option for it, but Sphinx does as its application says. Every extension of
the book is declared safe for it; one that is not makes Sphinx warn, and so stops the build.
"""

from __future__ import annotations

import os
from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.parallel = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return {"parallel_read_safe": True, "parallel_write_safe": True}
