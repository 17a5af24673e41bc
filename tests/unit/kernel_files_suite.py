"""One suite for every way to the kernel's files. Subclasses give the fixture `ground`."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpers.kernel.files import Call, Files
from helpers.waiting import wait_until

SECRET = b"the reader's own\n"


@dataclass
class Ground:
    """files: below `root`; outside: a folder beside it that no path may reach."""

    files: Files
    root: Path
    outside: Path


@dataclass
class Place:
    """A folder of one test. path: for `files`; disk: for the test itself."""

    files: Files
    path: str
    disk: Path
    outside: Path


def prepare(folder: Path) -> tuple[Path, Path]:
    """Return the root to be, and the folder beside it with the secret."""
    root, outside = folder / "root", folder / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    return root, outside


def refusal(act: Callable[[], Any]) -> OSError:
    with pytest.raises(OSError) as caught:  # noqa: PT011  (which one, the caller asks)
        act()
    return caught.value


class FilesSuite:
    """What every implementation of `Files` does."""

    @pytest.fixture
    def place(self, ground: Ground, request: pytest.FixtureRequest) -> Place:
        """A folder of this test's own."""
        name = request.node.originalname + str(abs(hash(request.node.nodeid)) % 10**6)
        disk = ground.root / name
        disk.mkdir()
        return Place(ground.files, f"/{name}", disk, ground.outside)

    # -- ordinary files

    def test_read(self, place: Place) -> None:
        """A file's bytes come as they are, and no more than asked for."""
        content = bytes(range(256)) * 300
        (place.disk / "file").write_bytes(content)
        assert place.files.read(f"{place.path}/file") == content
        assert place.files.read(f"{place.path}/file", 1000) == content[:1000]
        assert place.files.read(f"{place.path}/file", -1) == b""

    def test_huge_file_is_bounded(self, place: Place) -> None:
        """A terabyte of nothing is read as far as the bound, whatever is asked."""
        with (place.disk / "huge").open("wb") as file:
            file.truncate(1 << 40)
        assert len(place.files.read(f"{place.path}/huge")) == 1 << 20
        assert len(place.files.read(f"{place.path}/huge", 1 << 40)) == 1 << 24
        (sampled,) = place.files.sample([f"{place.path}/huge"])
        assert isinstance(sampled, bytes)
        assert len(sampled) <= 2 << 20

    def test_names_of_any_bytes(self, place: Place) -> None:
        """Names that are long, not UTF-8, or full of control characters are names like others."""
        names = [b"n" * 255, b"caf\xe9\xff", b"a\nb\x1b[31m", "é".encode()]
        for name in names:
            Path(os.fsdecode(os.fsencode(place.disk) + b"/" + name)).write_bytes(name)
        found = place.files.names(place.path)
        assert sorted(map(os.fsencode, found)) == sorted(names)
        for name in found:
            assert place.files.read(f"{place.path}/{name}") == os.fsencode(name)
        assert len(place.files.names(place.path, 2)) == 2

    def test_links(self, place: Place) -> None:
        """A link's text comes as written; a file that is no link is refused."""
        (place.disk / "there").symlink_to("/any/where\n")
        (place.disk / "file").touch()
        assert place.files.link(f"{place.path}/there") == "/any/where\n"
        assert place.files.links(place.path) == {"there": "/any/where\n"}
        assert refusal(lambda: place.files.link(f"{place.path}/file")).errno == errno.EINVAL

    def test_stat(self, place: Place) -> None:
        """An inode comes whole; of a link it is the link's own unless followed."""
        (place.disk / "file").write_bytes(b"12345")
        (place.disk / "link").symlink_to("file")
        seen, real = place.files.stat(f"{place.path}/file"), (place.disk / "file").stat()
        assert all(getattr(real, name) == value for name, value in seen._asdict().items())
        assert stat.S_ISLNK(place.files.stat(f"{place.path}/link").st_mode)
        assert place.files.stat(f"{place.path}/link", follow=True) == seen

    def test_namespaces(self, place: Place, ground: Ground) -> None:
        """The links of many processes come at once; no link leads to another place on the way."""
        number = place.disk.stat().st_ino
        process = ground.root / "proc" / str(number)
        (process / "ns").mkdir(parents=True)
        (process / "ns" / "net").symlink_to("net:[1]")
        (process / "ns" / "file").touch()
        (ground.root / "proc" / str(number + 1)).symlink_to(place.outside)
        (place.outside / "ns").mkdir(exist_ok=True)
        row, linked, gone = place.files.namespaces(
            [number, number + 1, number + 2], ["net", "none", "file"]
        )
        assert row == ["net:[1]", None, None]
        assert isinstance(linked, OSError)
        assert isinstance(gone, FileNotFoundError)
        assert refusal(lambda: place.files.namespaces([number], ["../x"])).errno == errno.EINVAL
        inner = place.files.inside(number)
        assert refusal(lambda: inner.namespaces([1], ["net"])).errno == errno.EOPNOTSUPP

    def test_stats(self, place: Place) -> None:
        """Many names at once give each its inode or nothing; no link is followed on the way."""
        (place.disk / "a" / "b").mkdir(parents=True)
        (place.disk / "a" / "file").write_bytes(b"123")
        (place.disk / "a" / "b" / "caf\udce9").touch()
        (place.disk / "out").symlink_to(place.outside)
        (place.disk / "a" / "out").symlink_to(place.outside / "secret")
        names = ["a", "a/file", "a/b/caf\udce9", "a/none", "none/x", "a/out"]
        seen = place.files.stats(place.path, names)
        assert seen[:3] == [place.files.stat(f"{place.path}/{name}") for name in names[:3]]
        assert seen[3:5] == [None, None]
        assert seen[5] is not None
        assert stat.S_ISLNK(seen[5].st_mode)
        outside = ["out/secret", "../outside/secret", "..", "a/..", "", "/etc/passwd", "x\0/y"]
        assert place.files.stats(place.path, outside) == [None] * len(outside)

    def test_xattr(self, place: Place) -> None:
        """An attribute comes as bytes, None where there is none."""
        (place.disk / "file").touch()
        try:
            os.setxattr(place.disk / "file", "user.demo", b"\xff\x00y")
        except OSError:
            pytest.skip("this file system has no user attributes")
        assert place.files.xattr(f"{place.path}/file", "user.demo") == b"\xff\x00y"
        assert place.files.xattr(f"{place.path}/file", "user.other") is None

    def test_walk(self, place: Place) -> None:
        """A walk lists everything once, with marks, and follows no link."""
        (place.disk / "a" / "b").mkdir(parents=True)
        (place.disk / "a" / "file").write_bytes(b"123")
        (place.disk / "a" / "up").symlink_to("..")
        (place.disk / "out").symlink_to(place.outside)
        marked = {}
        try:
            os.setxattr(place.disk / "a", "user.overlay.opaque", b"y")
            marked = {"user.overlay.opaque": b"y"}
        except OSError:
            pass
        found = {e.path: e for e in place.files.walk(place.path, xattrs=["user.overlay.opaque"])}
        assert set(found) == {"a", "a/b", "a/file", "a/up", "out"}
        assert found["a/file"].stat.st_size == 3
        assert found["a"].xattrs == marked
        assert found["a/b"].xattrs == {}
        assert len(place.files.walk(place.path, 2)) == 2

    def test_many(self, place: Place) -> None:
        """Several requests give each its value or its error, in order."""
        (place.disk / "file").write_bytes(b"1\xff")
        calls = [
            Call("read", {"path": f"{place.path}/file"}),
            Call("read", {"path": f"{place.path}/none"}),
            Call("stat", {"path": f"{place.path}/file"}),
        ]
        content, error, seen = place.files.many(calls)
        assert content == b"1\xff"
        assert isinstance(error, FileNotFoundError)
        assert seen == place.files.stat(f"{place.path}/file")

    # -- errors

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("none", FileNotFoundError),
            ("file/x", NotADirectoryError),
            ("folder", IsADirectoryError),
            ("n" * 256, OSError),
            ("nul\0nul", OSError),
            ("\ud800", OSError),
            ("x/" * 3000, OSError),
        ],
    )
    def test_errors_are_the_systems_own(self, place: Place, name: str, kind: type[OSError]) -> None:
        """What cannot be read raises the OSError that open(2) has for it."""
        (place.disk / "file").touch()
        (place.disk / "folder").mkdir()
        with pytest.raises(kind):
            place.files.read(f"{place.path}/{name}")

    def test_error_names_the_path(self, place: Place) -> None:
        """An error tells which path it is about."""
        error = refusal(lambda: place.files.read(f"{place.path}/none"))
        assert error.filename == f"{place.path}/none"
        assert error.strerror == "No such file or directory"

    # -- sampling

    def test_sample_reads_anew(self, place: Place) -> None:
        """A second sample sees what was written since, and each path has its own answer."""
        (place.disk / "a").write_bytes(b"1")
        paths = [f"{place.path}/a", f"{place.path}/none", f"{place.path}/b"]
        first = place.files.sample(paths)
        assert first[0] == b"1"
        assert [type(each) for each in first[1:]] == [FileNotFoundError] * 2
        (place.disk / "a").write_bytes(b"22")
        (place.disk / "b").write_bytes(b"x" * 10_000)
        assert place.files.sample(paths)[::2] == [b"22", b"x" * 10_000]

    def test_forgotten_files_are_opened_anew(self, place: Place) -> None:
        """After forgetting, a file that took the place of another is the one that is read."""
        (place.disk / "a").write_bytes(b"old")
        path = f"{place.path}/a"
        place.files.sample([path])
        (place.disk / "a").unlink()
        (place.disk / "a").write_bytes(b"new")
        place.files.forget([path])
        assert place.files.sample([path]) == [b"new"]

    # -- watching

    def test_watch(self, place: Place) -> None:
        """Names that come and go are told, until the watch is closed."""
        seen: list[tuple[str, str]] = []
        watch = place.files.watch(place.path, lambda event: seen.append((event.kind, event.name)))
        (place.disk / "one").mkdir()
        (place.disk / "one").rmdir()
        wanted = [("created", "one"), ("deleted", "one")]
        wait_until(lambda: seen == wanted, what="two events", seconds=10)
        watch.close()
        watch.close()
        other = threading.Event()
        again = place.files.watch(place.path, lambda _event: other.set())
        (place.disk / "two").mkdir()
        assert other.wait(10)
        again.close()
        assert seen == wanted

    def test_two_watch_one_folder(self, place: Place) -> None:
        """One who stops watching does not end another's watch of the same folder."""
        heard = threading.Event()
        first = place.files.watch(place.path, lambda _event: None)
        second = place.files.watch(place.path, lambda _event: heard.set())
        first.close()
        (place.disk / "one").mkdir()
        assert heard.wait(10)
        second.close()

    def test_watch_needs_a_folder(self, place: Place) -> None:
        """Only a folder that is there can be watched."""
        (place.disk / "file").touch()
        with pytest.raises(NotADirectoryError):
            place.files.watch(f"{place.path}/file", lambda _event: None)
        with pytest.raises(FileNotFoundError):
            place.files.watch(f"{place.path}/none", lambda _event: None)

    # -- hostile trees

    @pytest.mark.parametrize(
        ("target", "within"),
        [
            ("{outside}/secret", ""),
            ("../../outside/secret", ""),
            ("../" * 60 + "{outside}/secret", ""),
            ("{outside}", "/secret"),
            ("../../outside", "/secret"),
            ("hop", "/secret"),
            ("/proc/self/root{outside}/secret", ""),
            ("/proc/1/root/etc/passwd", ""),
            ("/proc/self/cwd", "/secret"),
            (".", "/../../outside/secret"),
        ],
    )
    def test_no_link_leads_outside(self, place: Place, target: str, within: str) -> None:
        """Whatever a link says, what lies beside the root is not read, listed, looked at, walked
        or watched."""
        (place.disk / "hop").symlink_to(place.outside)
        (place.disk / "link").symlink_to(target.format(outside=place.outside))
        path = f"{place.path}/link{within}"
        for act in (place.files.read, place.files.names, place.files.walk):
            refusal(lambda act=act: act(path))
        refusal(lambda: place.files.stat(path, follow=True))
        refusal(lambda: place.files.watch(path, lambda _event: None))
        refusal(lambda: place.files.xattr(f"{path}/x", "user.x"))
        assert isinstance(place.files.sample([path])[0], OSError)

    def test_links_stay_within(self, place: Place) -> None:
        """Absolute links and `..` count from the root, as they would for a container."""
        (place.disk / "file").write_bytes(b"here")
        (place.disk / "absolute").symlink_to(f"{place.path}/file")
        (place.disk / "relative").symlink_to(f"../../../../..{place.path}/absolute")
        assert place.files.read(f"{place.path}/relative") == b"here"
        assert place.files.read(f"/../..{place.path}/./relative") == b"here"

    def test_loops_end(self, place: Place) -> None:
        """Links in a circle are an error, not a wait."""
        (place.disk / "a").symlink_to("b")
        (place.disk / "b").symlink_to("a")
        (place.disk / "self").symlink_to("self/x")
        for name in ("a", "b/x", "self"):
            path = f"{place.path}/{name}"
            assert refusal(lambda path=path: place.files.read(path)).errno == errno.ELOOP

    def test_only_plain_files_are_opened(self, place: Place) -> None:
        """Fifos, sockets and devices are refused at once, behind links as well."""
        os.mkfifo(place.disk / "fifo")
        here = os.open(place.disk, os.O_RDONLY)
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(f"/proc/self/fd/{here}/socket")
        finally:
            os.close(here)
        names = ["fifo", "socket"]
        if os.geteuid() == 0:
            os.mknod(place.disk / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
            names.append("zero")
        for name in names:
            (place.disk / f"to-{name}").symlink_to(name)
            for path in (f"{place.path}/{name}", f"{place.path}/to-{name}"):
                error = refusal(lambda path=path: place.files.read(path))
                assert error.errno == errno.EOPNOTSUPP
                assert isinstance(place.files.sample([path])[0], OSError)

    def test_deep_trees_end(self, place: Place) -> None:
        """A tree deeper than a path can be long is walked as far as paths reach."""
        here = os.open(place.disk, os.O_RDONLY)
        for _level in range(60):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        found = place.files.walk(place.path)
        assert 15 < len(found) <= 60
        assert found[-1].errno == (errno.ENAMETOOLONG if len(found) < 60 else 0)

    # -- as a process sees it

    def test_inside(self, place: Place, ground: Ground) -> None:
        """A process's files are below its own root, and no link leads out of that."""
        home = place.disk / "container"
        (home / "etc").mkdir(parents=True)
        (home / "etc" / "name").write_bytes(b"inner")
        (home / "abs").symlink_to("/etc/name")
        (home / "out").symlink_to("../outer")
        (place.disk / "outer").write_bytes(SECRET)
        process = ground.root / "proc" / str(home.stat().st_ino)
        process.mkdir(parents=True)
        (process / "root").symlink_to(f"{place.path}/container")
        inner = place.files.inside(home.stat().st_ino)
        assert inner.read("/abs") == b"inner"
        assert inner.sample(["/abs", "/out"])[0] == b"inner"
        assert inner.names("/") != []
        for path in ("/out", "/../outer", f"{place.path}/outer"):
            assert isinstance(refusal(lambda path=path: inner.read(path)), FileNotFoundError)

    def test_a_fake_process_leads_nowhere(self, place: Place, ground: Ground) -> None:
        """What is no /proc cannot name a folder outside as a process's root."""
        process = ground.root / "proc" / str(place.disk.stat().st_ino)
        process.mkdir(parents=True)
        (process / "root").symlink_to(place.outside)
        # the same path below the root goes in a circle, as links of /proc seem to
        (ground.root / place.outside.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        (ground.root / place.outside.relative_to("/")).symlink_to(place.outside)
        inner = place.files.inside(place.disk.stat().st_ino)
        assert refusal(lambda: inner.read("/secret")).errno == errno.ELOOP
        refusal(lambda: place.files.inside(-1).read("/secret"))
