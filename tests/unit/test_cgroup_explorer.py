"""The control group explorer: two samples to figures, figures to words, limits to no one else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers import command
from helpers.analysis import cgroup_explorer as analysis
from helpers.drivers import cgroup_explorer as driver
from helpers.errors import CommandFailed, LabError
from helpers.kernel.cgroups import Plan, detail, find, sample
from helpers.kernel.files import LocalFiles
from helpers.kernel.sampler import Sampler, shared
from helpers.records import labels
from helpers.records.cgroup_explorer import File, Look, Reading
from helpers.records.cgroups import Cgroup
from helpers.records.host import Unavailable
from helpers.views import cgroup_explorer as view
from helpers.views.cgroup_explorer_texts import columns, texts
from helpers.waiting import wait_until
from tests.unit import cgroup_trees as trees

A, B = "a" * 64, "b" * 64
MIB = 1 << 20
NOT = Unavailable("not counted")


def reading(**more: Any) -> Reading:
    given: dict[str, Any] = {
        "ident": A, "name": "half", "path": f"/docker/{A}", "cores": 0.499, "throttled": 0.97,
        "allowed": 0.5, "weight": 100, "memory": 20 * MIB, "anon": 10 * MIB, "inactive": MIB,
        "high": None, "max": 64 * MIB, "pids": 3, "most": 20, "some_cpu": 0.51, "some_memory": 0.0,
        "some_io": NOT, "read": 0.0, "written": 1.5 * MIB, "killed": 0, "refused": 0, "met": 0,
        "slowed": NOT, "files": (File("cpu", f"/cg/docker/{A}/cpu.max", "50000 100000"),),
    }  # fmt: skip
    return Reading(**{**given, **more})


# -- samples to figures


def test_two_samples_make_a_reading(tmp_path: Path) -> None:
    """Rates from the pair, the rest from the later one; each number with the file it is from."""
    folder = trees.v2(tmp_path, f"/docker/{A}", 1001)
    files = LocalFiles(tmp_path)
    cgroup = find(files, 1001)
    assert isinstance(cgroup, Cgroup)
    plan = [Plan.of(cgroup)]
    before = sample(files, plan, 10.0)[0], detail(files, plan, 10.0)[0]
    (folder / "cpu.stat").write_text(
        "usage_usec 1500000\nuser_usec 1\nsystem_usec 1\n"
        "nr_periods 20\nnr_throttled 15\nthrottled_usec 9\nnr_bursts 0\n"
    )
    after = sample(files, plan, 11.0)[0], detail(files, plan, 11.0)[0]
    found = analysis.reading(A, "half", (before[0], after[0]), (before[1], after[1]))
    assert (found.pids, found.refused, found.max) == (3, 7, MIB)
    assert found.path == f"/docker/{A}"
    stat = next(file for file in found.files if file.path.endswith("/cpu.stat"))
    assert stat.text.splitlines()[0] == "usage_usec 1500000"
    assert stat.text.endswith("nr_throttled 15\nthrottled_usec 9\n…")
    assert [file.part for file in found.files] == sorted(
        (file.part for file in found.files),
        key=["cpu", "memory", "pids", "pressure", "io"].index,
    )
    same = analysis.reading(A, "half", (after[0], after[0]), (after[1], after[1]))
    assert isinstance(same.cores, Unavailable)
    assert isinstance(same.some_cpu, Unavailable)
    files.close()


def test_a_long_file_is_cut_and_says_so() -> None:
    """Ten lines are read; fifty are not."""
    assert analysis.shortened("pids.max", "20\n") == "20"
    assert analysis.shortened("io.stat", "8:0 rbytes=1\n" * 30).count("\n") == 10
    assert analysis.shortened("io.stat", "8:0 rbytes=1\n" * 30).endswith("…")


# -- figures to JSON and words


def test_a_frame_is_plain_and_small() -> None:
    """Rounded; no limit and not known are told apart; paths are not repeated."""
    made = view.frame(Look(12.34, (reading(max=None, most=NOT),)), 10.0)
    assert json.loads(json.dumps(made)) == made
    (group,) = made["groups"]
    assert (made["at"], group["cores"], group["throttled"]) == (2.3, 0.5, 97)
    assert (group["max"], group["most"], group["memory"]) == (None, "?", 20)
    assert group["some"] == [51, 0, None]
    assert group["files"] == [["cpu", "/cg*/cpu.max", "50000 100000"]]


def test_words_say_what_is_shown_now() -> None:
    """Use against limit, what has happened, who waited."""
    frames = [view.frame(Look(5.0, (reading(killed=2, allowed=None),)), 1.0)]
    assert view.words(frames) == (
        "At 4 s: half uses 0.5 cores (no limit), 20 of 64 MiB of memory, process count 3 of 20, "
        "throttled in 97 % of its periods, killed for memory: 2. "
        "Somebody in it waited for CPU 51 %, memory 0 %, disk not known % of the time."
    )
    assert (
        view.words([]) == view.words([{"at": 0, "groups": []}]) == "No container of this lab runs."
    )


def test_front_end_and_python_have_the_same_sentences() -> None:
    """Every sentence that the modules ask for is there, and the table has the same columns."""
    folder = Path(view.__file__).parents[2] / "book/_static/widgets"
    source = "".join(path.read_text() for path in folder.glob("cgroups*.mjs"))
    asked = set(re.findall(r"\bt\(\"([^\"]+)\"", source))
    assert {"says at", "says some", "no setting"} <= asked | {"no setting"}
    shared_texts = {"seconds", "table"}
    assert asked - shared_texts <= set(texts())
    listed = re.search(r"COLUMNS = \[(.*?)\n\];", source, re.DOTALL)
    assert listed
    assert re.findall(r'"([^"]+)"', listed[1]) == columns()


def test_the_still_table_is_thinned() -> None:
    """A row for each group at some of the moments, the last among them."""
    frames = [view.frame(Look(float(n), (reading(), reading(name="b"))), 0.0) for n in range(90)]
    still = view.still(frames)
    assert len(still.rows) <= 62
    assert still.rows[-1][:2] == ["89", "b"]
    assert {len(row) for row in still.rows} == {len(still.head)}
    assert view.still([view.frame(Look(0, (reading(max=None),)), 0)]).rows[0][6] == "none"


# -- setting limits


class Engine:
    """An engine with one container of this run, and one of somebody else's."""

    def __init__(self) -> None:
        self.api = self
        self.running = [{"Id": A, "Names": ["/cgroups-7f3a-half"]}]
        self.host: dict[str, Any] = {}

    def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"label": f"{labels.RUN}=7f3a"}
        return self.running

    def inspect_container(self, ident: str) -> dict[str, Any]:
        ours = {labels.RUN: "7f3a", labels.PROJECT: labels.PROJECT_VALUE}
        marks = {A: ours, B: {labels.RUN: "0000"}, "c" * 64: {}}[ident]
        return {
            "Name": "/cgroups-7f3a-half",
            "State": {"Pid": 1001},
            "Config": {"Labels": marks},
            "HostConfig": self.host,
        }


@pytest.fixture
def files(tmp_path: Path) -> Iterator[LocalFiles]:
    trees.v2(tmp_path, f"/docker/{A}", 1001)
    made = LocalFiles(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Note what would be run."""
    seen: list[list[str]] = []
    monkeypatch.setattr(command, "run", lambda argv: seen.append(list(argv)))
    return seen


def test_a_limit_is_set_with_the_command_people_type(
    files: LocalFiles, ran: list[list[str]]
) -> None:
    """And what the kernel's file says afterwards is told."""
    engine = Engine()
    watch = driver.Watch(engine, "7f3a", files)  # type: ignore[arg-type]
    said = watch.set_limit(A, "pids", 20)
    assert ran == [["docker", "update", "--pids-limit", "20", "cgroups-7f3a-half"]]
    assert said.endswith("pids.max is now: 100")
    watch.set_limit(A, "memory", 48)
    assert ran[-1][2:-1] == ["--memory", "48m", "--memory-swap", "48m"]
    watch.set_limit(A, "cpus", 0.2)
    assert ran[-1][2:-1] == ["--cpus", "0.2"]
    engine.host = {"CpuPeriod": 50_000, "CpuQuota": 10_000}
    watch.set_limit(A, "cpus", 0.5)
    assert ran[-1][2:-1] == ["--cpu-period", "50000", "--cpu-quota", "25000"]


@pytest.mark.parametrize("ident", [B, "c" * 64, "", "../x", "half", None, 7, ["a"]])
def test_no_other_container_is_touched(
    files: LocalFiles, ran: list[list[str]], ident: object
) -> None:
    """Another lab's, the reader's own, and what is no container's id at all."""
    watch = driver.Watch(Engine(), "7f3a", files)  # type: ignore[arg-type]
    with pytest.raises(LabError, match="left alone"):
        watch.set_limit(ident, "cpus", 0.5)
    assert ran == []


@pytest.mark.parametrize(
    ("what", "value"),
    [("cpus", 0), ("cpus", -1), ("cpus", "1"), ("cpus", True), ("cpus", float("nan")),
     ("memory", 1), ("pids", None), ("privileged", 1), (None, 1), (["cpus"], 1)],
)  # fmt: skip
def test_only_limits_with_sensible_numbers_are_set(
    files: LocalFiles, ran: list[list[str]], what: object, value: object
) -> None:
    """A page can send anything."""
    watch = driver.Watch(Engine(), "7f3a", files)  # type: ignore[arg-type]
    with pytest.raises(LabError):
        watch.set_limit(A, what, value)
    assert ran == []


def test_a_refusal_of_the_engine_is_passed_on(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command and the engine's last line."""

    def refuse(argv: list[str]) -> None:
        raise CommandFailed(argv, 1, "Error response from daemon: no\nlimit too small")

    monkeypatch.setattr(command, "run", refuse)
    watch = driver.Watch(Engine(), "7f3a", files)  # type: ignore[arg-type]
    with pytest.raises(LabError, match=r"`docker update .*` was refused: limit too small"):
        watch.set_limit(A, "memory", 6)


# -- looking


def test_it_looks_through_the_shared_sampler_and_rests(files: LocalFiles) -> None:
    """The second look has rates; when nobody looks any more the sampler's thread ends."""
    now = [0.0]
    sampler = Sampler(files, every=0.01)
    watch = driver.Watch(
        Engine(),  # type: ignore[arg-type]
        "7f3a",
        files,
        sampler=sampler,
        clock=lambda: now[0],
    )
    (first,) = watch.look().groups
    assert (first.name, first.pids) == ("half", 3)
    assert isinstance(first.cores, Unavailable)
    wait_until(lambda: watch.look().groups[0].cores, lambda c: c == 0.0, what="a rate", seconds=5)
    assert sampler.running
    now[0] = driver.REST + 1
    wait_until(lambda: not sampler.running, what="the sampler's rest", seconds=5)
    assert watch.resting
    assert watch.look().groups
    watch.close()
    assert not sampler.running
    assert shared(files) is shared(files)


def test_figures_of_one_moment_stand_together(files: LocalFiles) -> None:
    """A sample without new details is left aside; the same pair twice still has its rates."""
    sampler = Sampler(files, every=3600)
    watch = driver.Watch(Engine(), "7f3a", files, sampler=sampler)  # type: ignore[arg-type]
    watch.look()
    for _round in range(5):
        sampler.round()
    before = watch.look().groups[0]
    assert before.cores == 0.0
    sampler.round()
    assert watch.look().groups[0] == before
    watch.close()


def test_who_comes_and_goes_is_noticed(files: LocalFiles) -> None:
    """The probe is not shown; what has ended is gone from the next look."""
    engine = Engine()
    engine.running.append({"Id": "d" * 64, "Names": ["/cgroups-7f3a-probe"]})
    watch = driver.Watch(engine, "7f3a", files)  # type: ignore[arg-type]
    assert [each.name for each in watch.look().groups] == ["half"]
    engine.running.clear()
    assert watch.look().groups == ()
    watch.close()


# -- the explorer


class Scripted:
    """Looks and answers as told."""

    def __init__(self) -> None:
        self.looks, self.asked, self.closed = 0, [], False  # type: ignore[var-annotated]

    def look(self) -> Look:
        self.looks += 1
        return Look(float(self.looks), (reading(),))

    def set_limit(self, ident: object, what: object, value: object) -> str:
        self.asked.append((ident, what, value))
        return "done"

    def close(self) -> None:
        self.closed = True


def test_the_explorer_follows_asks_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hands on what the page asks, by the whole id; in the end nobody answers."""
    last: list[Callable[[], object]] = []
    scripted = Scripted()
    monkeypatch.setattr("IPython.display.display", lambda *_a, **_k: None)
    explorer = view.Explorer(scripted, last.append, every=0.01)
    widget = explorer.show()
    wait_until(lambda: len(widget.frames) > 2, what="frames")
    assert widget.answers
    assert widget.handle
    assert widget.handle({"group": A[:12], "what": "cpus", "value": 0.2}) == "done"
    widget.handle({"group": "f" * 12, "what": "cpus", "value": 1})
    assert scripted.asked == [(A, "cpus", 0.2), ("", "cpus", 1)]
    second = explorer.show()
    assert not widget.answers
    assert [frame["at"] for frame in second.frames[:2]] == [0, 1]
    last[0]()
    assert scripted.closed
    assert "half uses 0.5 of 0.5 cores" in str(second.still)
    assert SimpleNamespace(**second.state).kinds == ["cpus", "memory", "pids", "weight"]
