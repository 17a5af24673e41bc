"""What a notebook's metadata say, as an extension reads them back from Sphinx."""

from __future__ import annotations

import json
from typing import Any

from sphinx.application import Sphinx


def of_page(app: Sphinx, docname: str, key: str) -> dict[str, Any]:
    """Return the object that a page's notebook has under `key`, or an empty one."""
    # myst-nb passes notebook metadata on as front matter: nested values arrive as JSON.
    value = app.env.metadata.get(docname, {}).get(key) or {}
    return json.loads(value) if isinstance(value, str) else dict(value)
