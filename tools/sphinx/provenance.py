"""Say under a lab's title where its outputs come from, and what running it takes.

The words come from the notebook's metadata: `labs` (needs, minutes, level; written by its
author) and `provenance` (date, engine, storage, kernel, cgroup; written by the recorder).
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

from tools.sphinx import launch
from tools.sphinx.metadata import of_page

HOW_TO_RUN: Final = "/about/how-to-run"
NEEDS: Final = {
    "docker": "Docker",
    "podman": "Podman",
    "lxc": "LXC",
    "qemu": "QEMU",
    "swarm": "a Docker Swarm",
    "kubernetes": "Kubernetes",
    "root": "root",
    "cgroup2": "cgroup v2",
    "aws": "the AWS emulators",
}
_LOGGER = logging.getLogger(__name__)


def outputs_line(labs: dict[str, Any], provenance: dict[str, Any]) -> str:
    """Return one sentence: the outputs' level, and the system and date they come from."""
    if labs.get("level") == "simulated":
        return "Simulated: the outputs on this page come from a model, not from a real system."
    if not provenance:
        return ""
    engine = "{engine} ({storage})" if provenance.get("storage") else "{engine}"
    forms = {"engine": engine, "kernel": "Linux {kernel}", "cgroup": "cgroup {cgroup}"}
    where = ", ".join(form.format(**provenance) for key, form in forms.items() if key in provenance)
    return f"Recorded on {_day(provenance['date'])}" + (f" on {where}." if where else ".")


def running_line(labs: dict[str, Any]) -> str:
    """Return one sentence on what the lab needs to run live, and how long it takes."""
    needs = [NEEDS.get(need, need) for need in labs.get("needs", [])]
    takes = " and ".join(needs) if needs else "nothing but Python"
    minutes = labs.get("minutes")
    return f"Live it needs {takes}" + (f", and about {minutes} minutes." if minutes else ".")


def _day(date: str) -> str:
    day = dt.date.fromisoformat(date[:10])
    return f"{day.day} {day:%B %Y}"


def _link(text: str, page: str) -> nodes.Element:
    link = addnodes.pending_xref(
        refdomain="std", reftype="doc", reftarget=page, refexplicit=True, refwarn=True
    )
    link += nodes.inline(text=text)
    return link


def _on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    labs = of_page(app, app.env.docname, "labs")
    title = next(iter(doctree.findall(nodes.title)), None)
    if not labs or title is None:
        return
    recorded = outputs_line(labs, of_page(app, app.env.docname, "provenance"))
    level = "simulated" if labs.get("level") == "simulated" else "recorded"
    line = nodes.paragraph(classes=["lab-provenance", level])
    if recorded:
        line += [nodes.strong(text=recorded), nodes.Text(" ")]
    line += [nodes.Text(f"{running_line(labs)} "), _link("How to run it", HOW_TO_RUN)]
    place = title.parent.index(title) + 1
    title.parent.insert(place, line)
    try:
        title.parent.insert(place + 1, launch.buttons(app.env.docname, _repository(app)))
    except launch.NoSuchRepository as error:
        _LOGGER.warning("Binder cannot open the repository %s (_config.yml)", error)


def _repository(app: Sphinx) -> str:
    return str(app.config.html_theme_options.get("repository_url") or "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", _on_doctree_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
