"""Finding a container's control group, whoever made it and from wherever one looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cgroup_trees as trees
import pytest
from cgroup_trees import ID
from hypothesis import given
from hypothesis import strategies as st

from helpers.kernel.cgroup_paths import (
    Garbled,
    below,
    find,
    identify,
    parse_membership,
    parse_mounts,
)
from helpers.kernel.files import Files, LocalFiles
from helpers.records.cgroups import Cgroup, Membership, Mount
from helpers.records.host import Unavailable

UID = "0a1b2c3d-0000-1111-2222-333344445555"
SLICED = UID.replace("-", "_")
USER = "/user.slice/user-1000.slice/user@1000.service/user.slice"

# path -> engine, driver, pod, rootless, the container's own part of the path
PATHS = {
    f"/docker/{ID}": ("docker", "cgroupfs", "", False, ""),
    f"/system.slice/docker-{ID}.scope": ("docker", "systemd", "", False, ""),
    f"{USER}/docker-{ID}.scope": ("docker", "systemd", "", True, ""),
    f"/docker/{ID}/init.scope": ("docker", "cgroupfs", "", False, "/init.scope"),
    f"/machine.slice/libpod-{ID}.scope/container": ("podman", "systemd", "", False, "/container"),
    f"/libpod_parent/libpod-{ID}": ("podman", "cgroupfs", "", False, ""),
    f"{USER}/libpod-{ID}.scope": ("podman", "systemd", "", True, ""),
    f"/kubepods/burstable/pod{UID}/{ID}": ("containerd", "cgroupfs", UID, False, ""),
    "/kubepods.slice/kubepods-besteffort.slice/"
    f"kubepods-besteffort-pod{SLICED}.slice/cri-containerd-{ID}.scope": (
        "containerd",
        "systemd",
        UID,
        False,
        "",
    ),
    f"/kubepods.slice/kubepods-pod{SLICED}.slice/crio-{ID}.scope": (
        "cri-o",
        "systemd",
        UID,
        False,
        "",
    ),
    f"/docker/{'a' * 64}/kubelet.slice/kubelet-kubepods.slice/"
    f"kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{SLICED}.slice/"
    f"cri-containerd-{ID}.scope": ("containerd", "systemd", UID, False, ""),
    f"/default/{ID}": ("unknown", "cgroupfs", "", False, ""),
}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """The files of a fake machine."""
    made = LocalFiles(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("path", PATHS)
def test_whose_it_is(path: str) -> None:
    """A path tells engine, driver, container and pod."""
    engine, driver, uid, rootless, _rest = PATHS[path]
    owner = identify(path)
    assert owner is not None
    assert (owner.engine, owner.driver) == (engine, driver)
    assert (owner.container_id, owner.pod_uid, owner.rootless) == (ID, uid, rootless)


@pytest.mark.parametrize(
    ("path", "engine", "name"),
    [
        ("/lxc.payload.web/init.scope", "lxc", "web"),
        ("/lxc/web", "lxc", "web"),
        ("/machine.slice/machine-deb.scope/payload", "nspawn", "deb"),
        ("/machine.slice/systemd-nspawn@deb.service/payload", "nspawn", "deb"),
    ],
)
def test_machines_have_names(path: str, engine: str, name: str) -> None:
    """LXC and nspawn containers are called by name."""
    owner = identify(path)
    assert owner is not None
    assert (owner.engine, owner.container_id) == (engine, name)


@pytest.mark.parametrize(
    "path",
    ["/", "", "/user.slice/user-1000.slice", f"/machine.slice/libpod-conmon-{ID}.scope", "/docker"],
)
def test_others_are_nobodys(path: str) -> None:
    """Paths that name no container are told apart."""
    assert identify(path) is None


@pytest.mark.parametrize("path", PATHS)
def test_found_under_v2(files: Files, tmp_path: Path, path: str) -> None:
    """Whatever the driver, the container's own cgroup is found, and the process's on request."""
    trees.v2(tmp_path, path)
    whole = path.removesuffix(PATHS[path][-1])
    assert find(files, 77) == Cgroup("v2", whole, (("", f"/sys/fs/cgroup{whole}"),))
    assert find(files, 77, whole=False) == Cgroup("v2", path, (("", f"/sys/fs/cgroup{path}"),))


def test_found_under_v1(files: Files, tmp_path: Path) -> None:
    """Each controller's folder is found, also where two share a hierarchy."""
    trees.v1(tmp_path)
    cgroup = find(files, 77)
    assert isinstance(cgroup, Cgroup)
    assert cgroup.version == "v1"
    assert dict(cgroup.folders)["cpuacct"] == f"/sys/fs/cgroup/cpu/docker/{ID}"
    assert "" not in dict(cgroup.folders)


def test_a_v2_tree_without_the_container(files: Files, tmp_path: Path) -> None:
    """An engine that leaves the process elsewhere in the v2 tree: that tree is not asked."""
    trees.v1(tmp_path, unified="/system.slice/containerd.service")
    cgroup = find(files, 77)
    assert isinstance(cgroup, Cgroup)
    assert cgroup.version == "v1"


@pytest.mark.parametrize(
    ("root", "path", "place"),
    [
        ("/", "/a/b", "/a/b"),
        ("/", "/", ""),
        ("/a", "/a/b", "/b"),
        ("/a", "/a", ""),
        ("/a", "/ab", None),
        ("/", "/../b", None),
        ("/..", "/../b", "/b"),
        ("/../..", "/../../system.slice/x", "/system.slice/x"),
        ("/../../system.slice", "/../../system.slice/x", "/x"),
        ("/../..", "/", 2),
        ("/../..", "/x", 2),
        ("/../../other", "/x", None),
        ("/", "/a/../../b", None),
    ],
)
def test_paths_from_within_a_namespace(root: str, path: str, place: str | int | None) -> None:
    """A mount's root and a process's path both count from the namespace's own root."""
    assert below(root, path) == place


def test_seen_from_a_cgroup_namespace(files: Files, tmp_path: Path) -> None:
    """A neighbour's path begins with `/..`; with the host's tree mounted it is found."""
    trees.v2(tmp_path)
    trees.mounts(tmp_path, "/../.. /sys/fs/cgroup cgroup2 rw")
    trees.process(tmp_path, 77, f"0::/../../docker/{ID}\n")
    cgroup = find(files, 77)
    assert isinstance(cgroup, Cgroup)
    assert cgroup.folders == (("", f"/sys/fs/cgroup/docker/{ID}"),)


def test_ones_own_namespace_hides_names(files: Files, tmp_path: Path) -> None:
    """One's own path is `/`, whatever the host calls it: then the process's number decides."""
    trees.v2(tmp_path)
    trees.write(tmp_path / "sys/fs/cgroup/docker/other", {"cgroup.procs": "777\n"})
    trees.mounts(tmp_path, "/../.. /sys/fs/cgroup cgroup2 rw")
    trees.process(tmp_path, 77, "0::/\n")
    cgroup = find(files, 77)
    assert isinstance(cgroup, Cgroup)
    assert cgroup.folders == (("", f"/sys/fs/cgroup/docker/{ID}"),)


def test_a_neighbour_that_is_not_mounted(files: Files, tmp_path: Path) -> None:
    """Without the host's tree a neighbour's cgroup cannot be read, and that is said."""
    trees.v2(tmp_path)
    trees.process(tmp_path, 77, f"0::/../{ID}\n")
    assert isinstance(find(files, 77), Unavailable)


def test_a_path_cannot_lead_out(files: Files, tmp_path: Path) -> None:
    """A made-up membership with `..` in it reads nothing beside the hierarchy."""
    trees.v2(tmp_path)
    trees.process(tmp_path, 77, "0::/docker/../../../../etc\n")
    assert isinstance(find(files, 77), Unavailable)


def test_nothing_mounted(files: Files, tmp_path: Path) -> None:
    """A machine without cgroups says so."""
    trees.mounts(tmp_path)
    trees.process(tmp_path, 77, "0::/\n")
    assert isinstance(find(files, 77), Unavailable)


def test_a_process_that_ended(files: Files, tmp_path: Path) -> None:
    """A process that is gone is the caller's to know."""
    trees.v2(tmp_path)
    with pytest.raises(FileNotFoundError):
        find(files, 78)


def test_membership() -> None:
    """Lines of v1, of a named hierarchy, of v2; paths may hold colons and any bytes."""
    text = b"4:cpu,cpuacct:/a:b\n1:name=systemd:/x\n0::/caf\xe9 (deleted)\n"
    assert parse_membership(text) == (
        Membership(4, ("cpu", "cpuacct"), "/a:b"),
        Membership(1, ("name=systemd",), "/x"),
        Membership(0, (), "/caf\udce9"),
    )


def test_mounts() -> None:
    """Escaped blanks are undone; other file systems and odd lines are passed over."""
    text = (
        b"30 21 0:27 /a\\040b /sys/fs/c\\011g rw shared:9 master:1 - cgroup2 cgroup2 rw\n"
        b"31 21 0:28 / /sys/fs/cgroup/cpu rw - cgroup none rw,cpuacct,cpu\n"
        b"32 21 0:29 / /x rw - ext4 /dev/sda rw\nodd\n\n33 - cgroup\n"
    )
    assert parse_mounts(text) == (
        Mount("v2", "/a b", "/sys/fs/c\tg", ()),
        Mount("v1", "/", "/sys/fs/cgroup/cpu", ("cpuacct", "cpu")),
    )


pieces = st.sampled_from([*":/,-. \n\\0", "..", "1:", "cgroup2 ", " - cgroup ", "docker", ID])
texts = st.binary(max_size=300) | st.lists(pieces, max_size=80).map("".join).map(str.encode)


@given(text=texts)
def test_parsers_raise_only_their_own(text: bytes) -> None:
    """Whatever the text, the parsers return records or raise Garbled."""
    parse_mounts(text)
    try:
        lines = parse_membership(text)
    except Garbled:
        return
    for line in lines:
        identify(line.path)
        below("/", line.path)
        below(line.path, "/")
