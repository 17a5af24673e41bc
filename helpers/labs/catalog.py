"""What each lab needs, read from its notebook, and what of it this machine lacks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.command import run
from helpers.errors import BookError, LabError
from helpers.labs.recording import (
    WIDGET_STATE,
    WIDGET_VIEW,
    is_ribbon,
    outputs_digest,
    source_digest,
)
from helpers.records.host import Capabilities, Unavailable
from helpers.records.lab import Lab, Provenance, StoredCell
from helpers.text import _

NEEDS = ("docker", "root", "cgroup2", "podman", "lxc", "qemu")


def path_of(ident: str, book: Path | None = None) -> Path:
    """Return the notebook of the lab `ident` (`docker/010-run`). Raises BookError."""
    path = (book or paths.BOOK) / f"{ident}.ipynb"
    if not path.is_file():
        raise BookError(
            _("The book has no lab called {ident}.").format(ident=ident),
            remedy=_('The first cell should read as in the book: lab("chapter/NNN-name").'),
        )
    return path


def load(ident: str, book: Path | None = None) -> Lab:
    """Read the lab `ident` from its notebook. Raises BookError."""
    path = path_of(ident, book)
    try:
        return parse(ident, path, json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BookError(
            _("The notebook {path} cannot be read: {error}.").format(path=path, error=error),
            remedy=_("`git restore {path}` brings back the book's own copy.").format(path=path),
        ) from error


def recording(lab: Lab) -> Lab:
    """Return `lab` with the outputs that were recorded, also where its notebook has others now.

    JupyterLab saves what a reader cleared, edited or ran; the book's own copy is unchanged:
    in the folder LABS_RECORDINGS, or what git has. Without one, the notebook has to do.
    """
    if all(cell.intact for cell in lab.cells) and _has_widgets(lab):
        return lab
    text = _own_copy(lab)
    return parse(lab.ident, lab.path, json.loads(text)) if text else lab


def _has_widgets(lab: Lab) -> bool:
    views = (out.get("data", {}).get(WIDGET_VIEW) for cell in lab.cells for out in cell.outputs)
    return all(view.get("model_id") in lab.widgets for view in views if view)


def _own_copy(lab: Lab) -> str:
    folder = os.environ.get("LABS_RECORDINGS")
    copy = Path(folder or "/nonexistent") / f"{lab.ident}.ipynb"
    if copy.is_file():
        return copy.read_text(encoding="utf-8")
    try:
        shown = run(["git", "show", f"HEAD:./{lab.path.name}"], cwd=lab.path.parent, check=False)
    except LabError:  # no git here
        return ""
    return shown.stdout if shown.status == 0 else ""


def parse(ident: str, path: Path, notebook: Mapping[str, Any]) -> Lab:
    """Turn a notebook (nbformat 4, as JSON) into a record."""
    metadata = notebook["metadata"]
    declared = metadata.get("labs", {})
    unknown = set(declared.get("needs", ())) - set(NEEDS)
    if unknown:
        raise BookError(
            _("{path} declares needs nobody knows: {needs}.").format(
                path=path, needs=", ".join(sorted(unknown))
            )
        )
    made = metadata.get("provenance", {})
    return Lab(
        ident=ident,
        path=path,
        needs=tuple(declared.get("needs", ())),
        images=tuple(declared.get("images", ())),
        minutes=int(declared.get("minutes", 0)),
        level=declared.get("level", "live"),
        provenance=Provenance(
            **{key: str(made.get(key, "")) for key in ("date", "engine", "kernel", "cgroup")}
        ),
        cells=tuple(_cells(notebook["cells"])),
        widgets={
            ident: model.get("state", {})
            for ident, model in metadata.get("widgets", {})
            .get(WIDGET_STATE, {})
            .get("state", {})
            .items()
        },
    )


def _cells(cells: Iterable[Mapping[str, Any]]) -> Iterable[StoredCell]:
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        outputs = tuple(out for out in cell.get("outputs", ()) if not is_ribbon(out))
        recorded = cell.get("metadata", {}).get("recorded", {})
        yield StoredCell(
            ident=str(cell.get("id", "")),
            source=source.strip(),
            tags=frozenset(cell.get("metadata", {}).get("tags", ())),
            outputs=outputs,
            intact=recorded.get("source") == source_digest(source)
            and recorded.get("outputs") == outputs_digest(outputs),
        )


def missing(needs: Iterable[str], seen: Capabilities) -> tuple[tuple[str, Unavailable], ...]:
    """Return the needs this machine does not meet, each with why and what to do."""
    lacks: dict[str, Unavailable] = {}
    if isinstance(seen.engine, Unavailable):
        lacks["docker"] = seen.engine
    elif isinstance(seen.docker_cli, Unavailable):
        lacks["docker"] = seen.docker_cli
    if not seen.root:
        lacks["root"] = Unavailable(_("you are not root"), _("Run the lab as root."))
    for need, found in (("podman", seen.podman), ("lxc", seen.lxc), ("qemu", seen.qemu)):
        if isinstance(found, Unavailable):
            lacks[need] = found
    if seen.cgroup != "v2":
        lacks["cgroup2"] = Unavailable(
            _("this kernel runs control groups {mode}").format(mode=seen.cgroup),
            _("Distributions since 2021 run cgroup v2."),
        )
    return tuple((need, lacks[need]) for need in needs if need in lacks)
