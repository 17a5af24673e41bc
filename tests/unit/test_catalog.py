"""Labs are read from their notebooks; what a machine lacks is found with its remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_doctor import GOOD

from helpers.command import run
from helpers.errors import BookError
from helpers.labs import catalog
from helpers.labs.opening import ribbon
from helpers.labs.recording import outputs_digest, source_digest
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
    emulator = Unavailable("no emulator", "labs install qemu")
    assert catalog.missing(["qemu"], replace(GOOD, qemu=emulator)) == (("qemu", emulator),)
    cli = Unavailable("no docker program")
    assert catalog.missing(["docker"], replace(GOOD, docker_cli=cli)) == (("docker", cli),)


def test_ribbon_says_which_level_and_why() -> None:
    """Live names the engine; recorded names what is missing and the remedy."""
    lab = catalog.parse("docker/010-run", Path("x"), notebook(needs=["docker"]))
    assert str(ribbon(lab, GOOD, ())).startswith("Live on Docker 28.5.2 (overlay2)")
    recorded = str(ribbon(lab, GOOD, (("docker", NONE),)))
    assert recorded.startswith("Recorded")
    assert "nothing answers. Install Docker." in recorded


AUTHOR = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
OUTPUT = {"output_type": "stream", "name": "stdout", "text": "seen\n"}


def recorded(path: Path, *, cleared: bool) -> None:
    """Write a lab with one recorded cell; cleared: as JupyterLab saves it without outputs."""
    marks = {"source": source_digest("x"), "outputs": outputs_digest([OUTPUT])}
    cell = {
        "cell_type": "code",
        "source": "x",
        "metadata": {"recorded": marks},
        "outputs": [] if cleared else [OUTPUT],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"metadata": {}, "cells": [cell]}))


def test_recording_survives_what_jupyterlab_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a reader cleared and saved a notebook, the book's own copy answers."""
    recorded(tmp_path / "mine" / "a" / "010-x.ipynb", cleared=True)
    recorded(tmp_path / "own" / "a" / "010-x.ipynb", cleared=False)
    monkeypatch.setenv("LABS_RECORDINGS", str(tmp_path / "own"))
    lab = catalog.load("a/010-x", tmp_path / "mine")
    assert not lab.cells[0].intact
    assert catalog.recording(lab).cells[0].outputs == (OUTPUT,)


def test_recording_comes_from_git(tmp_path: Path) -> None:
    """At home, git has the book's own copy."""
    notebook = tmp_path / "a" / "010-x.ipynb"
    recorded(notebook, cleared=False)
    for line in (["init", "-q"], ["add", "."], [*AUTHOR, "commit", "-qm", "x"]):
        run(["git", *line], cwd=tmp_path)
    recorded(notebook, cleared=True)
    found = catalog.recording(catalog.load("a/010-x", tmp_path))
    assert found.cells[0].outputs == (OUTPUT,)


def test_recording_without_another_copy_is_the_notebook(tmp_path: Path) -> None:
    """Without git and copies, what the notebook has must do: replay says what is wrong with it."""
    recorded(tmp_path / "a" / "010-x.ipynb", cleared=True)
    lab = catalog.load("a/010-x", tmp_path)
    assert catalog.recording(lab) == lab
