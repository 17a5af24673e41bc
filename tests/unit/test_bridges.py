"""Cables between containers and bridges: matched by number, and drawn."""

from __future__ import annotations

from dataclasses import replace

from test_kernel_network import host

from helpers.analysis.network import cables
from helpers.drivers.container_ends import parse_ends
from helpers.records.network import Cable, ContainerEnd
from helpers.views.bridges import drawing

END = ContainerEnd("web", "eth0", 677, 678, "02:42:ac:11:00:03", "172.17.0.3")
SAID = """\
/sys/class/net/eth0/ifindex:677
/sys/class/net/lo/ifindex:1
/sys/class/net/eth0/iflink:678
/sys/class/net/lo/iflink:1
/sys/class/net/eth0/address:02:42:ac:11:00:03
/sys/class/net/lo/address:00:00:00:00:00:00
"""
NETWORKS = {"shop": {"MacAddress": "02:42:ac:11:00:03", "IPAddress": "172.17.0.3"}}


def wired(container: str, bridge: str, port: str) -> Cable:
    """A cable from a container to a bridge."""
    (cable,) = cables(host(), [END])
    return Cable(replace(cable.end, container=container), replace(cable.port, ifname=port), bridge)


def test_interfaces_of_a_container() -> None:
    """Numbers from its files, the address from the engine by the card's; no loopback."""
    assert parse_ends("web", SAID, NETWORKS) == (END,)
    (bare,) = parse_ends("web", SAID, {})
    assert bare.address == ""
    assert parse_ends("web", "grep: not found\n", NETWORKS) == ()


def test_a_cable_needs_both_numbers() -> None:
    """The host's end must name the container's, and be a bridge's port."""
    (cable,) = cables(host(), [END])
    assert (cable.port.ifname, cable.bridge) == ("veth1137a14", "docker0")
    assert cables(host(), [replace(END, ifindex=5)]) == ()
    assert cables(host(), [replace(END, iflink=5)]) == ()


def test_the_drawing_says_who_is_wired_where() -> None:
    """Title and words follow what is there; each box and cable is labelled."""
    one = drawing([wired("web", "br-a", "veth1"), wired("desk", "br-a", "veth2")], {"br-a": "shop"})
    assert one.figure.layout.title.text == "Each container has one cable to the bridge"
    assert "web's eth0 (172.17.0.3) is wired to veth1, a port of shop." in one.alt
    labels = " ".join(each.text for each in one.figure.layout.annotations)
    assert all(word in labels for word in ("web", "desk", "veth1", "veth2", "shop", "br-a"))
    two = drawing([
        wired("web", "br-a", "veth1"), wired("desk", "br-a", "veth2"),
        wired("desk", "br-b", "veth3"), wired("safe", "br-b", "veth4"),
    ])  # fmt: skip
    assert two.figure.layout.title.text == "desk has a cable to each of 2 bridges"
    apart = drawing([wired("web", "br-a", "veth1"), wired("safe", "br-b", "veth4")])
    assert apart.figure.layout.title.text == "No container is wired to two bridges"


def test_boxes_do_not_cover_each_other() -> None:
    """Two bridges with the same neighbours stand apart."""
    figure = drawing([wired("desk", "br-a", "veth1"), wired("desk", "br-b", "veth2")]).figure
    boxes = [shape for shape in figure.layout.shapes if shape.type == "rect" and shape.x0 == 0]
    assert len(boxes) == 2
    assert boxes[0].y1 <= boxes[1].y0
