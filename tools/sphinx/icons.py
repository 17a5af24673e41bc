"""The theme's icons, drawn by a stylesheet of 4 kB instead of Font Awesome's script of 1.5 MB.

The shapes are those in the theme's own Font Awesome (icons: CC BY 4.0, fontawesome.com): each
icon that this book's pages show becomes a CSS mask, in the colour of the text around it. An icon
that is not in the list would be an empty box, so a page with one stops the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pydata_sphinx_theme
from sphinx.application import Sphinx
from sphinx.util import logging

NAME: Final = "icons.css"
SCRIPT: Final = (
    Path(pydata_sphinx_theme.__file__).parent
    / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
)
BUTTONS: Final = (
    *("angle-left", "angle-right", "arrow-up", "bars", "chevron-down", "circle-half-stroke"),
    *("code", "download", "expand", "file", "file-pdf", "list", "magnifying-glass", "moon"),
    *("rocket", "sun", "xmark"),
)
ADMONITIONS: Final = {  # icon -> the kinds of box that bear it
    "circle-info": ("note",),
    "lightbulb": ("hint", "tip"),
    "triangle-exclamation": ("attention", "caution", "warning"),
    "circle-exclamation": ("danger", "error", "important"),
    "share": ("seealso",),
}
_STYLES: Final = {"fa-solid", "fa-lg", "fa-fw"}  # classes that name no icon
_USED: Final = re.compile(r'<(?:i|span) class="([^"]*\bfa-[^"]*)"')
_LOGGER = logging.getLogger(__name__)


class NoSuchIcon(KeyError):
    """The theme's Font Awesome has no icon of this name."""


def shapes(script: str, names: Iterable[str]) -> dict[str, str]:
    """Return each icon of the theme's script as an SVG. Raises NoSuchIcon."""
    found = {}
    for name in names:
        form = rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"'
        # An icon may also come outlined; the filled one stands last.
        drawings = re.findall(form, script)
        if not drawings:
            raise NoSuchIcon(name)
        width, height, path = drawings[-1]
        box = f"0 0 {width} {height}"
        found[name] = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path d="{path}"/></svg>'
        )
    return found


def stylesheet(drawn: Mapping[str, str]) -> str:
    """Return the CSS that draws icons of the theme's class names. drawn: name -> SVG."""
    rules = [_BASE]
    rules += [f'.fa-{name} {{ --icon: url("{_data(drawn[name])}"); }}' for name in BUTTONS]
    default, *_others = ADMONITIONS
    rules.append(f'.admonition {{ --icon: url("{_data(drawn[default])}"); }}')
    for name, kinds in ADMONITIONS.items():
        boxes = ", ".join(f".admonition.{kind}" for kind in kinds)
        rules.append(f'{boxes} {{ --icon: url("{_data(drawn[name])}"); }}')
    return "\n".join(rules) + "\n"


def _data(svg: str) -> str:
    return "data:image/svg+xml," + quote(svg, safe=" =:/'()")


# The theme asks for a glyph of a font here; an empty `content` keeps the font from loading.
_BASE: Final = """\
/* Icons of Font Awesome Free (CC BY 4.0, https://fontawesome.com) as masks.
   Written by tools/sphinx/icons.py. */
i[class*="fa-"],
span[class*="fa-"] {
  font-family: inherit;
}
i[class*="fa-"]::before,
span[class*="fa-"]::before,
div.admonition[class] > .admonition-title.admonition-title::after {
  content: "";
  font-family: inherit;
  display: inline-block;
  width: 1em;
  height: 1em;
  vertical-align: -0.125em;
  background: currentColor;
  -webkit-mask: var(--icon) center / contain no-repeat;
  mask: var(--icon) center / contain no-repeat;
}
div.admonition[class] > .admonition-title.admonition-title::after {
  top: 0.75rem;
}
.onthispage.onthispage.onthispage::after {
  content: "" !important;
}
.fa-lg::before {
  font-size: 1.25em;
}
@media (forced-colors: active) {
  i[class*="fa-"]::before,
  span[class*="fa-"]::before,
  div.admonition[class] > .admonition-title.admonition-title::after {
    background: ButtonText;
  }
}"""


def unknown(html: str) -> set[str]:
    """Return the icons that `html` asks for and the stylesheet does not draw."""
    classes = {name for written in _USED.findall(html) for name in written.split()}
    asked = {name for name in classes if name.startswith("fa-")} - _STYLES
    return {name.removeprefix("fa-") for name in asked} - set(BUTTONS)


def _write(app: Sphinx) -> None:
    folder = Path(app.doctreedir) / "icons"
    folder.mkdir(parents=True, exist_ok=True)
    names = [*BUTTONS, *ADMONITIONS]
    drawn = shapes(SCRIPT.read_text(encoding="utf-8"), names)
    (folder / NAME).write_text(stylesheet(drawn), encoding="utf-8")
    app.config.html_static_path.append(str(folder))
    app.add_css_file(NAME)


def _complain(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    for page in sorted(Path(app.outdir).rglob("*.html")):
        if "_static" not in page.relative_to(app.outdir).parts:
            for name in sorted(unknown(page.read_text(encoding="utf-8"))):
                _LOGGER.warning(
                    "%s shows the icon %r, which tools/sphinx/icons.py does not draw",
                    page.name,
                    name,
                )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", _write)
    app.connect("build-finished", _complain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
