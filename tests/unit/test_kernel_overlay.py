"""Overlay mounts: parsed from mountinfo, their folders found, layers compared.

What overlayfs itself makes of changes is the oracle, where the machine mounts one.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from overlay_mounts import overlay

from helpers.analysis import overlay as analysis
from helpers.errors import LabError
from helpers.kernel import mounts, overlay_changes
from helpers.kernel import overlay as kernel
from helpers.kernel.files import Files, LocalFiles
from helpers.kernel.remote import Pipes, RemoteFiles
from helpers.records.host import Unavailable
from helpers.records.overlay import OverlayMount, OverlayStack

LINE = b"278 226 0:70 / / rw,relatime master:6 - overlay overlay rw,%s\n"
# as Linux 6.18 wrote them; each with the folders that were mounted
SEEN = [
    (b"lowerdir=/d/l/AB:/d/l/CD,upperdir=/d/x/diff,workdir=/d/x/work", ["/d/l/AB", "/d/l/CD"], []),
    (
        rb"lowerdir+=/o/a:b,lowerdir+=/o/c\054d,lowerdir+=/o/e\040f,lowerdir+=/o/g\134h,"
        rb"lowerdir+=/o/n\012l,upperdir=/d/x/diff,workdir=/d/x/work",
        ["/o/a:b", "/o/c,d", "/o/e f", "/o/g\\h", "/o/n\nl"],
        [],
    ),
    (
        rb"lowerdir=/o/a\134:b:/o/c\054d:/o/e\040f:/o/g\134\134h:/o/n\012l,upperdir=/d/x/diff,"
        rb"workdir=/d/x/work,uuid=on",
        ["/o/a:b", "/o/c,d", "/o/e f", "/o/g\\h", "/o/n\nl"],
        [],
    ),
    (
        rb"lowerdir=/o/a\134:b::/o/l1::/o/l2,upperdir=/d/x/diff,workdir=/d/x/work,metacopy=on",
        ["/o/a:b"],
        ["/o/l1", "/o/l2"],
    ),
    (
        rb"lowerdir+=/o/a:b,datadir+=/o/l1,redirect_dir=on,upperdir=/d/x/diff,workdir=/d/x/work",
        ["/o/a:b"],
        ["/o/l1"],
    ),
]
WAYS = ("in-process", "through a pipe")


@pytest.fixture(params=WAYS)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    """A root of this test's own."""
    made = (
        LocalFiles(tmp_path)
        if request.param == "in-process"
        else RemoteFiles(Pipes.agent(tmp_path))
    )
    yield made
    made.close()


@pytest.fixture
def machine() -> Iterator[Files]:
    """This machine's own files."""
    files = LocalFiles()
    yield files
    files.close()


def mount(lower: list[str], upper: str | None, **more: str) -> OverlayMount:
    given = {"point": "/merged", "workdir": "/work", **more}
    options = tuple(filter(None, given.pop("options", "").split(",")))
    return OverlayMount(given["point"], "/", tuple(lower), upper, given["workdir"], (), options, "")


# -- text to records


@pytest.mark.parametrize(("options", "lower", "data"), SEEN)
def test_options(options: bytes, lower: list[str], data: list[str]) -> None:
    """Layers come in order and with their real names, in either way of writing them."""
    (seen,) = kernel.parse_overlays(LINE % options)
    assert (seen.point, seen.root) == ("/", "/")
    assert list(seen.lowerdir) == lower
    assert list(seen.datadir) == data
    assert (seen.upperdir, seen.workdir) == ("/d/x/diff", "/d/x/work")
    assert seen.line.encode() == (LINE % options).rstrip(b"\n")


def test_other_mounts_are_passed_over() -> None:
    """Only overlays are told, with the options that are no folders."""
    text = (
        b"25 1 254:0 / / rw - ext4 /dev/vda rw\n"
        b"26 25 0:5 / /a\\040b rw shared:1 - overlay none ro,lowerdir=/x:/y,userxattr\n"
        b"27 25 0:6 / /none rw - tmpfs  rw\n"
    )
    (seen,) = kernel.parse_overlays(text)
    assert seen.point == "/a b"
    assert seen.upperdir is None
    assert seen.options == ("ro", "userxattr")
    assert seen.userxattr


def test_500_layers() -> None:
    """A mount of as many layers as the kernel allows, on one line of 35,000 characters."""
    names = [f"/var/lib/containerd/snapshots/with/a/long/name/{number}/fs" for number in range(500)]
    (seen,) = kernel.parse_overlays(LINE % b",".join(b"lowerdir+=" + n.encode() for n in names))
    assert list(seen.lowerdir) == names


@given(st.binary(max_size=200))
@example(LINE % b"")
@example(LINE % b"lowerdir=\\134")
@example(LINE % b"lowerdir=::::,upperdir")
@example(b"1 2 3 4 5 6 - a b c\n")
@example(b"9" * 5000 + b" 2 3 4 5 6 - a b c\n")
def test_no_text_breaks_a_parser(text: bytes) -> None:
    """Any bytes at all give mounts or an error of ours."""
    with suppress(LabError):
        kernel.parse_overlays(text)
    with suppress(LabError):
        kernel.parse_overlays(LINE % text)


@given(st.lists(st.text(min_size=1).filter(lambda name: "\0" not in name), min_size=1))
def test_any_names_of_layers(names: list[str]) -> None:
    """Layers of any names come back from how the kernel escapes them."""
    written = ":".join(name.replace("\\", "\\\\").replace(":", "\\:") for name in names)
    assert kernel.split_lowerdir(written) == (names, [])


# -- finding folders


def test_links_are_resolved(files: Files, tmp_path: Path) -> None:
    """Docker's short names are links; the layer's own folder is what is told."""
    for name in ("aaa", "bbb", "top"):
        (tmp_path / "d" / name / "diff").mkdir(parents=True)
    (tmp_path / "d" / "l").mkdir()
    (tmp_path / "d" / "l" / "AAA").symlink_to("../aaa/diff")
    (tmp_path / "d" / "l" / "BBB").symlink_to("../bbb/diff")
    stack = kernel.find_folders(files, mount(["/d/l/AAA", "/d/l/BBB", "/d/l/C"], "/d/top/diff"))
    assert [layer.path for layer in stack.lower[:2]] == ["/d/aaa/diff", "/d/bbb/diff"]
    assert [layer.given for layer in stack.lower[:2]] == ["/d/l/AAA", "/d/l/BBB"]
    assert isinstance(stack.lower[2].path, Unavailable)
    assert stack.upper is not None
    assert stack.upper.path == "/d/top/diff"


@pytest.mark.parametrize(
    ("lower", "upper", "point"),
    [
        (["l/AAA", "bbb/diff"], "top/diff", "/d/top/merged"),
        (["l/AAA", "bbb/diff"], "/d/top/diff", "/run/rootfs"),
    ],
)
def test_relative_paths(
    files: Files, tmp_path: Path, lower: list[str], upper: str, point: str
) -> None:
    """With many layers engines mount from their own folder: paths are found from there."""
    for name in ("aaa", "bbb", "top"):
        (tmp_path / "d" / name / "diff").mkdir(parents=True)
    (tmp_path / "d" / "l").mkdir()
    (tmp_path / "d" / "l" / "AAA").symlink_to("../aaa/diff")
    stack = kernel.find_folders(files, mount(lower, upper, point=point, workdir="top/work"))
    assert [layer.path for layer in stack.lower] == ["/d/aaa/diff", "/d/bbb/diff"]
    assert stack.upper is not None
    assert stack.upper.path == "/d/top/diff"
    lost = kernel.find_folders(files, mount(["l/NONE"], upper, point=point))
    assert isinstance(lost.lower[0].path, Unavailable)


def test_a_link_of_a_layer_stays_below_the_root(files: Files, tmp_path: Path) -> None:
    """A layer that is a link out of the root is none."""
    (tmp_path / "l").symlink_to("/../../../../etc")
    stack = kernel.find_folders(files, mount(["/l"], None))
    assert isinstance(stack.lower[0].path, Unavailable)


def test_root_mount(files: Files, tmp_path: Path) -> None:
    """A process's root is the last mount at /, and only an overlay has layers."""
    for pid, lines in {
        "5": b"1 0 0:2 / / rw - ext4 x rw\n" + LINE % SEEN[0][0],
        "6": b"1 0 0:2 / / rw - ext4 x rw\n",
        "7": b"",
    }.items():
        (tmp_path / "proc" / pid).mkdir(parents=True)
        (tmp_path / "proc" / pid / "mountinfo").write_bytes(lines)
    seen = kernel.root_mount(files, 5)
    assert isinstance(seen, OverlayMount)
    assert seen.upperdir == "/d/x/diff"
    for pid in (6, 7, 8):
        assert isinstance(kernel.root_mount(files, pid), Unavailable)
        assert isinstance(overlay_changes.process_differences(files, pid), Unavailable)


# -- layers on the disk


def stacked(files: Files, lower: list[str], **more: str) -> OverlayStack:
    return kernel.find_folders(files, mount(lower, "/upper", **more))


def seen_changes(files: Files, stack: OverlayStack) -> dict[str, str]:
    found = overlay_changes.differences(files, stack)
    assert not isinstance(found, Unavailable), found
    return {each.path: each.action for each in found}


def test_marks_as_attributes(files: Files, tmp_path: Path) -> None:
    """Opaque folders and whiteouts that are user.* attributes count where the mount has them."""
    (tmp_path / "lower" / "folder").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / "lower" / "folder" / name).write_text(name)
    (tmp_path / "lower" / "gone").write_text("x")
    (tmp_path / "upper" / "folder").mkdir(parents=True)
    (tmp_path / "upper" / "folder" / "two").write_text("2")
    (tmp_path / "upper" / "gone").touch()
    try:
        os.setxattr(tmp_path / "upper" / "folder", "user.overlay.opaque", b"y")
        os.setxattr(tmp_path / "upper" / "gone", "user.overlay.whiteout", b"")
    except OSError:
        pytest.skip("this file system has no user attributes")
    layer = kernel.read_layer(files, "/upper", userxattr=True)
    assert (layer.whiteouts, layer.opaque) == ({"gone"}, {"folder"})
    assert seen_changes(files, stacked(files, ["/lower"], options="userxattr")) == {
        "/folder": "changed",
        "/folder/two": "changed",
        "/folder/one": "deleted",
        "/gone": "deleted",
    }
    # Without the mount's word, anybody may have written them.
    assert kernel.read_layer(files, "/upper").whiteouts == set()
    assert seen_changes(files, stacked(files, ["/lower"]))["/gone"] == "changed"


def test_an_opaque_x_only_announces_whiteouts(files: Files, tmp_path: Path) -> None:
    """Value x of the mark says that there are whiteouts which are attributes, no more."""
    (tmp_path / "upper" / "folder").mkdir(parents=True)
    try:
        os.setxattr(tmp_path / "upper" / "folder", "user.overlay.opaque", b"x")
    except OSError:
        pytest.skip("this file system has no user attributes")
    assert kernel.read_layer(files, "/upper", userxattr=True).opaque == set()


@pytest.mark.parametrize("target", ["/etc", "../../../../etc", "/outside", "loop"])
def test_a_layers_links_are_not_followed(files: Files, tmp_path: Path, target: str) -> None:
    """A folder over a link to elsewhere is compared with the link, not with what is elsewhere."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "passwd").write_text("secret")
    (tmp_path / "lower").mkdir()
    (tmp_path / "lower" / "loop").symlink_to("loop")
    (tmp_path / "lower" / "folder").symlink_to(target)
    (tmp_path / "upper" / "folder").mkdir(parents=True)
    (tmp_path / "upper" / "folder" / "passwd").write_text("x")
    found = overlay_changes.differences(files, stacked(files, ["/lower"]))
    assert not isinstance(found, Unavailable)
    by_path = {each.path: each for each in found}
    assert by_path["/folder/passwd"].action == "added"
    was = by_path["/folder"].was
    assert was is not None
    assert stat.S_ISLNK(was.st_mode)


def test_lower_layers_hide_each_other(files: Files, tmp_path: Path) -> None:
    """A plain file in a layer ends the search below it; so does what is missing."""
    (tmp_path / "l2" / "a" / "b").mkdir(parents=True)
    (tmp_path / "l2" / "a" / "b" / "file").write_text("lowest")
    (tmp_path / "l2" / "c").write_text("lowest")
    (tmp_path / "l1" / "a").mkdir(parents=True)
    (tmp_path / "l1" / "a" / "b").write_text("a file now")
    (tmp_path / "upper" / "a" / "b").mkdir(parents=True)
    (tmp_path / "upper" / "a" / "b" / "file").write_text("x")
    (tmp_path / "upper" / "c").write_text("x")
    assert seen_changes(files, stacked(files, ["/l1", "/l2"])) == {
        "/a": "changed",
        "/a/b": "changed",
        "/a/b/file": "added",
        "/c": "changed",
    }


def test_many_names_go_in_pieces(files: Files, tmp_path: Path) -> None:
    """More names than one request holds are looked up all the same."""
    names = [f"{'n' * 200}{number}" for number in range(2500)]
    for name in names[::500]:
        (tmp_path / name).touch()
    seen = kernel.files_at(files, "/", names)
    assert [name for name, inode in zip(names, seen, strict=True) if inode] == names[::500]


# -- against overlayfs itself

PLACES = ["a", "a/b", "a/b/c", "a/f", "d", "d/e", "f", "g"]


def _write(path: Path) -> None:
    path.write_text("written")


def _append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more")


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


ACTS: dict[str, Callable[[Path], object]] = {
    "write": _write,
    "append": _append,
    "make": Path.mkdir,
    "remove": lambda path: shutil.rmtree(path) if _is_folder(path) else path.unlink(),
    "chmod": lambda path: path.chmod(0o700),
    "empty": lambda path: path.write_bytes(b""),
    "link": lambda path: path.symlink_to("nowhere"),
    "rename": lambda path: path.rename(path.with_name("g")),
}
acts = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from(PLACES)), max_size=12)


def perform(top: Path, todo: list[tuple[str, str]]) -> None:
    """Do it all below `top`; nothing is done through a symbolic link, wherever it leads."""
    for act, place in todo:
        steps = list(accumulate(place.split("/"), "{}/{}".format))
        linked = [step for step in steps if (top / step).is_symlink()]
        if not linked or (linked == [place] and act in ("remove", "rename")):
            with suppress(OSError):
                ACTS[act](top / place)


def test_nothing_is_done_through_a_link(tmp_path: Path) -> None:
    """These tests run as root: a random act behind a link would change what it leads to."""
    top, outside = tmp_path / "top", tmp_path / "outside"
    top.mkdir()
    outside.mkdir()
    for place in ("a", "f"):
        (top / place).symlink_to(outside)
    before = outside.stat().st_mode
    perform(top, [(act, place) for act in ACTS for place in PLACES if place[0] == "a"])
    perform(top, [("rename", "f"), ("remove", "g")])
    assert outside.stat().st_mode == before
    assert list(outside.iterdir()) == []
    assert not (top / "g").is_symlink()


def names_in(top: Path) -> set[str]:
    return {"/" + os.fsdecode(os.path.relpath(each, top)) for each in top.rglob("*")}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=acts, second=acts, third=acts)
@example(
    first=[("make", "a"), ("make", "a/b"), ("write", "a/b/c"), ("write", "a/f")],
    second=[("remove", "a"), ("make", "a"), ("write", "a/f")],
    third=[("remove", "a"), ("make", "a"), ("make", "a/b"), ("write", "a/b/c")],
)
@example(
    first=[("make", "a"), ("make", "a/b"), ("write", "a/b/c"), ("write", "a/f")],
    second=[("chmod", "a")],
    third=[("remove", "a"), ("make", "a"), ("make", "a/b")],
)
@example(
    first=[("make", "d"), ("write", "d/e"), ("write", "f")],
    second=[("remove", "f"), ("link", "f")],
    third=[("rename", "d"), ("empty", "f")],
)
def test_overlayfs_is_the_oracle(tmp_path: Path, machine: Files, first, second, third) -> None:
    """Layers that overlayfs itself wrote are told apart into what came, went and changed."""
    folder = Path(str(tmp_path / f"x{len(list(tmp_path.iterdir()))}"))
    base, middle = folder / "base", folder / "middle"
    base.mkdir(parents=True)
    perform(base, first)
    with overlay(folder / "one", [base]):
        perform(folder / "one" / "merged", second)
        shutil.rmtree(folder / "one" / "work", ignore_errors=True)
    (folder / "one" / "upper").rename(middle)
    with overlay(folder / "two", [middle, base]) as mounted:
        merged = folder / "two" / "merged"
        before = names_in(merged)
        perform(merged, third)
        after = names_in(merged)
        folders = {"/", *(path for path in after if (merged / path[1:]).lstat().st_mode >> 12 == 4)}
        stack = kernel.find_folders(machine, mounted)
        found = overlay_changes.differences(machine, stack)
        assert not isinstance(found, Unavailable)
        told = {each.path: each.action for each in found}
    assert len(told) == len(found)
    gone = {path for path, action in told.items() if action == "deleted"}
    was_there = {path for path, action in told.items() if action == "changed"}
    assert {path for path, action in told.items() if action == "added"} == after - before
    assert gone == {path for path in before - after if str(Path(path).parent) in folders}
    assert was_there <= before & after


def test_a_renamed_folder(tmp_path: Path, machine: Files) -> None:
    """What is in a renamed folder is compared with what was in it under its old name."""
    perform(tmp_path / "base", [])
    (tmp_path / "base" / "d" / "deep").mkdir(parents=True)
    for name in ("d/e", "d/x", "d/deep/y"):
        (tmp_path / "base" / name).write_text("old")
    with overlay(tmp_path, [tmp_path / "base"], "redirect_dir=on") as mounted:
        merged = tmp_path / "merged"
        (merged / "d").rename(merged / "g")
        (merged / "g" / "deep").rename(merged / "g" / "deeper")
        _append(merged / "g" / "e")
        _append(merged / "g" / "deeper" / "y")
        _write(merged / "g" / "new")
        found = overlay_changes.differences(machine, kernel.find_folders(machine, mounted))
    assert not isinstance(found, Unavailable)
    assert {each.path: each.action for each in found} == {
        "/d": "deleted",
        "/g": "added",
        "/g/e": "changed",
        "/g/new": "added",
        "/g/deep": "deleted",
        "/g/deeper": "added",
        "/g/deeper/y": "changed",
    }


def test_as_the_layer_explorer_has_them(tmp_path: Path, machine: Files) -> None:
    """Differences become the lines of `docker diff`, a layer's folder a layer of an image."""
    base = tmp_path / "base"
    base.mkdir()
    for name in ("big", "gone"):
        (base / name).write_bytes(b"x" * 1000)
    with overlay(tmp_path, [base]) as mounted:
        merged = tmp_path / "merged"
        _append(merged / "big")
        (merged / "gone").unlink()
        (merged / "new").symlink_to("big")
        stack = kernel.find_folders(machine, mounted)
        found = overlay_changes.differences(machine, stack)
        layer = kernel.read_layer(machine, str(tmp_path / "upper"))
    assert not isinstance(found, Unavailable)
    big, gone, new = analysis.changes(found)
    assert (big.path, big.action, big.written, big.covered) == ("/big", "changed", 1004, 1000)
    assert (gone.path, gone.action, gone.written, gone.covered) == ("/gone", "deleted", 0, 1000)
    assert (new.path, new.action, new.was) == ("/new", "added", None)
    assert new.now is not None
    assert new.now.kind == "symlink"
    assert analysis.copied_up(found) == 1004
    made = analysis.layer(layer, number=3)
    assert (made.number, made.size, made.whiteouts) == (3, 1004, {"/gone"})
    assert sorted(entry.path for entry in made.entries) == ["/big", "/new"]


def test_opaque_folders_need_a_privilege(files: Files, tmp_path: Path, monkeypatch) -> None:
    """Where the agent cannot see the marks, it says so instead of telling there are none."""
    (tmp_path / "upper").mkdir()
    (tmp_path / "proc" / "77").mkdir(parents=True)
    (tmp_path / "proc" / "self").symlink_to("77")
    status = "Pid:\t77\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n" + "".join(
        f"Cap{name}:\t0000000000080004\n" for name in ("Inh", "Prm", "Eff", "Bnd")
    )
    (tmp_path / "proc" / "77" / "status").write_text(status)
    seen = kernel.read_layer(files, "/upper")
    assert isinstance(seen.opaque, Unavailable)
    assert "CAP_SYS_ADMIN" in seen.opaque.reason
    assert mounts.MOUNTINFO_LIMIT > 500 * 4096
