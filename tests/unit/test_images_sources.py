"""Where outside images come from: the order of the ladder, its failures, the two makers."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.command import Completed
from helpers.drivers import image_makers, image_sources
from helpers.drivers.image_progress import no_progress
from helpers.drivers.image_recipes import catalogue, select
from helpers.errors import CommandFailed, DiskFull, EngineUnavailable, ImageMissing, LabError
from helpers.records.images import Found

BASE = select(catalogue(), ["base"])[0]
CLIENT: Any = SimpleNamespace()


def rung(name: str, climbed: list[str], outcome: Found | LabError) -> image_sources.Rung:
    """Return a rung that notes that it was tried."""

    def climb() -> Found:
        climbed.append(name)
        if isinstance(outcome, LabError):
            raise outcome
        return outcome

    return name, climb


def test_the_first_rung_that_holds_is_the_last_one_tried() -> None:
    """Nothing is pulled where the image is present; nothing is made where it can be pulled."""
    climbed: list[str] = []
    found = Found("x:1", "pulled", "x@sha256:1")
    rungs = [
        rung("present", climbed, LabError("not there")),
        rung("pulled", climbed, found),
        rung("made", climbed, LabError("must not be asked")),
    ]
    assert image_sources.find(CLIENT, BASE, no_progress, rungs) is found
    assert climbed == ["present", "pulled"]


def test_when_no_rung_holds_each_says_why_and_there_is_a_way_out() -> None:
    """The error names the image, every reason in order, and three remedies."""
    climbed: list[str] = []
    rungs = [
        rung("present", climbed, LabError("the engine does not have it")),
        rung("pulled", climbed, LabError("no such host")),
        rung("made", climbed, LabError("this is not a Debian or Ubuntu machine")),
    ]
    with pytest.raises(ImageMissing) as raised:
        image_sources.find(CLIENT, BASE, no_progress, rungs)
    assert raised.value.what.splitlines() == [
        "The image debian:bookworm-slim is not to be had here.",
        "  present: the engine does not have it",
        "  pulled: no such host",
        "  made: this is not a Debian or Ubuntu machine",
    ]
    for way in ("LABS_REGISTRY", "labs images load", "docker build"):
        assert way in raised.value.remedy


@pytest.mark.parametrize("error", [DiskFull("full"), EngineUnavailable("there")])
def test_no_other_rung_is_tried_where_none_can_help(error: LabError) -> None:
    """A full disk stays full, and a stopped engine stopped."""
    climbed: list[str] = []
    rungs = [rung("pulled", climbed, error), rung("made", climbed, Found("x", "made", "y"))]
    with pytest.raises(type(error)):
        image_sources.find(CLIENT, BASE, no_progress, rungs)
    assert climbed == ["pulled"]


def test_the_ladder_of_a_recipe_looks_then_pulls_then_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a mirror: its names first, but an image the engine has from elsewhere will do."""
    monkeypatch.setenv("LABS_REGISTRY", "mirror.example/hub/")
    names = [name for name, _climb in image_sources.ladder(CLIENT, BASE, no_progress)]
    assert names == ["present"] * 3 + ["pulled"] * 2 + ["made"]


@pytest.mark.parametrize(
    ("prefix", "image", "names"),
    [
        ("", "debian:x", ["debian:x"]),
        ("m.example:5000/hub/", "debian:x",
         ["m.example:5000/hub/debian:x", "m.example:5000/hub/library/debian:x"]),
        ("m.example", "team/app:x", ["m.example/team/app:x"]),
    ],
)  # fmt: skip
def test_a_mirror_is_asked_under_the_names_mirrors_use(
    prefix: str, image: str, names: list[str]
) -> None:
    """Official images lie under their bare name or under library/."""
    assert list(image_sources.pull_names(image, {"LABS_REGISTRY": prefix})) == names


class Programs:
    """Stands for helpers.command.run: notes what is run, and fails where told to."""

    def __init__(self, *failures: str, **answers: str) -> None:
        self.ran: list[str] = []
        self._failures = list(failures)
        self._answers = answers

    def __call__(self, argv: Sequence[str], **_options: object) -> Completed:
        line = " ".join(argv)
        self.ran.append(line)
        for failure in self._failures:
            if failure in line:
                self._failures.remove(failure)
                raise CommandFailed(argv, 100, "Unable to locate package")
        return Completed(tuple(argv), 0, self._answers.get(Path(argv[0]).name, ""), "")


def machine(
    monkeypatch: pytest.MonkeyPatch, programs: Programs, *, has: set[str], root: bool
) -> None:
    """Pretend that this machine has the programs `has`, and who we are."""
    monkeypatch.setattr(image_makers, "run", programs)
    monkeypatch.setattr(image_makers.shutil, "which", lambda name: name if name in has else None)
    monkeypatch.setattr(image_makers.os, "geteuid", lambda: 0 if root else 1000)


DEBIAN = {"apt-get", "dpkg-deb", "setpriv"}


def test_other_systems_say_that_they_are_not_debian(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No command is tried where there is no apt."""
    programs = Programs()
    machine(monkeypatch, programs, has=set(), root=True)
    with pytest.raises(LabError, match="not a Debian or Ubuntu machine"):
        image_makers.debian(tmp_path, lambda _line: None)
    assert programs.ran == []


def test_root_gets_mmdebstrap_and_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a machine without package lists, the second try comes after an update."""
    programs = Programs("install")
    machine(monkeypatch, programs, has=DEBIAN, root=True)
    said: list[str] = []
    image_makers.debian(tmp_path, said.append)
    verbs = [line for line in programs.ran if line.startswith("apt-get ")]
    assert [" install " in v or v.endswith(" update") for v in verbs[:3]] == [True] * 3
    assert verbs[1] == "apt-get update"
    assert said[0].startswith("installing mmdebstrap: apt-get")


def test_others_are_told_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's machine is changed without the right to."""
    programs = Programs()
    machine(monkeypatch, programs, has=DEBIAN, root=False)
    with pytest.raises(LabError, match=r"sudo apt-get install .*mmdebstrap"):
        image_makers.debian(tmp_path, lambda _line: None)
    assert programs.ran == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("E: Temporary failure resolving", CommandFailed),
        ("tar: x: Cannot write: No space left on device", DiskFull),
    ],
)
def test_a_failed_making_tells_why_from_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, error: type[LabError]
) -> None:
    """mmdebstrap writes why to a file of its own, so the program itself printed nothing."""
    (tmp_path / "log").write_text(f"I: downloading\n{line}\n")
    programs = Programs("--variant=minbase")
    machine(monkeypatch, programs, has={*DEBIAN, "mmdebstrap"}, root=True)
    with pytest.raises(error) as raised:
        image_makers.debian(tmp_path, lambda _line: None)
    assert raised.value.what.endswith(line) or error is DiskFull


@pytest.mark.parametrize(
    ("variable", "own", "expected"),
    [
        ("http://m.example/debian/", "http://own.example/debian/\n", "http://m.example/debian"),
        ("", "file:/cd/\nhttp://own.example/debian/\n", "http://own.example/debian"),
        ("", "https://needs-certificates.example/debian/\n", image_makers.ARCHIVE),
        ("", "", image_makers.ARCHIVE),
    ],
    ids=["told", "the machine's own", "plain http only", "Debian's"],
)
def test_packages_come_from_the_nearest_mirror(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, own: str, expected: str
) -> None:
    """LABS_APT_MIRROR, else the mirror this Debian machine uses, else Debian's own."""
    monkeypatch.setenv("LABS_APT_MIRROR", variable)
    programs = Programs(**{"apt-get": own})
    machine(monkeypatch, programs, has={*DEBIAN, "mmdebstrap"}, root=True)
    _archive, source = image_makers.debian(tmp_path, lambda _line: None)
    assert source == f"mmdebstrap bookworm {expected}"
    assert programs.ran[-1].endswith(
        f"deb {expected} bookworm main deb {expected} bookworm-updates main "
        f"deb {expected}-security bookworm-security main"
    )


def test_lines_of_a_log_are_told_while_it_grows(tmp_path: Path) -> None:
    """What mmdebstrap writes reaches the reader, and a half-written line does not."""
    from helpers.waiting import wait_until

    log = tmp_path / "log"
    said: list[str] = []
    with image_makers.following(log, said.append):
        log.write_bytes(b"I: one\nReading... 10%\rReading... 100%\nhal")
        wait_until(lambda: len(said), lambda n: n >= 2, what="two lines")
    assert said == ["I: one", "Reading... 100%"]


def test_busybox_does_not_link_to_itself(tmp_path: Path) -> None:
    """Its own list names itself; that link would make every command fail."""
    program = tmp_path / "busybox"
    program.write_bytes(b"ELF")
    archive = tmp_path / "x.tar"
    image_makers.write_busybox(archive, program, ["ls", "busybox", "sh"])
    with tarfile.open(archive) as tar:
        members = {member.name: member for member in tar}
    assert members["bin/busybox"].isreg()
    assert members["bin/busybox"].mode == 0o755
    assert {n for n, m in members.items() if m.linkname == "busybox"} == {"bin/ls", "bin/sh"}
    assert members["tmp"].mode == 0o1777


def test_a_workplace_goes_away_and_takes_dead_ones_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a killed process left is cleared by the next; a living one's is not."""
    from helpers.drivers.image_owners import new_mark

    monkeypatch.setattr(image_makers.tempfile, "gettempdir", lambda: str(tmp_path))
    alive = new_mark()
    host, pid, _start, _hex = alive.rsplit("-", 3)
    dead = tmp_path / f"{image_makers.WORKPLACE}{host}-{pid}-1-ffff"
    living = tmp_path / f"{image_makers.WORKPLACE}{alive}"
    foreign = tmp_path / "reader"
    for folder in (dead, living, foreign):
        folder.mkdir()
        (folder / "file").touch()
    with image_makers.workplace(new_mark()) as mine:
        assert mine.is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {living.name, "reader"}
