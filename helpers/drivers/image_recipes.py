"""Recipes of base images, read from `labs/images/<name>/`.

A folder holds a Dockerfile with `ARG BASE`, the files it copies, and a `recipe.yml`:

    title: Redis 7          one line for the list
    needs: [base]           base images it builds on; without: an image from outside
    make: debian            who makes that outside image where no registry answers
    megabytes: 90           about how large it gets
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from helpers.errors import BookError, ImageMissing
from helpers.paths import LABS
from helpers.records.images import BUILDING, Recipe
from helpers.text import _

FOLDER: Final = LABS / "images"
SETTINGS: Final = "recipe.yml"
MAKERS: Final = frozenset({"", "debian", "busybox"})
_KEYS: Final = frozenset({"title", "needs", "make", "megabytes"})
_ARG: Final = re.compile(r"^ARG\s+(\w+)(?:=(\S*))?\s*$", re.MULTILINE | re.IGNORECASE)
_FROM: Final = re.compile(r"^FROM\b", re.IGNORECASE)


def catalogue(folder: Path = FOLDER) -> tuple[Recipe, ...]:
    """Return the recipes in `folder`, each after those it needs. Raises BookError."""
    settings = {path.parent.name: _settings(path.parent) for path in folder.glob("*/Dockerfile")}
    recipes: dict[str, Recipe] = {}
    for name in _in_order({name: tuple(each["needs"]) for name, each in settings.items()}):
        needs = [recipes[need].digest for need in settings[name]["needs"]]
        recipes[name] = _recipe(folder / name, settings[name], needs)
    return tuple(recipes.values())


def select(recipes: Iterable[Recipe], names: Iterable[str]) -> tuple[Recipe, ...]:
    """Return the recipes called `names`, in that order, each once. Raises ImageMissing."""
    known = {recipe.name: recipe for recipe in recipes}
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in known:
            raise ImageMissing(
                _("The book has no image called {name}.").format(name=name),
                remedy=_("It has: {names}.").format(names=", ".join(known)),
            )
    return tuple(known[name] for name in chosen)


def _in_order(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Sort names so that each comes after what it needs (and otherwise by the alphabet)."""
    done: list[str] = []
    left = sorted(needs)
    while left:
        free = [name for name in left if set(needs[name]) <= set(done)]
        if not free:
            raise BookError(
                _("These images need one another, or one that does not exist: {names}.").format(
                    names=", ".join(left)
                )
            )
        done += free
        left = [name for name in left if name not in free]
    return done


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / SETTINGS
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    except yaml.YAMLError as error:
        raise BookError(_("{file} is not YAML: {error}").format(file=file, error=error)) from error
    settings = {"title": folder.name, "needs": [], "make": "", "megabytes": 0, **(found or {})}
    if set(settings) != _KEYS or settings["make"] not in MAKERS:
        raise BookError(
            _("{file} may say {keys} only, and make one of {makers}.").format(
                file=file, keys=", ".join(sorted(_KEYS)), makers=", ".join(sorted(MAKERS - {""}))
            )
        )
    return settings


def _recipe(folder: Path, settings: Mapping[str, Any], needs: Iterable[str]) -> Recipe:
    dockerfile = (folder / "Dockerfile").read_text(encoding="utf-8")
    arguments = dict(_ARG.findall(dockerfile))
    if "BASE" not in arguments:
        raise BookError(_("{folder}/Dockerfile has no `ARG BASE`.").format(folder=folder))
    return Recipe(
        name=folder.name,
        folder=folder,
        title=str(settings["title"]),
        needs=tuple(settings["needs"]),
        base=arguments["BASE"],
        make=settings["make"],
        megabytes=float(settings["megabytes"]),
        arguments=frozenset(arguments),
        digest=digest(folder, needs),
    )


def digest(folder: Path, needs: Iterable[str] = ()) -> str:
    """Return a hash of what an image is made of: its folder's files and its needs' digests.

    The settings do not count: a new title must not cost anyone a build.
    """
    sums = [f"need {need}" for need in needs]
    for name, path in files(folder):
        if name != SETTINGS:
            content = sha256(path.read_bytes()).hexdigest()
            sums.append(f"file {name} {_mode(path):o} {content}")
    return sha256("\n".join(sums).encode()).hexdigest()[:16]


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name, path) of the folder's files, sorted, without what editors and tools leave."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        litter = any(p.startswith(".") or p.endswith("~") or p == "__pycache__" for p in parts)
        if path.is_file() and not litter:
            yield "/".join(parts), path


def context(folder: Path, mark: str, labels: Mapping[str, str]) -> io.BytesIO:
    """Return what a build is sent: a tar of the files that `digest` reads, and no others.

    mark: every image of the build is labelled with it from its first step on, so that what
    an interrupted build leaves can be told from everything else. labels: of the whole image.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, path in files(folder):
            data = path.read_bytes()
            if name == "Dockerfile":
                data = _labelled(data.decode(), mark, labels).encode()
            # Owner and mode as in no one's clone: the same image from every machine.
            member = tarfile.TarInfo(name)
            member.mode, member.size = _mode(path), len(data)
            member.mtime = int(path.stat().st_mtime)
            tar.addfile(member, io.BytesIO(data))
    packed.seek(0)
    return packed


def _labelled(dockerfile: str, mark: str, labels: Mapping[str, str]) -> str:
    lines = []
    for line in dockerfile.splitlines():
        lines.append(line)
        if _FROM.match(line):
            lines.append(f"LABEL {BUILDING}={_quoted(mark)}")
    # In one instruction: given to the API, each label would be a step and a second of its own.
    pairs = " ".join(f"{name}={_quoted(value)}" for name, value in labels.items())
    return "\n".join([*lines, f"LABEL {pairs}", ""])


def _quoted(value: str) -> str:
    """Return `value` as a Dockerfile takes it, whatever it holds."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", " ".join(value.split())) + '"'


def _mode(path: Path) -> int:
    return 0o755 if os.access(path, os.X_OK) else 0o644
