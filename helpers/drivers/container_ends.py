"""Ask containers for their network interfaces: numbers and addresses, by which cables are told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from helpers.drivers.engine import engine_errors
from helpers.records.network import ContainerEnd

if TYPE_CHECKING:
    from docker.models.containers import Container

# Any image has these files; few have `ip`.
_FILES: Final = "grep . /sys/class/net/*/ifindex /sys/class/net/*/iflink /sys/class/net/*/address"
_LINE: Final = re.compile(r"/sys/class/net/([^/]+)/(ifindex|iflink|address):(.*)")


def container_ends(containers: Iterable[tuple[str, Container]]) -> tuple[ContainerEnd, ...]:
    """Return the interfaces of running containers, each with what it is to be called.

    The loopback, which leads nowhere, is left out. Raises EngineError.
    """
    found: list[ContainerEnd] = []
    for called, container in containers:
        with engine_errors():
            container.reload()
            output = container.exec_run(["sh", "-c", _FILES]).output
        said = output.decode("utf-8", "replace") if isinstance(output, bytes) else ""
        networks = container.attrs["NetworkSettings"]["Networks"]
        found += parse_ends(called, said, networks)
    return tuple(found)


def parse_ends(
    called: str, said: str, networks: dict[str, dict[str, Any]]
) -> tuple[ContainerEnd, ...]:
    """Return the interfaces that `grep` told. networks: of the container, as inspect has them."""
    facts: dict[str, dict[str, str]] = {}
    for ifname, key, value in _LINE.findall(said):
        facts.setdefault(ifname, {})[key] = value
    addresses = {each.get("MacAddress"): each.get("IPAddress", "") for each in networks.values()}
    return tuple(
        ContainerEnd(
            container=called,
            ifname=ifname,
            ifindex=int(each["ifindex"]),
            iflink=int(each["iflink"]),
            mac=each.get("address", ""),
            address=addresses.get(each.get("address"), ""),
        )
        for ifname, each in sorted(facts.items())
        if each.get("ifindex", "").isdecimal()
        and each.get("iflink", "").isdecimal()
        and each["ifindex"] != each["iflink"]
    )
