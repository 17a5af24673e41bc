"""Formulas as MathML, written when the book is built: no MathJax, nothing to load.

All current browsers draw MathML. docutils translates from LaTeX; what it cannot translate
is a warning, and so fails the build.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)


def to_mathml(latex: str, *, block: bool) -> str:
    """Return `latex` as a `<math>` element. Raises docutils' MathError."""
    return str(tex2mathml(latex, as_block=block)).strip()


def _visit(translator: Any, node: nodes.Element, *, block: bool) -> None:
    try:
        written = to_mathml(node.astext(), block=block)
    except MathError as error:
        _LOGGER.warning("this formula is beyond us: %s", error, location=node)
        written = f"<code>{escape(node.astext())}</code>"
    if block:
        anchor = "".join(f' id="{escape(name)}"' for name in node.get("ids", [])[:1])
        written = f'<div class="math"{anchor}>{written}</div>\n'
    translator.body.append(written)
    raise nodes.SkipNode


def _inline(translator: Any, node: nodes.Element) -> None:
    _visit(translator, node, block=False)


def _block(translator: Any, node: nodes.Element) -> None:
    _visit(translator, node, block=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; `html_math_renderer: mathml` puts it to use."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
