"""Making base images ready, against an engine of our own making."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from images_engine import BUILT, Engine, Shown, edit, ensure, write_recipes

from helpers.drivers import image_owners, images
from helpers.errors import DiskFull, EngineError
from helpers.records import labels
from helpers.records.images import BUILDING, BUILDING_NAME, REPLACED_NAME, Recipe


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Recipe, ...]:
    """Three recipes: base, mid on base, top on mid; with a lock file of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LABS_APT_MIRROR", raising=False)
    return write_recipes(tmp_path / "images")


# --- what is built ---------------------------------------------------------------------------


def test_what_is_missing_is_built_from_the_ground_up(recipes: tuple[Recipe, ...]) -> None:
    """One asked for, three built, each on the one before; and only the first comes from outside."""
    engine = Engine()
    (top,) = ensure(engine, recipes, "top")
    assert [(name, arguments["BASE"]) for name, arguments in engine.built] == [
        ("base", "debian:x"),
        ("mid", "caas-book/base:1"),
        ("top", "caas-book/mid:1"),
    ]
    assert (top.presence, top.origin) == ("ready", "built")
    base, *_rest = images.states(engine, ["base"], recipes)  # type: ignore[arg-type]
    assert (base.origin, base.source) == ("pulled", "debian:x@sha256:1")
    assert set(engine.named) == {"caas-book/base:1", "caas-book/mid:1", "caas-book/top:1"}


def test_what_is_ready_costs_nothing_and_shows_nothing(recipes: tuple[Recipe, ...]) -> None:
    """The first cell of each notebook asks: it must stay silent when all is well."""
    engine, shown = Engine(), Shown()
    ensure(engine, recipes, "top")
    before = len(engine.built)
    ensure(engine, recipes, "top", "mid", progress=shown)
    assert (len(engine.built), shown.steps) == (before, [])


def test_a_ready_image_does_not_ask_for_what_it_was_built_on(recipes: tuple[Recipe, ...]) -> None:
    """A reader who removed the base still has python."""
    engine = Engine()
    ensure(engine, recipes, "top")
    del engine.named["caas-book/base:1"]
    ensure(engine, recipes, "top")
    assert engine.recipes_built == ["base", "mid", "top"]


def test_a_changed_recipe_is_rebuilt_with_all_that_stands_on_it(
    recipes: tuple[Recipe, ...],
) -> None:
    """And with nothing below it; what was replaced is gone."""
    engine = Engine()
    ensure(engine, recipes, "top")
    changed = edit(recipes, "mid")
    stale = [s.presence for s in images.states(engine, None, changed)]  # type: ignore[arg-type]
    assert stale == ["ready", "stale", "stale"]
    ensure(engine, changed, "top")
    assert engine.recipes_built == ["base", "mid", "top", "mid", "top"]
    assert set(engine.named) == {"caas-book/base:1", "caas-book/mid:1", "caas-book/top:1"}


def test_a_replaced_image_in_use_waits_under_a_name_of_ours(recipes: tuple[Recipe, ...]) -> None:
    """A running lab keeps its image; it goes at a later time, never as a nameless remain."""
    engine = Engine(in_use=True)
    ensure(engine, recipes, "base")
    old = engine.named["caas-book/base:1"]["Id"]
    changed = edit(recipes, "base")
    ensure(engine, changed, "base")
    kept = {tag: image["Id"] for tag, image in engine.named.items() if REPLACED_NAME in tag}
    assert list(kept.values()) == [old]
    engine.in_use = False
    images.sweep(engine)  # type: ignore[arg-type]
    assert set(engine.named) == {"caas-book/base:1"}


def test_an_image_built_by_hand_is_the_readers_choice(recipes: tuple[Recipe, ...]) -> None:
    """`docker build -t caas-book/mid:1` is a remedy we name, so its result is used as it is."""
    engine = Engine()
    shines_through = {labels.RECIPE: "base", labels.RECIPE_DIGEST: "of the base"}
    raw = {"Id": "sha256:hand", "Size": 1, "Config": {"Labels": shines_through}}
    engine.named["caas-book/mid:1"] = raw
    (mid,) = ensure(engine, recipes, "mid")
    assert (mid.presence, mid.origin, engine.built) == ("ready", "by hand", [])


def test_a_new_package_mirror_reaches_what_is_built_from_now_on(
    recipes: tuple[Recipe, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base is rebuilt with it where something is to be built on it, and not otherwise."""
    engine = Engine()
    ensure(engine, recipes, "mid")
    monkeypatch.setenv("LABS_APT_MIRROR", "http://m.example/debian")
    ensure(engine, recipes, "base", "mid")
    assert engine.recipes_built == ["base", "mid"]
    del engine.named["caas-book/mid:1"]
    ensure(engine, recipes, "mid")
    assert engine.recipes_built == ["base", "mid", "base", "mid"]
    assert engine.built[2][1]["LABS_APT_MIRROR"] == "http://m.example/debian"
    assert "LABS_APT_MIRROR" not in engine.built[3][1], "only where the recipe declares it"


# --- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"error": "returned a non-zero code: 1"}, EngineError),
        ({"error": "write /x: no space left on device"}, DiskFull),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["a step fails", "the disk is full", "the reader interrupts"],
)
def test_a_build_that_ends_early_leaves_nothing(
    recipes: tuple[Recipe, ...], line: Any, error: type[BaseException]
) -> None:
    """No name, no step; the connection is closed, so that the engine stops; and it is shown."""
    engine, shown = Engine([BUILT[0], line]), Shown()
    with pytest.raises(error):
        ensure(engine, recipes, "top", progress=shown)
    assert (engine.named, engine.steps) == ({}, {})
    assert engine.closed == 1
    assert shown.steps == [("base", "build"), ("base", "failed")]


def test_an_interrupted_rebuild_keeps_the_old_image(recipes: tuple[Recipe, ...]) -> None:
    """The name moves only once the new image is whole."""
    engine = Engine()
    ensure(engine, recipes, "base")
    old = dict(engine.named)
    engine.lines = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        ensure(engine, edit(recipes, "base"), "base")
    assert engine.named == old


def test_what_a_killed_process_left_is_swept_and_nothing_else(
    recipes: tuple[Recipe, ...],
) -> None:
    """Its steps and names go; those of living processes and the reader's own stay."""
    engine = Engine()
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    mark = image_owners.new_mark()
    host, _pid, start, _hex = mark.rsplit("-", 3)
    dead = f"{host}-{done.pid}-{start}-0000"
    raw = {"Id": "sha256:x", "Config": {"Labels": {}}}
    engine.named |= {f"{BUILDING_NAME}:{dead}": raw, f"{BUILDING_NAME}:{mark}": raw}
    engine.named["reader/own:1"] = raw
    for ident, value in (("s1", dead), ("s2", mark), ("s3", "")):
        engine.steps[ident] = {"Id": ident, "Labels": {BUILDING: value}}
    images.sweep(engine)  # type: ignore[arg-type]
    assert set(engine.named) == {f"{BUILDING_NAME}:{mark}", "reader/own:1"}
    assert set(engine.steps) == {"s2", "s3"}


@pytest.mark.parametrize(
    ("change", "dead"),
    [({}, False), ({1: "999999999"}, True), ({2: "1"}, True), ({0: "elsewhere"}, False)],
    ids=["ours", "gone", "pid used again", "another machine's"],
)
def test_only_marks_of_dead_processes_of_this_machine_are_dead(
    change: dict[int, str], dead: bool
) -> None:
    """Another machine on the same engine may still be building."""
    parts = image_owners.new_mark().rsplit("-", 3)
    for place, value in change.items():
        parts[place] = value
    assert image_owners.is_dead("-".join(parts)) is dead


def test_strange_marks_are_left_alone() -> None:
    """Nobody else's tag under our name is taken for a dead build of ours."""
    assert not image_owners.is_dead("latest")


def test_two_processes_do_not_build_at_once(recipes: tuple[Recipe, ...]) -> None:
    """The second waits, says so, and builds nothing that the first has built."""
    engine, shown = Engine(), Shown()
    ensure(engine, recipes, "base")
    built = engine.named.pop("caas-book/base:1")
    script = (
        "import sys\nfrom types import SimpleNamespace as Thing\n"
        "from helpers.drivers import image_owners\n"
        "client = Thing(api=Thing(info=lambda: {'ID': 'this engine'}))\n"
        "with image_owners.alone(client, lambda *_: None, 'x'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"

    def let_go(image: str, step: str, done: float | None, line: str) -> None:
        if step == "wait":
            engine.named["caas-book/base:1"] = built
            other.stdin.close()  # type: ignore[union-attr]
        shown(image, step, done, line)

    ensure(engine, recipes, "base", progress=let_go)
    assert other.wait() == 0
    other.stdout.close()
    assert shown.steps == [("base", "wait"), ("base", "ready")]
    assert engine.recipes_built == ["base"]


def test_builds_on_two_engines_do_not_wait_for_one_another(recipes: tuple[Recipe, ...]) -> None:
    """The lock is the engine's, not the reader's."""
    here: Any = Engine()
    with image_owners.alone(here, Shown(), "x"):
        there, shown = Engine(), Shown()
        there.ident = "another engine"
        ensure(there, recipes, "base", progress=shown)
    assert shown.steps == [("base", "build"), ("base", "ready")]
