"""Ask a server on this machine for a page, and wait for one that is only starting."""

from __future__ import annotations

from http.client import HTTPException
from typing import Final
from urllib.request import urlopen

from helpers.text import _
from helpers.waiting import wait_until

PATIENCE: Final = 2  # seconds for one answer


def page(port: int, path: str = "/") -> str | None:
    """Return what `http://127.0.0.1:PORT/PATH` says, stripped; None where nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode("utf-8", "replace")).strip()
    except (OSError, HTTPException):
        return None


def await_page(port: int, path: str = "/", seconds: float = 20) -> str:
    """Return that page as soon as somebody answers. Raises TimedOut."""
    what = _("an answer at 127.0.0.1:{port}").format(port=port)
    found = wait_until(
        lambda: page(port, path), lambda text: text is not None, what=what, seconds=seconds
    )
    return found or ""
