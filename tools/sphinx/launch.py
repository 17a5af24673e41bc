"""Links from a lab's page to where its cells run: JupyterLab at home, Binder.

They are links and nothing more: no request is made until one is clicked. Binder's is there
where `_config.yml` names the book's repository (`repository_url`).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from docutils import nodes

from helpers.text import _

JUPYTERLAB: Final = "http://127.0.0.1:8888/lab/tree/"  # where `make start` answers
BINDER: Final = "https://mybinder.org/v2/"
_PROVIDERS: Final = {"github.com": "gh", "gitlab.com": "gl"}
_REPOSITORY: Final = re.compile(
    r"https://(github\.com|gitlab\.com)/([\w.-]+)/([\w.-]+?)(?:\.git)?/?"
)


class NoSuchRepository(ValueError):
    """Binder cannot build from this address."""


def jupyterlab_url(page: str) -> str:
    """Return where `page` (as `docker/010-run`) opens in the JupyterLab of `make start`."""
    return f"{JUPYTERLAB}book/{quote(page)}.ipynb"


def binder_url(repository: str, page: str, branch: str = "HEAD") -> str:
    """Return where `page` opens on Binder. Raises NoSuchRepository."""
    found = _REPOSITORY.fullmatch(repository)
    if not found:
        raise NoSuchRepository(repository)
    provider, owner, name = _PROVIDERS[found[1]], found[2], found[3]
    repo = f"{owner}/{name}" if provider == "gh" else quote(f"{owner}/{name}", safe="")
    file = quote(f"lab/tree/book/{page}.ipynb", safe="")
    return f"{BINDER}{provider}/{repo}/{quote(branch, safe='')}?urlpath={file}"


def buttons(page: str, repository: str) -> nodes.container:
    """Return the links of a lab's page. Raises NoSuchRepository."""
    links = [(_("Open in your JupyterLab"), jupyterlab_url(page))]
    if repository:
        links.append((_("Run on Binder"), binder_url(repository, page)))
    line = nodes.paragraph(classes=["lab-launch"])
    for text, url in links:
        link = nodes.reference(text=text, refuri=url, internal=False, classes=["lab-button"])
        line += [link, nodes.Text(" ")]  # without the space the line could not break there
    said = _("Your JupyterLab answers while {command} runs on this computer.")
    before, _mark, after = said.partition("{command}")
    line += [nodes.Text(before), nodes.literal(text="make start"), nodes.Text(after)]
    return nodes.container("", line)
