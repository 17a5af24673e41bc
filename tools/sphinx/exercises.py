"""Put an exercise into one box, from its task to its last check, with its hints folded in.

An author marks nothing: an exercise is a section with cells tagged `exercise`. The hints are
those that `here.hint(...)` gives, read from the exercise's class, so that a page and a
notebook never disagree; they stand after the first check. A solution is a `{dropdown}` of the
author's. Both are plain `<details>`: they open without JavaScript, and in print.
"""

from __future__ import annotations

import re
from typing import Any, Final

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from helpers import checks
from helpers.errors import BookError
from helpers.text import _
from helpers.views.cards import inline
from tools.sphinx.metadata import of_page

_CHECK: Final = re.compile(r"""\bhere\.check\(\s*["']([\w-]+)["']""")
_LOGGER = logging.getLogger(__name__)


def hints_html(hints: tuple[str, ...]) -> str:
    """Return hints as folded boxes, one for each, in the order in which they are given."""
    return "\n".join(
        f'<details class="lab-hint"><summary>{_("Hint {number}").format(number=number)}</summary>'
        f"<p>{inline(hint)}</p></details>"
        for number, hint in enumerate(hints, 1)
    )


def box(section: nodes.section, lab: str) -> None:
    """Move an exercise's part of `section` into a box. Raises BookError for an unknown one."""
    checked = [child for child in section.children if _is_check(child)]
    names = [found[1] for cell in checked if (found := _CHECK.search(cell.astext()))]
    start = 1 if isinstance(section.children[0], nodes.title) else 0
    end = section.index(checked[-1]) + 1
    inside = section.children[start:end]
    if names:
        html = hints_html(checks.find(lab, names[0]).hints)
        inside.insert(inside.index(checked[0]) + 1, nodes.raw("", html, format="html"))
    section["classes"].append("lab-exercise")
    section[start:end] = [nodes.container("", *inside, classes=["lab-exercise-box"])]


def _is_check(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element) and "tag_exercise" in node.get("classes", [])


def _on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    labs = of_page(app, app.env.docname, "labs")
    for section in list(doctree.findall(nodes.section)):
        if any(_is_check(child) for child in section.children):
            try:
                box(section, str(labs.get("lab", "")))
            except BookError as error:
                _LOGGER.warning("%s", error, location=section)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", _on_doctree_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
