"""Which notebooks the book has: on disk, in its table of contents, in its list of checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from helpers.errors import BookError

CELL_TIMEOUT: Final = 600  # seconds for one cell: DockerCoins is measured for minutes
_HIDDEN = (".ipynb_checkpoints", "_build")


@dataclass(frozen=True)
class Book:
    """A book by its root folder: `book/`, `_toc.yml`, `helpers/checks/`, `book/checks.yml`."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where the pages lie."""
        return self.root / "book"

    @property
    def manifest(self) -> Path:
        """The list of all checks, by which a missing one is noticed."""
        return self.folder / "checks.yml"

    def notebooks(self) -> list[Path]:
        """Return all notebooks on disk, in order."""
        found = self.folder.rglob("*.ipynb")
        return sorted(path for path in found if not set(_HIDDEN) & set(path.parts))

    def name(self, notebook: Path) -> str:
        """Return what the table of contents calls a notebook: `docker/010-run`."""
        return notebook.relative_to(self.folder).with_suffix("").as_posix()

    def contents(self) -> list[str]:
        """Return all entries of the table of contents, without suffix. Raises BookError."""
        path = self.root / "_toc.yml"
        try:
            tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise BookError(f"The table of contents cannot be read: {error}.") from error
        return [entry.removesuffix(".ipynb").removesuffix(".md") for entry in _files(tree)]


def _files(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in ("root", "file"):
                yield str(value)
            else:
                yield from _files(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _files(item)


def read(path: Path) -> Any:
    """Return the notebook at `path` (nbformat 4). Raises BookError where it is none."""
    import nbformat  # takes a second: not for a command line that needs no notebook

    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat has a class of its own for each way to be broken
        raise BookError(
            f"{path} is not a notebook: {error}.",
            remedy=f"`git restore {path}` brings back the last one.",
        ) from error


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", ()))


def lab_of(notebook: Any) -> dict[str, Any]:
    """Return what the notebook declares of itself; empty where it declares nothing."""
    return dict(notebook.metadata.get("labs", {}))


def recorded_on(notebook: Any) -> list[str]:
    """Return what a recording of the notebook needs beyond what running it does.

    `cgroup2`: the page shows control groups as most readers have them, whoever records it.
    """
    return list(lab_of(notebook).get("recorded_on", ()))


def nodes(value: Any) -> Any:
    """Return plain JSON as nbformat's nodes, whose keys are attributes too."""
    import nbformat

    return nbformat.from_dict(value)  # type: ignore[no-untyped-call]


def dumps(notebook: Any) -> str:
    """Return the notebook as the text of its file."""
    import nbformat

    text = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    return str(text).rstrip("\n") + "\n"
