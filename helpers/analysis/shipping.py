"""Read a registry's access log: which blobs were brought, mounted, or there already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from helpers.records.shipping import Request

# The combined log of Apache, which Distribution writes: ... "PUT /v2/... HTTP/1.1" 201 0 ...
_LINE: Final = re.compile(r'^\S+ \S+ \S+ \[[^]]*\] "([A-Z]+) (\S+) HTTP/[\d.]+" (\d{3}) ', re.M)
_BLOB: Final = re.compile(r"/blobs/(sha256:[0-9a-f]{64})$")


def read_log(text: str) -> tuple[Request, ...]:
    """Return the requests of an access log; other lines are passed over."""
    found = []
    for method, target, status in _LINE.findall(text):
        parts = urlsplit(target)
        found.append(Request(method, parts.path, dict(parse_qsl(parts.query)), int(status)))
    return tuple(found)


def brought(requests: Iterable[Request]) -> tuple[str, ...]:
    """Return the digests of the blobs that were sent to the registry and taken."""
    return _once(
        each.query["digest"]
        for each in requests
        if each.method == "PUT" and each.status == 201 and "digest" in each.query
    )


def mounted(requests: Iterable[Request]) -> tuple[str, ...]:
    """Return the digests of the blobs that were taken over from another repository."""
    return _once(
        each.query["mount"]
        for each in requests
        if each.method == "POST" and each.status == 201 and "mount" in each.query
    )


def found_there(requests: Sequence[Request]) -> tuple[str, ...]:
    """Return the digests that were asked for and there, though nobody had just sent them."""
    new = {*brought(requests), *mounted(requests)}
    asked = (_BLOB.search(each.path) for each in requests if _is_found(each, "HEAD"))
    return _once(match[1] for match in asked if match and match[1] not in new)


def fetched(requests: Iterable[Request]) -> tuple[str, ...]:
    """Return the digests of the blobs that were taken out of the registry."""
    asked = (_BLOB.search(each.path) for each in requests if _is_found(each, "GET"))
    return _once(match[1] for match in asked if match)


def _is_found(request: Request, method: str) -> bool:
    return request.method == method and request.status == 200


def _once(digests: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(digests))
