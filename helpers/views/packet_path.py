"""The way of a packet to a published port: each stop with its rule or interface, and its count.

    way = Way(Watch(host, container, port), here.at_end, container="web")
    way.show()                    displays it, and goes on while somebody can see it

What is counted is what the kernel counts by itself: packets that met a rule, packets that
crossed an interface, connections that a namespace took, times that a program ran. A stop that
nobody counts says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from helpers.records.firewall import Rule
from helpers.records.network import Crossing, Link, PacketPath
from helpers.text import _
from helpers.views.firewall import rule_text, told_by_iptables
from helpers.views.showing import Frame, Showing
from helpers.views.still import Still

if TYPE_CHECKING:
    from helpers.views.live import Widget

EVERY: Final = 0.5  # seconds; a look takes a tenth of that
Stop = dict[str, Any]


# -- what stands on the way


def state(path: PacketPath, container: str) -> dict[str, Any]:
    """Return what does not change: the stops in order, each with its lane and its words.

    lane: "in" (the port), "rules" and "proxy" (two ways beside each other), "out" (to the
    container), "inside" (its namespace). container: what the reader calls it.
    """
    port = path.port
    stops = [_port_stop(path), *_rule_stops(path)]
    if port.proxy is not None:
        stops.append(
            _stop(
                "proxy", "proxy", _("A program that passes connections on"), "docker-proxy",
                _("process {pid}, to {address}:{port}").format(
                    pid=port.proxy.pid, address=port.container_address, port=port.container_port
                ),
                f"ps -fp {port.proxy.pid}",
            )
        )  # fmt: skip
    stops += [*_host_links(path), *_inside(path)]
    return {
        "container": container,
        "target": port.container_port,
        "dnat": port.dnat is not None,
        "proxy": port.proxy is not None,
        "stops": stops,
    }


def _stop(ident: str, lane: str, name: str, what: str, detail: str, command: str) -> Stop:
    return {
        "id": ident, "lane": lane, "name": name, "what": what, "detail": detail, "command": command,
    }  # fmt: skip


def _port_stop(path: PacketPath) -> Stop:
    port = path.port
    where = port.host_address or _("every address of the host")
    what = f"{where}, {port.protocol} {port.host_port}"
    return _stop("port", "in", _("The published port"), what, "", "docker port NAME")


def _rule_stops(path: PacketPath) -> list[Stop]:
    stops = []
    entry = sorted(path.entry, key=lambda rule: "prerouting" not in rule.chain.lower())
    for number, rule in enumerate(entry):
        chain = rule.chain.lower()
        if "prerouting" in chain:
            name = _("For packets from outside")
        elif "output" in chain:
            name = _("For packets made here")
        else:
            name = _("On the way to the next rule")
        stops.append(_rule_stop(f"entry{number}", name, rule))
    if path.port.dnat is not None:
        stops.append(_rule_stop("dnat", _("A new destination (DNAT)"), path.port.dnat))
    if path.forward is not None:
        stops.append(_rule_stop("forward", _("Let new connections through"), path.forward))
    return stops


def _rule_stop(ident: str, name: str, rule: Rule) -> Stop:
    place = _("table {table}, chain {chain}").format(table=rule.table, chain=rule.chain)
    command = (
        f"iptables-save -c -t {rule.table}" if told_by_iptables(rule)
        else f"nft list chain {rule.family} {rule.table} {rule.chain}"
    )  # fmt: skip
    return _stop(ident, "rules", name, rule_text(rule), place, command)


def _host_links(path: PacketPath) -> list[Stop]:
    stops = []
    if path.bridge is not None:
        route = f"{path.route.dst} dev {path.route.dev}" if path.route else ""
        stops.append(
            _link_stop("bridge", "out", _("The bridge, to which the route leads"),
                       path.bridge, route)
        )  # fmt: skip
    if path.host_end is not None:
        detail = _("number {own}, its other end is number {other}").format(
            own=path.host_end.ifindex, other=path.host_end.link
        )
        stops.append(
            _link_stop("host_end", "out", _("This end of the cable"), path.host_end, detail)
        )
    return stops


def _inside(path: PacketPath) -> list[Stop]:
    port, stops = path.port, []
    if path.container_end is not None:
        detail = _("number {own}, its other end is number {other}").format(
            own=path.container_end.ifindex, other=path.container_end.link
        )
        stops.append(
            _link_stop("container_end", "inside", _("The other end"), path.container_end, detail)
        )
    stops.append(
        _stop(
            "process", "inside", _("Who listens there"),
            _("{protocol} {port}").format(protocol=port.protocol, port=port.container_port),
            _("network namespace {inode}").format(inode=path.inode),
            "cat /proc/net/tcp /proc/net/snmp",
        )
    )  # fmt: skip
    return stops


def _link_stop(ident: str, lane: str, name: str, link: Link, detail: str) -> Stop:
    return _stop(ident, lane, name, link.ifname, detail, f"ip -s link show {link.ifname}")


# -- what they count


def frame(seen: Crossing, began: float) -> dict[str, Any]:
    """Return a look as plain JSON. counts: by stop, [towards the container, back]; None where
    nobody counts that way. began: the time line's 0, on the look's clock."""
    path = seen.path
    counts: dict[str, list[int | None]] = {}
    entry = sorted(path.entry, key=lambda rule: "prerouting" not in rule.chain.lower())
    named = {f"entry{number}": rule for number, rule in enumerate(entry)}
    for ident, rule in (named | {"dnat": path.port.dnat, "forward": path.forward}).items():
        if rule is not None:
            counts[ident] = [rule.packets, None]
    for ident, link in (("bridge", path.bridge), ("host_end", path.host_end)):
        if link is not None and link.tx and link.rx:
            counts[ident] = [link.tx.packets, link.rx.packets]
    inner = path.container_end
    if inner is not None and inner.tx and inner.rx:
        counts["container_end"] = [inner.rx.packets, inner.tx.packets]
    if path.port.proxy is not None:
        counts["proxy"] = [seen.proxy_runs, None]
    counts["process"] = [seen.accepted, None]
    return {
        "at": round(max(seen.at - began, 0), 1),
        "counts": counts,
        "listening": list(seen.listening),
    }


# -- in words


def texts() -> dict[str, str]:
    """Return the front end's sentences."""
    return {
        "host": _("The host"),
        "inside": _("The container {container}"),
        "rules lane": _("by the kernel's rules"),
        "proxy lane": _("or through docker-proxy"),
        "packets": _("{count} packets"),
        "connections": _("{count} connections"),
        "both": _("{to} packets there, {back} back"),
        "runs": _("ran {count} times"),
        "plus": _("+{count}"),
        "not counted": _("not counted"),
        "see": _("To see it yourself:"),
        "says nothing": _("Nothing has been seen yet."),
        "says dnat": _(
            "At {at} s: the container has taken {accepted} connections, "
            "and the rule that changes the destination has counted {dnat}."
        ),
        "says no dnat": _(
            "At {at} s: the container has taken {accepted} connections; "
            "no rule changes the destination."
        ),
        "says another way": _(
            "{rest} came another way: through docker-proxy, or straight to the container's address."
        ),
        "says straight": _("{rest} came straight to the container's address."),
        "any": _("{address} (every address)"),
        "says cable": _("{to} packets went in by the cable, {back} came out."),
        "says listening": _("At port {target} of the container listens {addresses}."),
        "says alone": _(
            "At port {target} of the container listens {addresses} alone: "
            "no packet from outside gets to it."
        ),
        "says nobody": _("Nobody listens at port {target} of the container."),
        "head stop": _("stop"),
        "head what": _("rule, interface or address"),
        "head to": _("towards the container"),
        "head back": _("back"),
        "head more": _("since the first look"),
    }


def title(container: str) -> str:
    """Return what the widget is about."""
    return _("The way of a packet to {container}").format(container=container)


def words(frames: Sequence[Frame], state: Mapping[str, Any]) -> str:
    """Return the last frame in sentences; `packet_path.mjs` says the same of any frame."""
    said = texts()
    if not frames:
        return said["says nothing"]
    now = frames[-1]
    counts, at = now["counts"], round(now["at"] - frames[0]["at"])
    accepted = counts["process"][0]
    dnat = counts["dnat"][0] if state["dnat"] and "dnat" in counts else None
    if dnat is None:
        sentences = [said["says no dnat"].format(at=at, accepted=accepted)]
    else:
        sentences = [said["says dnat"].format(at=at, accepted=accepted, dnat=dnat)]
        if accepted > dnat:
            way = "says another way" if state["proxy"] else "says straight"
            sentences.append(said[way].format(rest=accepted - dnat))
    if "container_end" in counts:
        to, back = counts["container_end"]
        sentences.append(said["says cable"].format(to=to, back=back))
    sentences.append(_says_listening(now["listening"], state["target"]))
    return " ".join(sentences)


def _says_listening(addresses: Sequence[str], target: int) -> str:
    said = texts()
    if not addresses:
        return said["says nobody"].format(target=target)
    alone = all(each.startswith("127.") or each == "::1" for each in addresses)
    names = [
        said["any"].format(address=each) if each in ("0.0.0.0", "::") else each
        for each in addresses
    ]
    return said["says alone" if alone else "says listening"].format(
        target=target, addresses=", ".join(names)
    )


def still(frames: Sequence[Frame], state: Mapping[str, Any]) -> Still:
    """Return words, and a table of the stops with what each has counted."""
    said = texts()
    head = [said[f"head {key}"] for key in ("stop", "what", "to", "back", "more")]
    rows = []
    for stop in state["stops"]:
        now, first = (_count(frames, index, stop["id"]) for index in (-1, 0))
        more = now[0] - first[0] if now[0] is not None and first[0] is not None else None
        cells = ["" if value is None else str(value) for value in (*now, more)]
        rows.append([stop["name"], stop["what"], *cells])
    return Still(words(frames, state), head, rows)


def _count(frames: Sequence[Frame], index: int, ident: str) -> Sequence[int | None]:
    found: Sequence[int | None] = (None, None)
    return frames[index]["counts"].get(ident, found) if frames else found


# -- live


class Looking(Protocol):
    """Who looks: helpers.drivers.packet_path.Watch, or a test."""

    def look(self) -> Crossing:
        """Look once. Raises LabError."""

    def close(self) -> None:
        """Let go of what it looks through."""


class Way:
    """Shows what `watch` sees of the way to a container, while somebody can see it.

    at_end: is given what to call when the lab ends. container: what the reader calls it.
    """

    def __init__(
        self,
        watch: Looking,
        at_end: Callable[[Callable[[], object]], object],
        *,
        container: str,
        every: float = EVERY,
    ) -> None:
        self._watch, self._container = watch, container
        self._showing = Showing(self._sample, still, every)
        first = watch.look()
        self._began = first.at
        self._state = state(first.path, container)
        self._frames: list[dict[str, Any]] = [frame(first, self._began)]
        self._last: tuple[Any, Any] | None = None
        at_end(self.stop)

    def show(self) -> Widget:
        """Display what was seen so far, and go on; what was shown before stands still."""
        from helpers.views import live  # not at the top: it takes its time to import

        self.rest()
        return self._showing.show(
            lambda _frames: live.show(
                "packet_path",
                title=title(self._container),
                state=self._state,
                frames=self._frames,
                texts=texts(),
                still=still(self._frames, self._state),
            )
        )

    @property
    def proxied(self) -> bool:
        """Whether a docker-proxy stands beside the rules."""
        return bool(self._state["proxy"])

    def counted(self, stop: str) -> int:
        """Look now, and return what a stop has counted towards the container.

        Raises LabError, KeyError for no such stop.
        """
        return int(self._look()["counts"][stop][0])

    def rest(self) -> None:
        """Let what is shown stand still, with all it has seen; `show` goes on from there."""
        self._frames = self._showing.settle() or self._frames

    def stop(self) -> None:
        """Look no more; what is shown stays."""
        self.rest()
        self._watch.close()

    def _look(self) -> dict[str, Any]:
        return frame(self._watch.look(), self._began)

    def _sample(self) -> Frame | None:
        """Return a frame; None while nothing counts, so that a time line is all movement."""
        seen = self._look()
        facts = (seen["counts"], seen["listening"])
        if facts == self._last:
            return None
        self._last = facts
        return seen
