"""The list of chapters beside each page, made from the table of contents once a build.

The theme resolves the whole table of contents anew for every page, the most expensive part of
building one, and gives the arrows that unfold a chapter no name. Classes are the theme's, so
that its stylesheet and its script work on what is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from helpers.text import _

_ARROW: Final = (
    '<span class="toctree-toggle" role="presentation">'
    '<i class="fa-solid fa-chevron-down"></i></span>'
)


@dataclass(frozen=True)
class Entry:
    """A page and the pages under it. page: its name on the site."""

    page: str
    title: str
    under: tuple[Entry, ...] = ()

    def holds(self, page: str) -> bool:
        """Tell whether `page` is this one or one under it."""
        return page == self.page or any(entry.holds(page) for entry in self.under)


@dataclass(frozen=True)
class Part:
    """A part of the book. caption: its heading, or nothing."""

    caption: str
    entries: tuple[Entry, ...]


def parts(env: BuildEnvironment) -> tuple[Part, ...]:
    """Return the book's table of contents as Sphinx has read it."""
    root = env.config.root_doc
    return tuple(
        Part(tree.get("caption") or "", tuple(_entries(env, tree)))
        for tree in env.get_doctree(root).findall(addnodes.toctree)
    )


def _entries(env: BuildEnvironment, tree: nodes.Element) -> Iterator[Entry]:
    for title, page in tree["entries"]:
        if page not in env.titles:
            continue  # Sphinx has complained of it
        below = env.tocs[page].findall(addnodes.toctree)
        under = tuple(entry for one in below for entry in _entries(env, one))
        yield Entry(page, title or env.titles[page].astext(), under)


def html(book: tuple[Part, ...], page: str, link: Callable[[str], str]) -> str:
    """Return the sidebar's list on `page`. link: gives a page's relative URL."""
    written = []
    for part in book:
        if part.caption:
            caption = f'<span class="caption-text">{escape(part.caption)}</span>'
            written.append(f'<p aria-level="2" class="caption" role="heading">{caption}</p>')
        items = "\n".join(_item(entry, page, link, 1) for entry in part.entries)
        written.append(f'<ul class="nav bd-sidenav">\n{items}\n</ul>')
    return "\n".join(written)


def _item(entry: Entry, page: str, link: Callable[[str], str], level: int) -> str:
    here, inside = entry.page == page, entry.holds(page)
    classes = [f"toctree-l{level}", *(["current", "active"] if inside else [])]
    current = ' aria-current="page"' if here else ""
    url = "#" if here else escape(link(entry.page))
    name = "current reference internal" if here else "reference internal"
    text = f'<a class="{name}" href="{url}"{current}>{escape(entry.title)}</a>'
    if entry.under:
        classes.append("has-children")
        inner = "\n".join(_item(below, page, link, level + 1) for below in entry.under)
        label = escape(_("Pages of the chapter {title}").format(title=entry.title))
        opened = ' open="open"' if inside else ""
        text += f'<details{opened}><summary aria-label="{label}">{_ARROW}</summary>'
        text += f"<ul>\n{inner}\n</ul></details>"
    return f'<li class="{" ".join(classes)}">{text}</li>'


def _offer(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    assert app.env is not None
    if not hasattr(app, "book_parts"):
        app.book_parts = parts(app.env)  # type: ignore[attr-defined]
    context["book_sidebar"] = lambda: html(app.book_parts, page, context["pathto"])  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; templates/sbt-sidebar-nav.html puts it to use."""
    app.connect("html-page-context", _offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
