"""The namespace explorer: what is read of processes, and what is shown of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from helpers.drivers import namespace_watch as driver
from helpers.errors import LabError, TimedOut
from helpers.kernel.files import LocalFiles
from helpers.records.namespace_watch import Look, Resident
from helpers.records.namespaces import KINDS, Kind
from helpers.views import live
from helpers.views import namespace_explorer as view
from helpers.views import namespace_words as said
from helpers.waiting import wait_until

HOST: dict[Kind, int] = {kind: 100 + number for number, kind in enumerate(KINDS)}
SHOP = "a" * 64
TILL = "b" * 64


def own(number: int, **shared: int) -> dict[Kind, int]:
    """Return the namespaces of a container: the host's time and user, else its own."""
    mine = {kind: 1000 * number + place for place, kind in enumerate(KINDS)}
    return {**mine, "time": HOST["time"], "user": HOST["user"], **shared}  # type: ignore[dict-item]


SHOPS = own(1)
ONE = Resident(1, "process 1", "", HOST)
SHOPKEEPER = Resident(10, "httpd -f", "shop", SHOPS)
TELLER = Resident(20, "sleep 600", "till", own(2, net=SHOPS["net"]))


def look(*residents: Resident, at: float = 50.0) -> Look:
    """Return a look at some processes."""
    return Look(at, HOST, residents)


def frames(*looks: Look) -> list[dict[str, object]]:
    """Return the time line of some looks."""
    marks = view.Marks(HOST)
    return [view.frame(each, looks[0].at, marks) for each in looks]


# -- from the kernel's files


def proc(root: Path, pid: int, cgroup: str, inodes: Mapping[Kind, int], *words: str) -> None:
    """Write what /proc shows of one process."""
    folder = root / "proc" / str(pid)
    (folder / "ns").mkdir(parents=True)
    for kind, inode in inodes.items():
        (folder / "ns" / kind).symlink_to(f"{kind}:[{inode}]")
    (folder / "cgroup").write_text(f"0::{cgroup}\n")
    comm = words[0].rpartition("/")[2]
    (folder / "stat").write_text(f"{pid} ({comm}) S 0 " + "0 " * 40)
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))


@pytest.fixture
def machine(tmp_path: Path) -> LocalFiles:
    """A host with its process 1, a kernel thread, a shell, two containers, and a stranger's."""
    proc(tmp_path, 1, "/init.scope", HOST, "/lib/systemd/systemd", "--system")
    proc(tmp_path, 2, "/", HOST, "kthreadd")
    proc(tmp_path, 30, "/user.slice", HOST, "/usr/bin/secret-tool", "--password", "x")
    proc(tmp_path, 40, f"/system.slice/docker-{SHOP}.scope", SHOPS, "/bin/httpd", "-f")
    proc(tmp_path, 41, f"/docker/{SHOP}/deeper", SHOPS, "sh\x1b[2J")
    proc(tmp_path, 42, f"/docker/{SHOP}", HOST, "runc", "init")
    proc(tmp_path, 50, f"/docker/{TILL}", own(2), "sleep", "600")
    proc(tmp_path, 60, f"/docker/{'c' * 64}", own(3), "postgres")
    return LocalFiles(tmp_path)


def test_containers_of_the_run_are_shown_and_little_else(machine: LocalFiles) -> None:
    """By cgroup, whoever their parent is; of the host, process 1 and who asks."""
    found = driver.residents(machine, {SHOP: "shop", TILL: "till"}, asking=30)
    assert [(each.home, each.pid, each.name) for each in found] == [
        ("", 1, "process 1"),
        ("", 30, "this notebook"),
        ("shop", 40, "httpd -f"),
        ("shop", 41, "sh\\x1b[2J"),
        ("till", 50, "sleep 600"),
    ]
    assert found[2].inodes == SHOPS


def test_the_whole_host_is_named_by_short_names_alone(machine: LocalFiles) -> None:
    """Arguments of processes that are none of the lab's may hold secrets."""
    found = driver.residents(machine, {SHOP: "shop"}, whole=True)
    names = {each.pid: each.name for each in found}
    assert names[30] == "secret-tool"
    assert names[60] == "postgres"
    assert not any("password" in name for name in names.values())


def test_a_process_1_out_of_reach_leaves_the_host_known(tmp_path: Path) -> None:
    """On a machine that is somebody's container the kernel's own threads tell."""
    proc(tmp_path, 1, "/", {}, "init")
    proc(tmp_path, 2, "/", HOST, "kthreadd")
    files = LocalFiles(tmp_path)
    assert driver.host_of(files, 0) == HOST
    assert driver.residents(files, {}) == ()


# -- frames


def test_a_letter_stays_its_namespaces() -> None:
    """Also when others come and go; the host's is 0 in every kind."""
    seen = frames(look(ONE, SHOPKEEPER, TELLER), look(ONE, TELLER, at=52.04))
    assert seen[0]["rows"] == [
        [1, "process 1", "", [0] * 8],
        [10, "httpd -f", "shop", [1, 1, 1, 1, 1, 0, 0, 1]],
        [20, "sleep 600", "till", [2, 2, 2, 1, 2, 0, 0, 2]],
    ]
    assert seen[1]["at"] == 2.0
    assert seen[1]["rows"][1] == [20, "sleep 600", "till", [2, 2, 2, 1, 2, 0, 0, 2]]  # type: ignore[index]
    assert seen[1]["inodes"][3] == [HOST["net"], SHOPS["net"]]  # type: ignore[index]
    assert len(json.dumps(seen[0])) < 600


def test_processes_that_live_alike_are_one_row() -> None:
    """Three hundred of them would hide the few that matter."""
    many = [Resident(100 + number, f"daemon-{number}", "", HOST) for number in range(300)]
    apart = Resident(500, "chrome", "", {**HOST, "net": 7})
    child = Resident(11, "sleep 0.3", "shop", SHOPS)
    (seen,) = frames(look(ONE, *many, apart, SHOPKEEPER, child))
    assert [row[:3] for row in seen["rows"]] == [  # type: ignore[attr-defined]
        [1, "process 1 and 300 more", ""],
        [500, "chrome", ""],
        [10, "httpd -f, sleep 0.3", "shop"],
    ]


def test_who_is_chosen_or_once_moved_has_a_row_of_its_own() -> None:
    """Else a move would look like somebody's coming, and a return like an end."""
    marks = view.Marks(HOST)
    guest = Resident(12, "bash /traveller", "shop", SHOPS)
    away = Resident(12, "bash /traveller", "shop", {**SHOPS, "uts": 9})
    alone = view.frame(look(SHOPKEEPER, guest), 50.0, marks, ["bash /tr"])
    assert [row[0] for row in alone["rows"]] == [10, 12]
    marks = view.Marks(HOST)
    rows = [
        [row[0] for row in view.frame(look(SHOPKEEPER, each), 50.0, marks)["rows"]]
        for each in (guest, away, guest)
    ]
    assert rows == [[10], [10, 12], [10, 12]]


def test_what_is_not_known_is_no_namespace() -> None:
    """A process that is ending has no links left; nobody is said to share that."""
    blank = Resident(11, "zombie", "shop", {})
    (seen,) = frames(look(SHOPKEEPER, blank))
    assert seen["rows"][1][3] == [None] * 8  # type: ignore[index]
    told = said.words([seen], view.state("httpd", "zombie"))
    assert "share no namespace" in told
    assert said.letter(None) == "?"


# -- in words


def test_words_say_what_two_share() -> None:
    """And when one of them moved, from where to where."""
    moved = Resident(20, "sleep 600", "till", own(2, net=SHOPS["net"], uts=SHOPS["uts"]))
    seen = frames(look(ONE, SHOPKEEPER, TELLER), look(ONE, SHOPKEEPER, moved, at=53.0))
    assert said.words(seen[:1], view.state("shop", "till")) == (
        "httpd -f (10) in shop and sleep 600 (20) in till share net, time and user; "
        "they differ in cgroup, ipc, mnt, pid and uts."
    )
    assert said.words(seen, view.state("shop")) == (
        "At 3 s sleep 600 (20) in till moved: uts from B to A. "
        "httpd -f (10) in shop lives apart from the host in cgroup, ipc, mnt, net, pid and uts."
    )
    assert said.words(seen, view.state("host")).endswith("lives in the host's namespaces alone.")
    assert said.words([], view.state()) == "Nothing has been seen yet."


def test_words_say_who_came_and_went() -> None:
    """One that began elsewhere comes to live in the container, and is gone."""
    guest = Resident(31, "sh", "shop", {**SHOPS, "mnt": 5})
    seen = frames(look(SHOPKEEPER), look(SHOPKEEPER, guest, at=51.0), look(SHOPKEEPER, at=54.0))
    assert said.words(seen[:2], view.state()) == "At 1 s there came sh (31) in shop."
    assert said.words(seen, view.state()) == "At 4 s sh (31) in shop was gone."
    assert said.words(seen[:2], view.state("httpd", "sh")).endswith("they differ in mnt.")


def test_a_table_stands_where_nothing_moves() -> None:
    """A row for each process, with the letters of the picture."""
    found = said.still(frames(look(ONE, TELLER)), view.state("till"))
    assert found.head[3:] == list(KINDS)
    assert found.rows[0][:3] == ["host", "process 1", "1"]
    assert found.rows[1] == ["till", "sleep 600", "20", *"AAAAA", "host", "host", "A"]


def test_more_than_two_are_not_compared() -> None:
    """The picture has two places."""
    with pytest.raises(ValueError, match="Two"):
        view.state("a", "b", "c")


# -- live


class Scripted:
    """Stands for a Watch: a till that moves into the shop's uts namespace at its third look."""

    def __init__(self, most: int = 1000) -> None:
        self.looks, self.most, self.closed = 0, most, False

    def look(self) -> Look:
        if self.looks == self.most:
            raise LabError("The engine has gone.", remedy="Begin anew.")
        self.looks += 1
        uts = SHOPS["uts"] if self.looks > 2 else 2007
        teller = Resident(20, "sleep 600", "till", own(2, net=SHOPS["net"], uts=uts))
        return look(ONE, SHOPKEEPER, teller, at=100.0 + self.looks)

    def close(self) -> None:
        self.closed = True


def started(watch: Scripted) -> tuple[view.Explorer, list[Callable[[], object]]]:
    """Return a quick explorer, and what is to be called at the end of its lab."""
    at_end: list[Callable[[], object]] = []
    return view.Explorer(watch, at_end.append, every=0.01), at_end


def test_the_time_line_has_what_was_different() -> None:
    """Looks at which nothing moved leave no frame; the end of the lab ends the looking."""
    watch = Scripted()
    explorer, at_end = started(watch)
    widget = explorer.follow("till", "shop")
    wait_until(lambda: watch.looks > 6, what="some looks")
    at_end[0]()
    assert [each["at"] for each in widget.frames] == [0, 2.0]
    assert "moved: uts from B to A" in str(widget.still)
    assert watch.closed


def test_a_moment_stands_still() -> None:
    """`show` looks once; what happens afterwards is not its matter."""
    watch = Scripted()
    explorer, _at_end = started(watch)
    widget = explorer.show("till", "shop")
    assert (watch.looks, len(widget.frames)) == (1, 1)
    assert explorer.frames == widget.frames
    assert "they differ in cgroup" in str(widget.still)


def test_a_cell_waits_for_moves() -> None:
    """They are counted on the time line that is shown."""
    explorer, at_end = started(Scripted())
    explorer.follow("till", "shop")
    explorer.await_moves(1, seconds=10)
    with pytest.raises(TimedOut):
        explorer.await_moves(2, seconds=0.05)
    at_end[0]()


def test_each_display_begins_anew() -> None:
    """The one before keeps what was to be seen then; letters mean the same in both."""
    explorer, at_end = started(Scripted())
    first = explorer.follow()
    wait_until(lambda: len(first.frames) == 2, what="the move")
    second = explorer.follow()
    at_end[0]()
    assert (len(first.frames), len(second.frames)) == (2, 1)
    assert second.frames[0]["at"] == 0
    assert first.frames[0]["rows"][2][3][-1] == 2
    assert second.frames[0]["rows"][2][3][-1] == first.frames[1]["rows"][2][3][-1] == 1


def test_an_engine_that_has_gone_is_told() -> None:
    """One sentence takes the place of the words."""
    explorer, _at_end = started(Scripted(most=3))
    widget = explorer.follow()
    wait_until(lambda: widget.error, what="the sentence")
    assert "The engine has gone." in widget.error
    explorer.stop()


def test_a_recorded_explorer_is_shown_again() -> None:
    """On Binder it has its time line and says when it was recorded."""
    seen = frames(look(ONE, SHOPKEEPER))
    given = view.state("shop")
    stored = live.show("namespaces", title="T", state=given, frames=seen, texts=said.texts(),
                       still=said.still(seen, given)).get_state()  # fmt: skip
    widget = live.restore(stored, "2026-11-28")
    assert (widget.level, widget.frames) == ("recorded", seen)
    assert widget._esm == live.front_end("namespaces")
