"""Requests to the engine's API, from the bytes of a connection: pure functions."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from helpers.records.engine_calls import EngineCall

HEAD_END: Final = b"\r\n\r\n"
_REQUEST: Final = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/1\.[01]\r\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})")
_AGENT: Final = re.compile(rb"\r\nuser-agent: *([^\r\n]*)", re.IGNORECASE)
_VERSION: Final = re.compile(r"^/v\d+\.\d+(?=/)")
_IDENT: Final = re.compile(r"[0-9a-f]{64}")


def begins(data: bytes) -> bool:
    """Tell whether `data` begins a request: bodies and streams do not."""
    return _REQUEST.match(data) is not None


def request(head: bytes) -> EngineCall | None:
    """Return the request that the bytes `head` begin with, or None."""
    found = _REQUEST.match(head)
    if found is None:
        return None
    agent = _AGENT.search(head.partition(HEAD_END)[0])
    return EngineCall(
        found[1].decode(),
        found[2].decode("latin-1"),
        agent[1].decode("latin-1").strip() if agent else "",
    )


def status(data: bytes) -> int:
    """Return the final status of the answer that `data` begins with; 0 where there is none yet.

    100 only says: go on. 101 is final: the connection becomes a stream.
    """
    found = _STATUS.match(data)
    while found and found[1] == b"100":
        data = data.partition(HEAD_END)[2]
        found = _STATUS.match(data)
    return int(found[1]) if found else 0


def short(path: str) -> str:
    """Return a path without the API's version and its options, and ids as twelve digits."""
    bare = _VERSION.sub("", urlsplit(path).path)
    return _IDENT.sub(lambda ident: ident[0][:12], bare)


def step(call: EngineCall) -> str:
    """Return what a request is, whomever it is about: `POST /containers/…/start`."""
    parts = short(call.path).split("/")
    if len(parts) == 4 and parts[1] in ("containers", "images"):
        parts[2] = "…"
    return f"{call.method} {'/'.join(parts)}"
