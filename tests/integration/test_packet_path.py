"""The way to a real published port, seen from stations, and what stays of them: nothing."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest

from helpers.analysis.firewall import counted
from helpers.analysis.network import cables, dns_redirects
from helpers.drivers import docker as objects
from helpers.drivers import images
from helpers.drivers.container_ends import container_ends
from helpers.drivers.engine import open_client
from helpers.drivers.packet_path import open_watch
from helpers.drivers.stations import HOST, Station
from helpers.errors import CommandFailed, EngineError, LabError
from helpers.host import look_for_engine
from helpers.labs import owner
from helpers.records.host import Engine
from helpers.records.labels import RunLabels
from helpers.records.network import ResolvConf
from helpers.views import packet_path as view
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker
RUN = "d002"
MARKS = RunLabels("tests/packet-path", RUN, owner.current()).as_dict()
SERVE = ["sh", "-c", "echo here > index.html; exec httpd -f -p 80"]


@pytest.fixture(scope="module")
def client():
    found = look_for_engine()
    assert isinstance(found, Engine), found
    made = open_client(found.endpoint)
    images.ensure(made, ["busybox", "nettools"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def web(client) -> Iterator[tuple[str, int]]:
    """A web server on a network of its own, published on 127.0.0.1: its name, the port."""
    network = client.networks.create("tests-packet-path-d002", labels=MARKS)
    container = client.containers.create(
        images.reference("busybox"), SERVE, name="tests-packet-path-d002-web", labels=MARKS,
        network=network.name, ports={"80/tcp": ("127.0.0.1", None)},
    )  # fmt: skip
    try:
        container.start()
        container.reload()
        (published,) = container.ports["80/tcp"]
        yield container.name, int(published["HostPort"])
    finally:
        container.remove(force=True)
        network.remove()
    assert objects.lab_objects(client, run=RUN) == ()


def get(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return bytes(answer.read())


def test_requests_are_counted_on_their_way(client, web: tuple[str, int]) -> None:
    """Each stop that counts goes up, and the words tell by which way they came."""
    name, port = web
    wait_until(lambda: get(port) == b"here\n", what="the server")
    with closing(open_watch(client, MARKS, name, port)) as watch:
        before = watch.look()
        for _request in range(4):
            get(port)
        after = watch.look()
    assert after.accepted - before.accepted == 4
    assert after.listening
    first, last = (view.frame(each, before.at)["counts"] for each in (before, after))
    shown = [stop["id"] for stop in view.state(after.path, "web")["stops"]]
    assert {"dnat", "bridge", "host_end", "container_end", "process"} <= set(shown)
    assert last["container_end"][0] - first["container_end"][0] >= 4 * 4
    assert last["host_end"][1] > first["host_end"][1]
    if after.path.port.proxy is not None:
        assert last["dnat"] == first["dnat"]
        assert last["proxy"][0] > first["proxy"][0]
    else:
        assert last["dnat"][0] - first["dnat"][0] == 4


def test_a_station_leaves_nothing(client, web: tuple[str, int]) -> None:
    """Its container is gone when it is closed, also when the port leads nowhere."""
    name, _port = web
    with Station(client, MARKS, HOST) as station:
        assert len(objects.lab_objects(client, run=RUN)) == 3  # network, server, station
        with pytest.raises(CommandFailed, match="No such file"):
            station.say(("cat", "/no/such/file"))
        assert station.say(("echo", "a b; $HOME")) == "a b; $HOME\n"
    assert len(objects.lab_objects(client, run=RUN)) == 2
    with pytest.raises(EngineError, match="has gone"):
        station.say(("true",))
    with pytest.raises(LabError), closing(open_watch(client, MARKS, name, 1)) as watch:
        watch.look()
    assert len(objects.lab_objects(client, run=RUN)) == 2


def test_cables_and_names_from_stations(client, web: tuple[str, int]) -> None:
    """The cable to the bridge, the rules that lead to the name server, and which rules counted."""
    name, port = web
    container = client.containers.get(name)
    with Station(client, MARKS, HOST) as host:
        (cable,) = cables(host.network(), container_ends([("web", container)]))
        network = client.networks.get("tests-packet-path-d002")
        assert cable.bridge == f"br-{network.id[:12]}"
        assert cable.end.address
        assert "save" in host.lister() or host.lister() == "nft list ruleset"
        before = host.rules()
        with Station(client, MARKS, f"container:{name}") as inside:
            assert inside.inode != host.inode
            ways = dns_redirects(ResolvConf(("127.0.0.11",), (), (), ""), inside.rules())
            assert {way.protocol for way in ways} == {"tcp", "udp"}
            assert inside.proxies() == ()
        get(port)
        assert all(more > 0 for _rule, more in counted(before, host.rules(), [cable.bridge]))
        assert any(each.host_port == port for each in host.proxies()) or not host.proxies()
