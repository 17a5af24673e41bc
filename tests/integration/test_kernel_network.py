"""The network of real containers: cables, published ports, names; and nft's own word."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.analysis import network as analysis
from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.drivers.network_namespaces import NetworkTools, read_network, read_rules
from helpers.host import look_for_engine
from helpers.kernel import namespaces, processes
from helpers.kernel.files import LocalFiles
from helpers.kernel.firewall import parse_nft
from helpers.kernel.network import read_resolv_conf
from helpers.labs import owner
from helpers.records.host import Engine
from helpers.records.labels import RunLabels
from helpers.records.network import PacketPath, ResolvConf
from helpers.waiting import wait_until

pytestmark = pytest.mark.docker
MARKS = RunLabels("tests/kernel-network", "d001", owner.current()).as_dict()
RULES = Path(__file__).parent.parent / "unit" / "kernel_rules"


@pytest.fixture(scope="module")
def client():
    found = look_for_engine()
    assert isinstance(found, Engine), found
    made = open_client(found.endpoint)
    images.ensure(made, ["nginx"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def web(client) -> Iterator[tuple[int, int]]:
    """A web server on a network of its own, published on a free port: its process, the port."""
    network = client.networks.create("tests-kernel-network-d001", labels=MARKS)
    container = None
    try:
        container = client.containers.run(
            images.reference("nginx"),
            detach=True,
            network=network.name,
            ports={"80/tcp": ("127.0.0.1", None)},
            labels=MARKS,
        )
        container.reload()
        (published,) = container.ports["80/tcp"]
        yield container.attrs["State"]["Pid"], int(published["HostPort"])
    finally:
        if container is not None:
            container.remove(force=True)
        network.remove()


@pytest.fixture
def files() -> Iterator[LocalFiles]:
    made = LocalFiles()
    yield made
    made.close()


def path_to(files: LocalFiles, pid: int, port: int) -> PacketPath:
    tools = NetworkTools()
    host, inner = read_network(files, tools), read_network(files, tools, pid)
    rules = read_rules(tools)
    proxies = analysis.docker_proxies(
        processes.read_processes(files), namespaces.read_namespaces(files), host.inode
    )
    (found,) = [p for p in analysis.published(rules, proxies) if p.host_port == port]
    return analysis.packet_path(found, rules, host, [inner])


def test_the_way_to_a_published_port(files: LocalFiles, web: tuple[int, int]) -> None:
    """From the port through the rules, the bridge and the cable, and the cable counts packets."""
    pid, port = web
    before = path_to(files, pid, port)
    assert (before.port.container_port, before.port.host_address) == (80, "127.0.0.1")
    assert before.port.dnat is not None
    assert before.entry
    assert before.forward is not None
    assert before.bridge is not None
    assert before.bridge.kind == "bridge"
    assert before.host_end is not None
    assert before.host_end.master == before.bridge.ifname
    assert before.container_end is not None
    assert before.container_end.link == before.host_end.ifindex
    assert before.inode == Path(f"/proc/{pid}/ns/net").stat().st_ino

    def answer() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as said:
                return bool(said.status == 200)
        except OSError:
            return False

    wait_until(answer, what="the web server", seconds=30)
    after = path_to(files, pid, port)
    assert after.container_end is not None
    assert after.container_end.rx is not None
    assert before.container_end.rx is not None
    assert after.container_end.rx.packets > before.container_end.rx.packets


def test_names_on_a_network_of_its_own(files: LocalFiles, web: tuple[int, int]) -> None:
    """Such a container asks 127.0.0.11, and its rules send that to where the engine listens."""
    pid, _port = web
    resolver = read_resolv_conf(files, pid)
    assert isinstance(resolver, ResolvConf)
    assert resolver.nameservers == ("127.0.0.11",)
    redirects = analysis.dns_redirects(resolver, read_rules(NetworkTools(), pid))
    assert {each.protocol for each in redirects} == {"tcp", "udp"}
    listening = Path(f"/proc/{pid}/net/udp").read_text()
    (udp,) = [each.port for each in redirects if each.protocol == "udp"]
    assert f":{udp:04X} " in listening


def test_nft_says_what_is_stored() -> None:
    """The stored words of nft are what it says of those rules, in a namespace of their own."""
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed")
    script = f"nft -f {RULES / 'published.nft'} && nft -j list ruleset"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=True
    )
    live, stored = parse_nft(done.stdout), parse_nft((RULES / "published.json").read_text())
    assert live == stored
