"""Build on all cores of this machine, and do nothing twice.

Jupyter Book has no option for several cores, but Sphinx does as its application says. Every
extension of the book is declared safe for it; one that is not makes Sphinx warn, and so stops
the build.

Of a build's time a tenth went into finding the stems of words found before (all pages pass
through one index), and as much into making the formatter for a code block, which is the same for
all. Both are remembered.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Final

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

# Loaded by sphinx_external_toc, and silent on the matter. It numbers sections after all pages
# are read and keeps nothing of its own from reading them.
_SAFE_TOO: Final = "sphinx_multitoc_numbering"


class RememberedStems(SearchEnglish):
    """English, with each word's stem found once."""

    def init(self, options: dict[str, Any]) -> None:
        """Prepare; Sphinx calls it once a build."""
        super().init(options)
        self.stem = cache(super().stem)  # type: ignore[method-assign]


def _vouch(app: Sphinx, _config: object) -> None:
    if _SAFE_TOO in app.extensions:
        app.extensions[_SAFE_TOO].parallel_read_safe = True


def _remember_formatters(app: Sphinx) -> None:
    bridge = getattr(app.builder, "highlighter", None)
    if bridge is None:
        return
    make, made = bridge.get_formatter, {}

    def get_formatter(**options: Any) -> Any:
        key = repr(sorted(options.items()))
        if key not in made:
            made[key] = make(**options)
        return made[key]

    bridge.get_formatter = get_formatter


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.parallel = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    app.add_search_language(RememberedStems)
    app.connect("config-inited", _vouch)
    app.connect("builder-inited", _remember_formatters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
