"""A declared state is read from a Compose file; single steps are taken, and no others."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_090 import SOLUTION, Seen, judge
from helpers.drivers.autoscaling import pace
from helpers.drivers.reconcile import Fleet, declared
from helpers.errors import BookError
from helpers.paths import LABS
from helpers.records.reconcile import Copy, Service

FOLDER = LABS / "containers" / "090-why-orchestrate"
WANTED = {"till": 2, "cook": 1}
DRIFT = (
    Copy("till-1", "till", running=False),
    Copy("till-2", "till", running=True),
    Copy("till-3", "till", running=True),
    Copy("till-4", "till", running=True),
    Copy("sauna", "sauna", running=True),
)


def fleet(tmp_path: Path, *containers: Copy) -> Fleet:
    """A fleet on an engine that is not there."""
    here = MagicMock()
    here.run, here.labels, here.name = "7f3a", {"caas-book.run": "7f3a"}, "why-7f3a-{}".format
    found = []
    for each in containers:
        container = MagicMock(
            labels={"service": each.service}, status="running" if each.running else "exited"
        )
        container.name = each.name
        found.append(container)
    here.docker.containers.list.return_value = found
    (tmp_path / "shop.yaml").write_text((FOLDER / "shop.yaml").read_text(encoding="utf-8"))
    return Fleet(here, tmp_path / "shop.yaml")


def test_a_compose_file_is_read() -> None:
    """Image, command and number; one copy where nothing is said."""
    text = "services: {a: {image: i, command: sleep 5}, b: {image: j, deploy: {replicas: 3}}}"
    assert declared(text) == {"a": Service("i", ("sleep", "5"), 1), "b": Service("j", (), 3)}


@pytest.mark.parametrize("text", ["", "services: [", "services: {a: {}}", "services: {a: 3}"])
def test_what_is_no_compose_file_is_named(text: str) -> None:
    """A fault in the file is the reader's own, and told."""
    with pytest.raises(BookError, match="cannot be read"):
        declared(text)


def test_what_is_seen_is_told_by_label(tmp_path: Path) -> None:
    """Name, service, and whether it runs, in order of names."""
    seen = fleet(tmp_path, Copy("b", "cook", running=True), Copy("a", "till", running=False)).seen()
    assert seen == (Copy("a", "till", running=False), Copy("b", "cook", running=True))


def test_a_start_takes_the_next_free_name(tmp_path: Path) -> None:
    """A container that has ended keeps its name."""
    told = fleet(tmp_path, Copy("why-7f3a-till-1", "till", running=False))
    told.act([("start", "till")])
    call = told.here.docker.containers.run.call_args  # type: ignore[attr-defined]
    assert call.kwargs["name"] == "why-7f3a-till-2"
    assert call.kwargs["labels"] == {"caas-book.run": "7f3a", "service": "till"}


@pytest.mark.parametrize("step", [("start", "sauna"), ("remove", "nobody"), ("burn", "till")])
def test_a_step_that_makes_no_sense_is_refused(tmp_path: Path, step: tuple[str, str]) -> None:
    """Only what is declared is started, and only what was seen is removed."""
    with pytest.raises(BookError, match="no such step"):
        fleet(tmp_path).act([step])


def carry_out(source: str) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Have a plan's steps done on paper; return who runs then, and what it wants next."""
    path = {}
    exec(compile(source, "plan.py", "exec"), path)
    plan, copies, number = path["plan"], list(DRIFT), 10
    for verb, what in plan(dict(WANTED), tuple(copies)):
        if verb == "remove":
            copies = [each for each in copies if each.name != what]
        else:
            number += 1
            copies.append(Copy(f"{what}-{number}", what, running=True))
    return Counter(each.service for each in copies if each.running), plan(WANTED, tuple(copies))


def test_the_solution_brings_back_what_is_declared() -> None:
    """And then has nothing more to do, which the half plan of the exercise does not reach."""
    assert carry_out(SOLUTION) == (Counter(WANTED), [])
    running, _again = carry_out((FOLDER / "plan.py").read_text(encoding="utf-8"))
    assert running != Counter(WANTED)


def test_the_half_plan_does_add() -> None:
    """From nothing it starts all; of what is there, it wants no more."""
    plan = runpy.run_path(str(FOLDER / "plan.py"))["plan"]
    assert plan({"till": 2}, ()) == [("start", "till")] * 2
    assert plan({"till": 1}, DRIFT[:1]) == []  # it counts the dead: that is its fault


GOOD = (
    Copy("till-2", "till", running=True),
    Copy("till-3", "till", running=True),
    Copy("cook-1", "cook", running=True),
)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (Seen(error="NameError: name 'x' is not defined"), "NameError"),
        (Seen("", WANTED, GOOD[1:]), "1 of 2 `till` run"),
        (Seen("", WANTED, (*GOOD, Copy("t", "till", running=True))), "3 `till` run"),
        (Seen("", WANTED, (*GOOD, Copy("s", "sauna", running=True))), "`sauna`"),
        (Seen("", WANTED, GOOD, (("start", "till"),)), "1 more"),
    ],
)
def test_each_difference_has_its_own_words(seen: Seen, word: str) -> None:
    """What was observed is told, with a hint."""
    found = judge(seen)
    assert isinstance(found, NotYet)
    assert word in found.observed
    assert found.hint


def test_what_is_declared_and_nothing_else_is_met() -> None:
    """The dead do not count."""
    assert isinstance(judge(Seen("", WANTED, (*GOOD, DRIFT[0]))), Met)


def test_a_pace_counts_what_came_after_the_first_report() -> None:
    """The first one's hashes were made before the time that is counted."""
    assert (
        pace([{"hashes": 9, "time": 1.0}, {"hashes": 3, "time": 2.0}, {"hashes": 4, "time": 3.0}])
        == 3.5
    )
