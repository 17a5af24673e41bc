"""Ask `ip`, `iptables-save` and `nft` about the machine's network and about a container's.

    tools = NetworkTools()
    host = read_network(files, tools)               the machine's own namespace
    inner = read_network(files, tools, pid)         a container's, by one of its processes
    rules = read_rules(tools, pid)

Least privilege: listing links and routes needs none, rules need CAP_NET_ADMIN, and entering
another namespace CAP_SYS_ADMIN (`nsenter --net`). Only the network namespace is entered: the
programs are the machine's own, never the container's, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from helpers.command import run
from helpers.errors import CommandFailed, LabError, MissingNeed
from helpers.kernel.files import Files
from helpers.kernel.firewall import NFT, SAVERS, parse_iptables, parse_nft
from helpers.kernel.namespaces import parse_link
from helpers.kernel.network import (
    LINKS,
    ROUTES,
    ROUTES_6,
    parse_addresses,
    parse_links,
    parse_routes,
)
from helpers.records.firewall import Ruleset, Source
from helpers.records.network import Network
from helpers.text import _

TIMEOUT: Final = 20.0  # seconds for one program
SOURCES: Final[tuple[Source, ...]] = (*SAVERS, "nft")
CAPABILITIES: Final = ("cap_net_admin", "cap_sys_admin")  # for rules; for other namespaces


class NetworkTools:
    """Runs programs in a network namespace. prefix: what comes first on each command line, such
    as `docker exec ID` for a container that shares the machine's process numbers."""

    def __init__(self, prefix: Sequence[str] = (), *, timeout: float = TIMEOUT) -> None:
        self._prefix, self._timeout = tuple(prefix), timeout

    def command(self, argv: Sequence[str], pid: int | None = None) -> list[str]:
        """Return the whole command line, as a reader could run it."""
        enter = [] if pid is None else ["nsenter", f"--net=/proc/{int(pid)}/ns/net", "--"]
        return [*self._prefix, *enter, *argv]

    def say(self, argv: Sequence[str], pid: int | None = None) -> str:
        """Return what a program prints in the namespace of a process, or here.

        Raises MissingNeed where the privilege is missing, CommandFailed, TimedOut.
        """
        try:
            return run(self.command(argv, pid), timeout=self._timeout).stdout
        except CommandFailed as error:
            if _refused(error):
                raise MissingNeed(
                    _("The kernel lets only root look into this network: {line}").format(
                        line=" ".join(error.argv)
                    ),
                    remedy=_("Run JupyterLab as root on Linux."),
                ) from error
            raise


def _refused(error: CommandFailed) -> bool:
    words = ("Operation not permitted", "Permission denied", "you must be root")
    return any(word in error.output for word in words)


def _absent(error: CommandFailed) -> bool:
    """Tell whether a program is not there; nsenter and env say so with status 127."""
    return error.status in (None, 126, 127)


def read_network(files: Files, tools: NetworkTools, pid: int | None = None) -> Network:
    """Return links, addresses and routes of a process's network namespace, or of this one's.

    Raises LabError, OSError where the process has gone.
    """
    inode = parse_link(files.link(f"/proc/{pid or files.viewer}/ns/net")).inode
    return ask_network(inode, tools, pid)


def ask_network(inode: int, tools: NetworkTools, pid: int | None = None) -> Network:
    """Return links, addresses and routes of the namespace with that number. Raises LabError."""
    links = tools.say(LINKS, pid)
    routes = parse_routes(tools.say(ROUTES, pid))
    with suppress(CommandFailed):  # a kernel without IPv6
        routes += parse_routes(tools.say(ROUTES_6, pid))
    return Network(inode, parse_links(links), parse_addresses(links), routes)


def read_rules(
    tools: NetworkTools, pid: int | None = None, sources: Sequence[Source] = SOURCES
) -> tuple[Ruleset, ...]:
    """Return the packet filter rules of a namespace, from every program that has any to tell.

    Distributions differ in which of the programs they have and where `iptables` keeps its
    rules; so all are asked, and at least one must be there. sources: whom to ask; for counters
    that are read again and again, those who had something. Raises LabError.
    """
    found: list[Ruleset] = []
    missing: CommandFailed | None = None
    for source in sources:
        try:
            if source == "nft":
                found.append(parse_nft(tools.say(NFT, pid)))
            else:
                found.append(parse_iptables(tools.say(SAVERS[source], pid), source))
        except CommandFailed as error:
            missing = error
    if not found:
        raise _none(missing)
    return _once(found)


def _none(error: CommandFailed | None) -> LabError:
    if error is not None and not _absent(error):
        return error
    return MissingNeed(
        _("Neither iptables nor nft is installed, so that no rules can be listed."),
        remedy=_("On Debian and Ubuntu: `sudo apt install iptables nftables`."),
    )


def _once(rulesets: Sequence[Ruleset]) -> tuple[Ruleset, ...]:
    """Leave out who has nothing to tell, and legacy tables that were told already.

    Where `iptables` is the legacy one, both names tell the same rules.
    """
    found: list[Ruleset] = []
    for each in rulesets:
        plain = each.source.removesuffix("-legacy")
        said = [(rule.table, rule.chain, rule.action, rule.conditions) for rule in each.rules]
        known = [
            [(rule.table, rule.chain, rule.action, rule.conditions) for rule in other.rules]
            for other in found
            if other.source == plain and each.source != plain
        ]
        if each.rules and said not in known:
            found.append(each)
    return tuple(found)
