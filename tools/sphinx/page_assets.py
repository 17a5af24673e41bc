"""Load on each page what that page uses, and nothing else.

The theme puts Font Awesome's script (see icons.py) and the whole search index on every page,
extensions put theirs. The index belongs to the search page; what serves one kind of content
is dropped where a page has none of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from sphinx.application import Sphinx

TEMPLATES: Final = Path(__file__).parent / "templates"
_CODE: Final = re.compile(r'class="highlight\b')
_FOLDED: Final = re.compile(r'class="[^"]*\b(?:toggle|dropdown)\b')
# The name of a file, and what shows that a page needs it.
NEEDED_FOR: Final = {
    "design-tabs.js": re.compile(r'class="[^"]*\bsd-tab-'),
    "sphinx-design.min.css": re.compile(r'class="[^"]*\bsd-'),
    "togglebutton.js": _FOLDED,
    "togglebutton.css": _FOLDED,
    "clipboard.min.js": _CODE,
    "copybutton.js": _CODE,
    "copybutton.css": _CODE,
}
_INLINE: Final = {"toggleHintShow", "toggleHintHide", "toggleOpenOnPrint", "togglebuttonSelector"}
_HIDING_LABEL: Final = ' aria-label="Toggle hidden content"'
_LAST: Final = 900  # after the extensions that add files to a page


def without_scripts(html: str, *names: str) -> str:
    """Return `html` without the script elements that load files of these names."""
    for name in names:
        html = re.sub(
            rf'\s*<script[^>]*\bsrc="[^"]*{re.escape(name)}[^"]*"[^>]*></script>', "", html
        )
    return html


def is_needed(asset: Any, body: str) -> bool:
    """Tell whether a page with this `body` uses a stylesheet or script of Sphinx's list."""
    name = Path(str(asset.filename or "").partition("?")[0]).name
    inline = str(asset.attributes.get("body", ""))
    if any(variable in inline for variable in _INLINE):
        name = "togglebutton.js"
    mark = NEEDED_FOR.get(name)
    return mark is None or mark.search(body) is not None


def _drop_unused(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    app.add_js_file("print.mjs", type="module")
    # myst-nb gives what unfolds a cell a label that hides the text one sees there.
    context["body"] = body = context.get("body", "").replace(_HIDING_LABEL, "")
    for kind in ("script_files", "css_files"):
        # In place: Sphinx puts the whole list back after each page.
        context[kind][:] = [asset for asset in context[kind] if is_needed(asset, body)]


def _use_templates(app: Sphinx, config: Any) -> None:
    config.templates_path.insert(0, str(TEMPLATES))


def _offer_filter(app: Sphinx) -> None:
    if app.builder.format == "html":
        app.builder.templates.environment.filters["without_scripts"] = without_scripts


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", _use_templates)
    app.connect("builder-inited", _offer_filter)
    app.connect("html-page-context", _drop_unused, priority=_LAST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
