"""Links, addresses and routes from what `ip -json` prints; name servers from resolv.conf."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import Files
from helpers.kernel.namespaces import refused
from helpers.records.host import Unavailable
from helpers.records.network import Address, Link, ResolvConf, Route, Traffic

# What is to be run where it counts; one program each, so that the reader can run them, too.
LINKS: Final = ("ip", "-json", "-details", "-statistics", "address", "show")
ROUTES: Final = ("ip", "-json", "-4", "route", "show", "table", "all")
ROUTES_6: Final = ("ip", "-json", "-6", "route", "show", "table", "all")


def _objects(text: str, what: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON list; iproute2 prints nothing, or `{}`, for nothing."""
    if not text.strip():
        return
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Garbled(what, text) from None
    if not isinstance(found, list):
        raise Garbled(what, text)
    yield from (each for each in found if isinstance(each, dict) and each)


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _number(said: dict[str, Any], key: str) -> int:
    value = said.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _object(said: dict[str, Any], key: str) -> dict[str, Any]:
    value = said.get(key)
    return value if isinstance(value, dict) else {}


def _traffic(said: dict[str, Any]) -> Traffic | None:
    if not said:
        return None
    names = ("bytes", "packets", "errors", "dropped")
    return Traffic(*(_number(said, name) for name in names))


def parse_links(text: str) -> tuple[Link, ...]:
    """Parse what LINKS prints: every interface with its counters. Raises Garbled."""
    objects = [each for each in _objects(text, "ip address") if _number(each, "ifindex") > 0]
    index = {_text(each, "ifname"): _number(each, "ifindex") for each in objects}
    return tuple(_link(each, index) for each in objects)


def _link(said: dict[str, Any], index: dict[str, int]) -> Link:
    statistics = _object(said, "stats64")
    flags = said.get("flags")
    # The other end has a name only where it is in the same namespace.
    other = _number(said, "link_index") or index.get(_text(said, "link"), 0)
    return Link(
        ifindex=_number(said, "ifindex"),
        ifname=_text(said, "ifname"),
        kind=_text(_object(said, "linkinfo"), "info_kind"),
        address=_text(said, "address"),
        mtu=_number(said, "mtu"),
        operstate=_text(said, "operstate"),
        flags=tuple(each for each in flags if isinstance(each, str))
        if isinstance(flags, list)
        else (),
        master=_text(said, "master"),
        link=other,
        link_netnsid=_number(said, "link_netnsid") if "link_netnsid" in said else None,
        rx=_traffic(_object(statistics, "rx")),
        tx=_traffic(_object(statistics, "tx")),
    )


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Parse the addresses in what LINKS prints. Raises Garbled."""
    found = []
    for link in _objects(text, "ip address"):
        listed = link.get("addr_info")
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, dict) and _text(each, "local"):
                found.append(
                    Address(
                        ifname=_text(link, "ifname"),
                        family=_text(each, "family"),
                        local=_text(each, "local"),
                        prefixlen=_number(each, "prefixlen"),
                        scope=_text(each, "scope"),
                    )
                )
    return tuple(found)


def parse_routes(text: str) -> tuple[Route, ...]:
    """Parse what ROUTES prints. Raises Garbled."""
    return tuple(
        Route(
            dst=_text(each, "dst"),
            gateway=_text(each, "gateway"),
            dev=_text(each, "dev"),
            table=_text(each, "table") or "main",
            type=_text(each, "type") or "unicast",
            protocol=_text(each, "protocol"),
            scope=_text(each, "scope"),
            prefsrc=_text(each, "prefsrc"),
            metric=_number(each, "metric"),
        )
        for each in _objects(text, "ip route")
        if _text(each, "dst")
    )


def parse_resolv_conf(text: bytes) -> ResolvConf:
    """Parse a resolv.conf (resolv.conf(5)): of several `search` lines the last counts."""
    raw = text.decode("utf-8", "surrogateescape")
    nameservers: list[str] = []
    search: tuple[str, ...] = ()
    options: list[str] = []
    for line in raw.split("\n"):
        words = line.split()
        if not words or line[0] in "#;":
            continue
        if words[0] == "nameserver" and len(words) > 1:
            nameservers.append(words[1])
        elif words[0] in ("search", "domain"):
            search = tuple(words[1:])
        elif words[0] == "options":
            options += words[1:]
    return ResolvConf(tuple(nameservers), search, tuple(options), raw)


def read_resolv_conf(files: Files, pid: int) -> ResolvConf | Unavailable:
    """Return the resolv.conf that a process sees."""
    try:
        return parse_resolv_conf(files.inside(pid).read("/etc/resolv.conf", 1 << 16))
    except OSError as error:
        return refused(error)
