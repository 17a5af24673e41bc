"""The layer explorer: an image's layers as a stack, and its files by the layer they are from.

State is columns, not objects: one text for all names, one for all sizes, and so on. Paths
stand in the order of a tree, each with its depth, so a directory's name is kept once. What
the reader chooses is worked out from it by `book/_static/widgets/layer_tree.mjs`.

    explore(image, beside=base, path="/srv/settings")
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import layers as analysis
from helpers.records.lab import Level
from helpers.records.layers import Account, Fate, How, ImageStack, Layer, Resolved
from helpers.text import _
from helpers.views.layers import printable, size
from helpers.views.still import Still

if TYPE_CHECKING:
    from helpers.views.live import Widget

Parts = tuple[str, ...]  # of a path: () is the root

MOST_LETTERS: Final = 300  # of an instruction: the rest is read in the Dockerfile
_KINDS: Final = {"file": "f", "directory": "d", "symlink": "l", "hardlink": "f", "other": "o"}
_WHITEOUT, _OPAQUE = "w", "q"  # kinds, too: a layer's marks at a path
_HOW: Final[dict[How | None, str]] = {
    None: ".",
    "replaced": "r",
    "whiteout": "w",
    "opaque": "o",
    "covered": "c",
}
SAME_BYTES: Final = 1  # it replaces a file with the very same content
SAME_FILE: Final = 2  # another name of a file that is counted already


@dataclass(frozen=True, slots=True)
class Version:
    """What one layer has at one path."""

    kind: str
    layer: int
    size: int = 0
    hidden_by: int = 0
    how: str = "."
    marks: int = 0
    target: str = ""


# -- what the front end draws from


def state(image: ImageStack, beside: ImageStack | None = None, path: str = "") -> dict[str, Any]:
    """Return all that the front end needs, as JSON.

    beside: an image to compare with, to tell shared layers. path: what is selected first.
    """
    resolved = analysis.resolve(image)
    shared = analysis.shared_layers(image, beside) if beside is not None else 0
    versions = versions_of(resolved)
    paths = paths_of(versions)
    wanted = parts_of(path)
    return {
        "image": printable(image.name),
        "beside": printable(beside.name) if beside is not None else "",
        "shared": shared,
        "layers": [
            _layer(layer, account)
            for layer, account in zip(image.layers, resolved.accounts, strict=True)
        ],
        "scores": _scores(resolved, shared),
        "files": columns(paths, versions),
        "selected": paths.index(wanted) if path and wanted in versions else -1,
    }


def _layer(layer: Layer, account: Account) -> dict[str, Any]:
    by = printable(layer.created_by)
    if layer.created_by.startswith("Imported from"):
        by = _("imported from an archive")
    return {
        "by": by if len(by) <= MOST_LETTERS else by[: MOST_LETTERS - 1] + "…",
        "stored": account.stored,
        "hidden": account.hidden,
        "hides": account.hides,
        "twins": account.twins,
    }


def _scores(resolved: Resolved, shared: int) -> dict[str, int]:
    """Return bytes: what one would like an image to be judged by."""
    return {
        "stored": resolved.stack.size,
        "seen": resolved.visible_bytes,
        "hidden": resolved.hidden_bytes,
        "twins": sum(account.twins for account in resolved.accounts),
        "shared": sum(account.stored for account in resolved.accounts[:shared]),
    }


# -- files


def parts_of(path: str) -> Parts:
    return tuple(part for part in path.split("/") if part)


def versions_of(resolved: Resolved) -> dict[Parts, list[Version]]:
    """Return what each path was, layer by layer from the bottom up, marks of deletion too."""
    fates: defaultdict[Parts, list[Fate]] = defaultdict(list)
    for fate in resolved.fates:
        fates[parts_of(fate.entry.path)].append(fate)
    known: set[tuple[int, int]] = set()
    found = {parts: list(_lives(each, known)) for parts, each in fates.items()}
    for layer in resolved.stack.layers:
        for path in layer.whiteouts:
            there = found.setdefault(parts_of(path), [])
            if not any(v.hidden_by == layer.number and v.how == "w" for v in there):
                there.append(Version(_WHITEOUT, layer.number))
        for path in layer.opaque:
            found.setdefault(parts_of(path), []).append(Version(_OPAQUE, layer.number))
    return found


def _lives(fates: Iterable[Fate], known: set[tuple[int, int]]) -> Iterator[Version]:
    """Yield the versions of one path; directories that merely join count as one.

    known: layer and inode of every file met so far.
    """
    before: Fate | None = None
    waiting: Version | None = None
    for fate in fates:
        replaces = before is not None and (before.hidden_by, before.how) == (fate.layer, "replaced")
        altered = analysis.differences(before.entry, fate.entry) if before and replaces else None
        now = _version(fate, known, same=altered is not None and not _differs(altered))
        if waiting is not None and altered == () and now.kind == "d":
            waiting = replace(waiting, hidden_by=now.hidden_by, how=now.how)
        else:
            if waiting is not None:
                yield waiting
            waiting = now
        before = fate
    if waiting is not None:
        yield waiting


def _differs(altered: Iterable[str]) -> bool:
    return bool({"kind", "content"} & set(altered))


def _version(fate: Fate, known: set[tuple[int, int]], *, same: bool) -> Version:
    entry, stored = fate.entry, (fate.layer, fate.entry.inode)
    marks = SAME_BYTES if same and entry.kind == "file" else 0
    if entry.inode and entry.kind == "file":
        marks |= SAME_FILE if stored in known else 0
        known.add(stored)
    return Version(
        _KINDS[entry.kind],
        fate.layer,
        entry.size,
        fate.hidden_by or 0,
        _HOW[fate.how],
        marks,
        printable(entry.target) if entry.kind == "symlink" else "",
    )


def paths_of(versions: Mapping[Parts, object]) -> list[Parts]:
    """Return all paths in the order of a tree, with directories that nobody listed."""
    found: set[Parts] = {()}
    for parts in versions:
        for length in range(len(parts), 0, -1):
            if parts[:length] in found:
                break
            found.add(parts[:length])
    return sorted(found)


def columns(
    paths: list[Parts], versions: Mapping[Parts, list[Version]], *, whole: bool = False
) -> dict[str, str]:
    """Return one row for each version; an empty name means: the path of the row before.

    Numbers are written with commas between them, 0 as nothing. whole: names are paths, for
    rows that are not all of a tree.
    """
    rows: list[tuple[str, int, Version]] = []
    for parts in paths:
        name = printable(parts[-1]) if parts else "/"
        if whole and parts:
            name = printable("/" + "/".join(parts))
        for number, version in enumerate(versions.get(parts) or [Version("i", 0)]):
            rows.append(("" if number else name, len(parts), version))
    return {
        "names": "\n".join(name for name, _depth, _v in rows),
        "depths": _numbers(depth for _name, depth, _v in rows),
        "kinds": "".join(v.kind for _name, _depth, v in rows),
        "layers": _numbers(v.layer for _name, _depth, v in rows),
        "sizes": _numbers(0 if v.kind == "d" else v.size for _name, _depth, v in rows),
        "hidden": _numbers(v.hidden_by for _name, _depth, v in rows),
        "how": "".join(v.how for _name, _depth, v in rows),
        "marks": "".join(str(v.marks) for _name, _depth, v in rows),
        "targets": "\n".join(v.target for _name, _depth, v in rows),
    }


def _numbers(found: Iterable[int]) -> str:
    return ",".join(str(number) if number else "" for number in found)


# -- in words


def title(image: ImageStack) -> str:
    """Return the explorer's one message."""
    resolved = analysis.resolve(image)
    stored, seen = resolved.stack.size, resolved.visible_bytes
    text = _("{image}: {layers} layers store {stored}; a container sees {seen}")
    if stored == seen:
        text = _("{image}: {layers} layers store {stored}, and a container sees all of it")
    name = printable(image.name)
    return text.format(image=name, layers=len(image.layers), stored=size(stored), seen=size(seen))


def still(image: ImageStack, beside: ImageStack | None = None) -> Still:
    """Return words, and the stack as a table, the newest layer first."""
    made = state(image, beside)
    words = [title(image) + "."]
    if made["scores"]["twins"]:
        text = _("{size} are the same bytes as in the file they replace.")
        words.append(text.format(size=size(made["scores"]["twins"])))
    if beside is not None:
        text = _("{size} are in layers that {other} has too.")
        shared = size(made["scores"]["shared"])
        words.append(text.format(size=shared, other=made["beside"]))
    head = [_("layer"), _("made by"), _("stored"), _("of it hidden"), _("hides"), _("same again")]
    rows = [
        (str(number), layer["by"], *(size(layer[key]) for key in _BYTES))
        for number, layer in reversed(list(enumerate(made["layers"], 1)))
    ]
    return Still(" ".join(words), head, rows)


_BYTES: Final = ("stored", "hidden", "hides", "twins")


def explore(
    image: ImageStack, *, beside: ImageStack | None = None, path: str = "", level: Level = "live"
) -> Widget:
    """Return the explorer of `image`, to be the last line of a cell.

    beside: an image to compare with. path: what is selected first.
    """
    from helpers.views import live  # not at the top: it takes its time to import

    return live.show(
        "layers",
        title=title(image),
        state=state(image, beside, path),
        texts=texts(),
        still=still(image, beside),
        level=level,
    )


def texts() -> dict[str, str]:
    """Return the front end's sentences."""
    return _texts_of_the_stack() | _texts_of_the_tree() | _texts_in_words()


def _texts_of_the_stack() -> dict[str, str]:
    return {
        "stack": _("Layers, the newest on top"),
        "layer": _("layer {number}"),
        "all hidden": _("all hidden"),
        "part hidden": _("{size} hidden"),
        "hides": _("hides {size}"),
        "twins": _("{size} there already"),
        "shared": _("also in {other}"),
        "scores": _("How the bytes are counted"),
        "stored score": _("Stored"),
        "stored rule": _("All files of all layers, a file with several names once."),
        "seen score": _("Seen"),
        "seen rule": _("What of that a container finds in its file system."),
        "hidden score": _("Hidden"),
        "hidden rule": _(
            "Stored and downloaded, but seen by no container: a higher layer replaced it, "
            "deleted it or put something else over it."
        ),
        "twins score": _("There already"),
        "twins rule": _(
            "Files that replace a file with exactly the same bytes: only an owner, a permission "
            "or a time was changed, and the file was stored once more."
        ),
        "shared score": _("Shared"),
        "shared rule": _(
            "In layers that {other} has too. A layer is the same when it and all below it are."
        ),
    }


def _texts_of_the_tree() -> dict[str, str]:
    return {
        "files": _("Files"),
        "view": _("Show"),
        "upto": _("up to layer {number}"),
        "only": _("only layer {number}"),
        "filter": _("Filter by name"),
        "kind": _("Kind"),
        "any": _("all kinds"),
        "count": _("{kind} ({count})"),
        "same": _("from the shared layers"),
        "added": _("added"),
        "changed": _("changed"),
        "deleted": _("deleted"),
        "replaced": _("replaced"),
        "hidden": _("hidden"),
        "same letter": "=",
        "added letter": _("A"),
        "changed letter": _("C"),
        "deleted letter": _("D"),
        "replaced letter": _("R"),
        "legend": _("Beside the letter: the layer that has it."),
        "folder": _("{count} files, {size}"),
        "one file": _("1 file, {size}"),
        "empty": _("no files"),
        "nothing": _("Nothing here is called so, or is of this kind."),
        "was": _("was {size} in layer {layer}"),
        "folder was": _("other owner or permissions than in layer {layer}"),
        "same bytes": _("same bytes as in layer {layer}"),
        "replaced by": _("✗ replaced by layer {layer}"),
        "deleted by": _("✗ deleted by layer {layer}"),
        "emptied by": _("✗ its directory emptied by layer {layer} (opaque)"),
        "covered by": _("✗ layer {layer} put something else in place of its directory"),
        "whiteout": _("whiteout in layer {layer}"),
        "opaque": _("opaque in layer {layer}: hides what lower layers have here"),
    }


def _texts_in_words() -> dict[str, str]:
    return {
        "path": _("path"),
        "bytes": _("bytes"),
        "number": _("layer"),
        "what": _("what"),
        "says upto": _(
            "Up to layer {number}: {stored} stored. A container sees {seen}; {hidden} are hidden."
        ),
        "says only": _(
            "Layer {number} stores {stored} ({by}): {added} added, {changed} changed, "
            "{deleted} deleted. It hides {hides} of the layers below."
        ),
        "says filter": _("The filter leaves {count} files with {size}."),
        "says step": _("layer {layer} {what}"),
        "says added": _("added it ({size})"),
        "says changed": _("changed it ({size})"),
        "says twin": _("stored the same bytes again ({size})"),
        "says deleted": _("deleted it"),
        "says emptied": _("emptied its directory"),
        "says covered": _("put something else in place of its directory"),
        "says whiteout": _("has a whiteout for it"),
        "says opaque": _("empties it of what lower layers have"),
        "says path": _("{path}: {steps}."),
        "says no layer": _("{path}: a directory that no layer lists."),
    }
