"""The map on the Docker chapter's page: every entry acted out, and seen in the kernel's files."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest

from helpers import paths
from helpers.analysis import shipping
from helpers.analysis.network import published, veth_pairs
from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.drivers.network_namespaces import NetworkTools, read_network, read_rules
from helpers.drivers.registries import Registry
from helpers.host import look_for_engine
from helpers.kernel import cgroup_paths, cgroups, mounts, namespaces, overlay, processes
from helpers.kernel.files import LocalFiles
from helpers.labs import owner
from helpers.records.cgroups import Cgroup
from helpers.records.host import Engine, Unavailable
from helpers.records.labels import RunLabels
from helpers.waiting import wait_until
from tools.sphinx import command_map

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="looks into every process's files: root only"),
]
MARKS: Final = RunLabels("tests/command-map", "e001", owner.current()).as_dict()
SLEEP: Final = ["sleep", "600"]
OWN: Final = {"ipc", "mnt", "net", "pid", "uts"}  # cgroup too, where the engine makes it private


class Stage:
    """An engine, the kernel's files, and what the tests made on it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.files = LocalFiles()
        self.made: list[Any] = []

    def run(self, **options: Any) -> Any:
        """Start a container that sleeps; return it once its process is there."""
        made = self.client.containers.create(
            images.reference("busybox"), SLEEP, labels=MARKS, **options
        )
        self.made.append(made)
        made.start()
        made.reload()
        return made

    def network(self, name: str) -> Any:
        """Make a network of the tests' own."""
        made = self.client.networks.create(f"tests-command-map-e001-{name}", labels=MARKS)
        self.made.append(made)
        return made

    def executed(self, container: Any) -> int:
        """Start a second process in a container; return its id on the host."""
        before = self.pids(container)
        container.exec_run(["sleep", "601"], detach=True)
        (new,) = wait_until(
            lambda: self.pids(container) - before, lambda seen: len(seen) == 1, what="exec"
        )
        return new

    def pids(self, container: Any) -> set[int]:
        """The ids on the host of a container's processes that sleep."""
        rows = container.top(ps_args="-eo pid,args")["Processes"]
        return {int(row[0]) for row in rows if row[-1].startswith("sleep 60")}

    def kinds(self, pid: int) -> dict[Any, int]:
        """A process's namespaces by kind."""
        (seen,) = namespaces.read_namespaces(self.files, [pid])
        return dict(seen.inodes)

    def group(self, pid: int) -> Cgroup:
        """A process's control group."""
        found = cgroup_paths.find(self.files, pid)
        assert isinstance(found, Cgroup), found
        return found

    def limits(self, pid: int) -> tuple[Any, Any, Any]:
        """The limits of memory (bytes), CPU (quota, usec) and processes, from the files."""
        (slow,) = cgroups.detail(self.files, [cgroups.Plan.of(self.group(pid))])
        assert not isinstance(slow.cpu_max, Unavailable)
        return slow.memory_max, slow.cpu_max.quota_usec, slow.pids_max

    def rights(self, pid: int) -> frozenset[str]:
        """The capabilities a process may ever have."""
        status = processes.read_status(self.files, pid)
        assert not isinstance(status, Unavailable)
        return status.capabilities.bounding

    def upper(self, pid: int) -> Path:
        """The folder of a container's own layer."""
        mount = overlay.root_mount(self.files, pid)
        assert not isinstance(mount, Unavailable)
        stack = overlay.find_folders(self.files, mount)
        assert stack.upper is not None
        return Path(str(stack.upper.path))

    def cables(self, pid: int) -> int:
        """How many cables lead from a process's network to the host's."""
        tools = NetworkTools()
        both = [read_network(self.files, tools, pid), read_network(self.files, tools)]
        return len(veth_pairs(both))

    def end(self) -> None:
        """Remove what was made, the latest first."""
        for each in reversed(self.made):
            each.remove(**({"force": True} if hasattr(each, "attach") else {}))
        self.files.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    found = look_for_engine()
    assert isinstance(found, Engine), found
    with closing(open_client(found.endpoint)) as made:
        images.ensure(made, ["busybox", "registry"])
        yield made


@pytest.fixture
def stage(client: Any) -> Iterator[Stage]:
    made = Stage(client)
    try:
        yield made
    finally:
        made.end()


def pid_of(container: Any) -> int:
    container.reload()
    return int(container.attrs["State"]["Pid"])


# -- what is seen of each entry of the map; a name reads `mechanism_of_command`


def namespaces_of_run(stage: Stage) -> None:
    """New ones, of at least five kinds."""
    mine, theirs = stage.kinds(os.getpid()), stage.kinds(pid_of(stage.run()))
    assert {kind for kind in mine if mine[kind] != theirs[kind]} >= OWN


def cgroups_of_run(stage: Stage) -> None:
    """A group for it alone, with the limit asked for."""
    one, two = pid_of(stage.run(mem_limit="64m")), pid_of(stage.run())
    assert stage.group(one).path != stage.group(two).path
    assert stage.limits(one)[0] == 64 * 2**20


def layers_of_run(stage: Stage) -> None:
    """Each container of one image has a folder of its own to write to."""
    one, two = pid_of(stage.run()), pid_of(stage.run())
    assert stage.upper(one) != stage.upper(two)


def network_of_run(stage: Stage) -> None:
    """One cable to the host's side."""
    assert stage.cables(pid_of(stage.run())) == 1


def rights_of_run(stage: Stage) -> None:
    """Fewer capabilities than this root has, and not none."""
    theirs = stage.rights(pid_of(stage.run()))
    assert theirs
    assert theirs < stage.rights(os.getpid())


def namespaces_of_exec(stage: Stage) -> None:
    """A second process in the very same ones."""
    container = stage.run()
    assert stage.kinds(stage.executed(container)) == stage.kinds(pid_of(container))


def cgroups_of_exec(stage: Stage) -> None:
    """And in the same group."""
    container = stage.run()
    assert stage.group(stage.executed(container)).path == stage.group(pid_of(container)).path


def rights_of_exec(stage: Stage) -> None:
    """And with the same rights."""
    container = stage.run()
    assert stage.rights(stage.executed(container)) == stage.rights(pid_of(container))


def namespaces_of_stop(stage: Stage) -> None:
    """No process is in the container's any more."""
    container = stage.run()
    gone = stage.kinds(pid_of(container))["net"]
    container.kill()
    wait_until(
        lambda: [
            each.pid
            for each in namespaces.read_namespaces(stage.files)
            if each.inodes.get("net") == gone
        ],
        lambda seen: not seen,
        what="the namespaces to be empty",
    )


def cgroups_of_stop(stage: Stage) -> None:
    """The group's folder is gone."""
    container = stage.run()
    folder = stage.group(pid_of(container)).folder("memory")
    assert folder is not None
    assert Path(folder).is_dir()
    container.kill()
    wait_until(Path(folder).exists, lambda there: not there, what="the group to go")


def network_of_stop(stage: Stage) -> None:
    """The host's end of the cable is gone."""
    net = stage.network("stop")
    bridge = f"br-{net.id[:12]}"

    def ends() -> list[str]:
        links = read_network(stage.files, NetworkTools()).links
        return [link.ifname for link in links if link.master == bridge]

    container = stage.run(network=net.name)
    assert len(ends()) == 1
    container.kill()
    wait_until(ends, lambda left: not left, what="the cable to go")


def cgroups_of_pause(stage: Stage) -> None:
    """The freezer's file says so."""
    container = stage.run()
    group = stage.group(pid_of(container))
    container.pause()
    try:
        v1 = group.folder("freezer")
        name = "freezer.state" if group.version != "v2" else "cgroup.freeze"
        assert v1 is not None
        assert (Path(v1) / name).read_text().strip() in ("FROZEN", "1")
    finally:
        container.unpause()


def cgroups_of_update(stage: Stage) -> None:
    """The kernel's limit is another one, the process is the same."""
    container = stage.run(mem_limit="64m", memswap_limit="64m")
    pid = pid_of(container)
    container.update(mem_limit="96m", memswap_limit="96m")
    assert stage.limits(pid)[0] == 96 * 2**20
    assert pid_of(container) == pid


def layers_of_diff(stage: Stage) -> None:
    """What is copied in lies in the container's own folder, and diff tells of it."""
    container = stage.run()
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("brought"))
    container.put_archive("/", packed.getvalue())
    assert (stage.upper(pid_of(container)) / "brought").is_file()
    assert {"Path": "/brought", "Kind": 1} in container.diff()


def layers_of_commit(stage: Stage) -> None:
    """The image has one layer more than its base, and the file is in it."""
    container = stage.run()
    assert container.exec_run(["touch", "/kept"]).exit_code == 0
    labels = " ".join(f"{key}={value}" for key, value in MARKS.items())
    image = container.commit(changes=f"LABEL {labels}")
    try:
        base = stage.client.images.get(images.reference("busybox"))
        had, has = (each.attrs["RootFS"]["Layers"] for each in (base, image))
        assert has[:-1] == had
        assert stage.client.containers.run(
            image.id, ["ls", "/kept"], remove=True, labels=MARKS
        ) == (b"/kept\n")
    finally:
        stage.client.images.remove(image.id, force=True)


@contextmanager
def grown(stage: Stage, name: str) -> Iterator[Any]:
    """An image called `name` with one layer more than its base."""
    container = stage.run()
    assert container.exec_run(["touch", "/kept"]).exit_code == 0
    image = container.commit(name, "1")  # the container's labels go with it
    try:
        yield image
    finally:
        stage.client.images.remove(f"{name}:1", force=True)


def layers_of_push(stage: Stage) -> None:
    """The registry has the base's layers already, and is sent the new one."""
    made = stage.client.containers.run(
        images.reference("registry"),
        detach=True,
        labels=MARKS,
        ports={"5000/tcp": ("127.0.0.1", None)},
    )
    stage.made.append(made)
    made.reload()
    registry = Registry(made, int(made.ports["5000/tcp"][0]["HostPort"]))
    registry.wait()
    for name in ("box", "box", "other"):
        with (
            grown(stage, f"127.0.0.1:{registry.port}/{name}") as image,
            registry.watch(name),
        ):
            stage.client.images.push(image.tags[0])
    requests = [each.requests for each in registry.transfers]
    assert not shipping.found_there(requests[0])
    assert shipping.found_there(requests[1])
    assert shipping.brought(requests[1])
    for each in (1, 2):
        had = {*shipping.found_there(requests[each]), *shipping.mounted(requests[each])}
        assert had <= {*shipping.brought(requests[0])}
        assert had


def layers_of_save(stage: Stage) -> None:
    """What is loaded has the layers of what was saved, and its id."""
    name = "tests-command-map-e001-saved"
    with grown(stage, name) as image:
        archive = b"".join(image.save(named=f"{name}:1"))
        stage.client.images.remove(f"{name}:1", force=True)
        (loaded,) = stage.client.images.load(archive)
        assert loaded.id == image.id
        assert loaded.attrs["RootFS"]["Layers"] == image.attrs["RootFS"]["Layers"]
        assert len(image.attrs["RootFS"]["Layers"]) > 1


def layers_of_export(stage: Stage) -> None:
    """What is imported has one layer, with the base's files and the container's own."""
    container = stage.run()
    assert container.exec_run(["touch", "/kept"]).exit_code == 0
    name, labels = "tests-command-map-e001-flat", [f"LABEL {k}={v}" for k, v in MARKS.items()]
    stage.client.api.import_image_from_data(
        b"".join(container.export()), repository=name, changes="\n".join(labels)
    )
    try:
        image = stage.client.images.get(name)
        assert len(image.attrs["RootFS"]["Layers"]) == 1
        run = stage.client.containers.run
        assert run(name, ["ls", "/kept"], remove=True, labels=MARKS) == b"/kept\n"
    finally:
        stage.client.images.remove(name, force=True)


def namespaces_of_network_container(stage: Stage) -> None:
    """One network, two of everything else."""
    first = stage.run()
    one, two = (
        stage.kinds(pid_of(first)),
        stage.kinds(pid_of(stage.run(network_mode=f"container:{first.id}"))),
    )
    assert one["net"] == two["net"]
    assert one["mnt"] != two["mnt"]


def namespaces_of_pid_host(stage: Stage) -> None:
    """The host's own pid namespace, and a network of its own all the same."""
    host, theirs = stage.kinds(os.getpid()), stage.kinds(pid_of(stage.run(pid_mode="host")))
    assert host["pid"] == theirs["pid"]
    assert host["net"] != theirs["net"]


def cgroups_of_memory(stage: Stage) -> None:
    """Memory, CPU and processes, each as asked for."""
    pid = pid_of(stage.run(mem_limit="64m", nano_cpus=500_000_000, pids_limit=20))
    memory, quota, processes_ = stage.limits(pid)
    assert (memory, quota, processes_) == (64 * 2**20, 50_000, 20)


def namespaces_of_v(stage: Stage) -> None:
    """The mount is in the container's tree and not in the host's."""
    pid = pid_of(stage.run(tmpfs={"/only-here": ""}))
    assert "/only-here" in {each.point for each in mounts.read_mounts(stage.files, pid)}
    assert "/only-here" not in {each.point for each in mounts.read_mounts(stage.files, os.getpid())}


def layers_of_v(stage: Stage) -> None:
    """What is written there is not in the container's own layer."""
    container = stage.run(tmpfs={"/only-here": ""})
    script = "echo 1 > /only-here/passing && echo 2 > /staying"
    assert container.exec_run(["sh", "-c", script]).exit_code == 0
    upper = stage.upper(pid_of(container))
    assert (upper / "staying").is_file()
    assert not (upper / "only-here" / "passing").exists()


def network_of_p(stage: Stage) -> None:
    """A rule that leads from the host's port to the container's."""
    container = stage.run(ports={"80/tcp": ("127.0.0.1", None)})
    container.reload()
    port = int(container.ports["80/tcp"][0]["HostPort"])
    rules = published(read_rules(NetworkTools()))
    assert [each.container_port for each in rules if each.host_port == port] == [80]


def network_of_connect(stage: Stage) -> None:
    """A second cable."""
    container = stage.run()
    stage.network("second").connect(container)
    try:
        assert stage.cables(pid_of(container)) == 2
    finally:
        stage.client.networks.list(names=["tests-command-map-e001-second"])[0].disconnect(container)


def layers_of_cap_drop(stage: Stage) -> None:
    """With --read-only nothing can be written."""
    done = stage.run(read_only=True).exec_run(["touch", "/x"])
    assert done.exit_code != 0
    assert b"Read-only file system" in done.output


def rights_of_cap_drop(stage: Stage) -> None:
    """Root with no capability at all."""
    assert stage.rights(pid_of(stage.run(cap_drop=["ALL"]))) == frozenset()


# As commands.yml has them: the first words that tell the rows apart.
NAMES: Final = {
    "docker run": "run",
    "docker exec": "exec",
    "docker stop, docker kill": "stop",
    "docker pause": "pause",
    "docker update": "update",
    "docker diff, docker cp": "diff",
    "docker commit, docker build": "commit",
    "docker push, docker pull": "push",
    "docker save, docker load": "save",
    "docker export, docker import": "export",
    "docker run --network container:…": "network_container",
    "docker run --pid host": "pid_host",
    "docker run --memory, --cpus, --pids-limit": "memory",
    "docker run -v, --tmpfs": "v",
    "docker run -p": "p",
    "docker network connect": "connect",
    "docker run --cap-drop, --read-only": "cap_drop",
}
MAP: Final = command_map.read((paths.BOOK / "docker" / "commands.yml").read_text("utf-8"))
ENTRIES: Final = [f"{each}_of_{NAMES[row.command]}" for row in MAP for each in row.does]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_is_seen(stage: Stage, entry: str) -> None:
    """Each filled cell of the map holds on this engine and kernel."""
    look: Callable[[Stage], None] = globals()[entry]
    look(stage)


def test_every_sight_is_on_the_map() -> None:
    """Nothing is tried here that the page does not tell."""
    tried = {name for name in globals() if "_of_" in name and name.partition("_of_")[0] in KEYS}
    assert tried == set(ENTRIES)


KEYS: Final = tuple(command_map.MECHANISMS)
