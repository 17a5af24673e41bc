"""Recipes: reading them, their digests, and what a build is sent."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest

from helpers.drivers import image_recipes
from helpers.drivers.image_recipes import catalogue, context, digest, select
from helpers.errors import BookError, ImageMissing
from helpers.records.images import reference

REAL = catalogue()


def write(folder: Path, **files: str) -> Path:
    """Make a recipe folder; `Dockerfile` has a default, `recipe` is its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    files.setdefault("Dockerfile", "ARG BASE=debian:bookworm-slim\nFROM ${BASE}\nRUN true\n")
    for name, text in files.items():
        (folder / ("recipe.yml" if name == "recipe" else name)).write_text(text)
    return folder


def test_each_recipe_comes_after_what_it_needs(tmp_path: Path) -> None:
    """The catalogue is an order of building, whatever the alphabet says."""
    write(tmp_path / "a", recipe="needs: [m]")
    write(tmp_path / "m", recipe="needs: [z]")
    write(tmp_path / "z")
    assert [recipe.name for recipe in catalogue(tmp_path)] == ["z", "m", "a"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("needs: [b]", "needs: [a]"), ("needs: [nowhere]", "")],
    ids=["in a circle", "of one that does not exist"],
)
def test_needs_that_cannot_be_met_are_the_books_fault(
    tmp_path: Path, first: str, second: str
) -> None:
    """A circle or a missing recipe is reported with the names in question."""
    write(tmp_path / "a", recipe=first)
    write(tmp_path / "b", recipe=second)
    with pytest.raises(BookError, match="a"):
        catalogue(tmp_path)


@pytest.mark.parametrize("settings", ["needz: [base]", "make: coffee", "a: ["])
def test_settings_with_a_slip_are_refused(tmp_path: Path, settings: str) -> None:
    """A misspelt key must not be silently ignored."""
    write(tmp_path / "a", recipe=settings)
    with pytest.raises(BookError, match=re.escape("recipe.yml")):
        catalogue(tmp_path)


def test_a_dockerfile_without_base_argument_is_refused(tmp_path: Path) -> None:
    """Without ARG BASE, nobody could put another base under it."""
    write(tmp_path / "a", Dockerfile="FROM debian\n")
    with pytest.raises(BookError, match="ARG BASE"):
        catalogue(tmp_path)


def test_an_unknown_name_is_answered_with_those_that_exist() -> None:
    """A typing slip shows what there is."""
    with pytest.raises(ImageMissing) as raised:
        select(REAL, ["pyhton"])
    assert "python" in raised.value.remedy


def test_the_digest_does_not_depend_on_the_clone(tmp_path: Path) -> None:
    """Times, places, titles and an editor's litter do not make an image stale."""
    one = write(tmp_path / "one", recipe="title: One", conf="x")
    two = write(tmp_path / "elsewhere" / "two", recipe="title: Two", conf="x")
    write(two, **{".conf.swp": "", "conf~": "old"})
    os.utime(two / "conf", (1, 1))
    assert digest(one) == digest(two)


def test_the_digest_changes_with_anything_the_image_is_made_of(tmp_path: Path) -> None:
    """Content, names, the right to execute, and the bases each count."""
    folder = write(tmp_path / "a", conf="x", script="y")
    seen = {digest(folder), digest(folder, ["base-1"]), digest(folder, ["base-2"])}
    (folder / "conf").write_text("z")
    seen.add(digest(folder))
    (folder / "script").chmod(0o755)
    seen.add(digest(folder))
    (folder / "conf").rename(folder / "config")
    seen.add(digest(folder))
    assert len(seen) == 6


def test_a_changed_base_changes_all_that_stands_on_it(tmp_path: Path) -> None:
    """Staleness reaches up through every floor."""
    write(tmp_path / "base")
    write(tmp_path / "mid", recipe="needs: [base]")
    write(tmp_path / "top", recipe="needs: [mid]")
    before = {recipe.name: recipe.digest for recipe in catalogue(tmp_path)}
    write(tmp_path / "base", conf="new")
    after = {recipe.name: recipe.digest for recipe in catalogue(tmp_path)}
    assert all(before[name] != after[name] for name in before)


def test_a_build_is_sent_the_digested_files_and_no_others(tmp_path: Path) -> None:
    """What is hashed is what is sent, owned by root, with modes that are in no one's clone."""
    folder = write(tmp_path / "a", conf="x", recipe="title: A", **{".env": "secret"})
    (folder / "conf").chmod(0o600)
    with tarfile.open(fileobj=context(folder, "mark", {})) as tar:
        assert tar.getnames() == ["Dockerfile", "conf", "recipe.yml"]
        member = tar.getmember("conf")
    assert (member.mode, member.uid, member.gid) == (0o644, 0, 0)


def test_every_stage_of_a_build_is_marked_and_the_result_labelled(tmp_path: Path) -> None:
    """What an interrupted build leaves can be recognised from its first step on."""
    folder = write(tmp_path / "a", Dockerfile="ARG BASE=x\nFROM ${BASE} AS one\nFROM one\nRUN true")
    with tarfile.open(fileobj=context(folder, "m-1", {"a.b": 'say "$x"'})) as tar:
        file = tar.extractfile("Dockerfile")
        assert file is not None
        lines = file.read().decode().splitlines()
    assert lines == [
        "ARG BASE=x",
        "FROM ${BASE} AS one",
        'LABEL caas-book.building="m-1"',
        "FROM one",
        'LABEL caas-book.building="m-1"',
        "RUN true",
        r'LABEL a.b="say \"\$x\""',
    ]


@pytest.mark.parametrize("recipe", REAL, ids=lambda recipe: recipe.name)
def test_the_books_dockerfiles_build_by_hand_with_any_builder(
    recipe: image_recipes.Recipe,
) -> None:
    """No syntax that the old builder lacks; and ARG BASE defaults to what it needs."""
    text = (recipe.folder / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"^# *syntax=|<<|--mount|--link|--chmod|--parents", text, re.MULTILINE)
    assert recipe.base == (reference(recipe.needs[0]) if recipe.needs else recipe.base)
    assert bool(recipe.needs) != bool(recipe.make), "from outside, or built on one of ours"
    assert recipe.megabytes > 0
    assert recipe.title != recipe.name


def test_the_images_that_labs_count_on_exist() -> None:
    """The names that notebooks use."""
    assert {"base", "busybox", "python", "redis", "nginx", "registry"} <= {r.name for r in REAL}
