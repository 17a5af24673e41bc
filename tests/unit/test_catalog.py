"""Labs are read from their notebooks; what a machine lacks is found with its remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_doctor import GOOD

from helpers.errors import BookError
from helpers.labs import catalog
from helpers.labs.opening import ribbon
from helpers.records.host import Unavailable

NONE = Unavailable("nothing answers", "Install Docker.")


def notebook(**labs: object) -> dict[str, object]:
    return {"metadata": {"labs": labs}, "cells": []}


def test_needs_are_read() -> None:
    """What a notebook declares is what its lab needs."""
    lab = catalog.parse("docker/010-run", Path("x"), notebook(needs=["docker"], minutes=20))
    assert (lab.needs, lab.minutes, lab.level, lab.slug) == (("docker",), 20, "live", "run")


def test_unknown_need_is_the_books_fault() -> None:
    """A misspelt need would never be met, and so is refused."""
    with pytest.raises(BookError, match="dokcer"):
        catalog.parse("docker/010-run", Path("x"), notebook(needs=["dokcer"]))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 1, "metadata": {}}'])
def test_damaged_notebook_is_a_sentence(tmp_path: Path, text: str) -> None:
    """A notebook that cannot be read tells how to get the book's own copy back."""
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "010-run.ipynb").write_text(text)
    with pytest.raises(BookError, match="cannot be read"):
        catalog.load("docker/010-run", tmp_path)


def test_lacks_are_found() -> None:
    """Only what is needed and absent is missing, with the reason."""
    without = replace(GOOD, engine=NONE, cgroup="hybrid")
    assert catalog.missing(["docker"], GOOD) == ()
    assert catalog.missing(["docker"], without) == (("docker", NONE),)
    assert [need for need, _why in catalog.missing(["cgroup2", "root"], without)] == [
        "cgroup2",
        "root",
    ]
    cli = Unavailable("no docker program")
    assert catalog.missing(["docker"], replace(GOOD, docker_cli=cli)) == (("docker", cli),)


def test_ribbon_says_which_level_and_why() -> None:
    """Live names the engine; recorded names what is missing and the remedy."""
    lab = catalog.parse("docker/010-run", Path("x"), notebook(needs=["docker"]))
    assert str(ribbon(lab, GOOD, ())).startswith("Live on Docker 28.5.2 (overlay2)")
    recorded = str(ribbon(lab, GOOD, (("docker", NONE),)))
    assert recorded.startswith("Recorded")
    assert "nothing answers. Install Docker." in recorded
