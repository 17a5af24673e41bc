"""What layers make of each other: which file a container sees, and what lies hidden.

Rules of the OCI image specification (layer.md, "Applying Changesets" and "Whiteouts"):

- A layer's whiteouts act on the layers below it only, wherever they stand in its archive;
  then come its own entries.
- A directory over a directory joins it; anything else replaces what is below, with all that
  is in it.
- Names of one layer that are hard links to each other are one file.

Where the specification is silent, archives that no engine writes get these rules: a second
entry for a path replaces the first; a directory nobody listed is there if something is in
it; a path below a file makes that file a directory; a link to a name its layer does not
have is an empty file; symbolic links are not followed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from helpers.records.layers import (
    Account,
    Action,
    Altered,
    Change,
    Fate,
    FileEntry,
    How,
    ImageShare,
    ImageStack,
    Layer,
    Resolved,
    Sharing,
    Step,
)

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"
_HOUSEKEEPING: Final = ".wh..wh."  # what AUFS once left in layers; never part of an image
_SHELL: Final = "/bin/sh -c"

Hider = tuple[int, How]  # a layer, and how it hides


# -- one layer, from its archive


def parent(path: str) -> str:
    """Return the directory that holds `path`; the root's is the root."""
    return path[: path.rindex("/")] or "/"


def ancestors(path: str) -> Iterator[str]:
    """Yield the directories above `path`, the nearest first, the root last."""
    while path != "/":
        path = parent(path)
        yield path


class _Unpacked:
    """The state of one layer while its archive is read."""

    def __init__(self) -> None:
        self.at: dict[str, FileEntry] = {}
        self.children: defaultdict[str, set[str]] = defaultdict(set)
        self.folders: set[str] = set()  # listed, or implied by what is in them
        self.whiteouts: set[str] = set()
        self.opaque: set[str] = set()
        self._inodes = 0

    def add(self, entry: FileEntry) -> None:
        """Unpack one entry over what is there."""
        if entry.path == "/":
            if entry.kind == "directory":
                self._place(entry)
            return
        folder, name = parent(entry.path), entry.path[entry.path.rindex("/") + 1 :]
        if name.startswith(WHITEOUT):
            self._mark(folder, name)
            return
        found = self.at.get(entry.target) if entry.kind == "hardlink" else None
        if found is not None and entry.target == entry.path:
            return
        self._make_way(entry)
        if entry.kind != "hardlink":
            self._place(entry)
        elif found is None or found.kind == "directory":
            self._place(replace(entry, kind="file", size=0, target="", digest=""))
        else:
            self._put(replace(found, path=entry.path))

    def _mark(self, folder: str, name: str) -> None:
        hidden = name[len(WHITEOUT) :]
        if name == OPAQUE:
            self._make_folders(folder)
            self.opaque.add(folder)
        elif not name.startswith(_HOUSEKEEPING) and hidden not in ("", ".", ".."):
            self._make_folders(folder)
            self.whiteouts.add(f"{folder.rstrip('/')}/{hidden}")

    def _make_way(self, entry: FileEntry) -> None:
        """Turn what stands above `entry` into directories, and remove what it replaces."""
        self._make_folders(parent(entry.path))
        there = self.at.get(entry.path)
        merges = entry.kind == "directory" and (there is None or there.kind == "directory")
        if not merges:
            self._remove(entry.path)

    def _make_folders(self, folder: str) -> None:
        while folder not in self.folders:
            self.folders.add(folder)
            there = self.at.get(folder)
            if there is not None and there.kind != "directory":
                del self.at[folder]
            if folder != "/":
                self.children[parent(folder)].add(folder)
                folder = parent(folder)

    def _remove(self, path: str) -> None:
        waiting = [path]
        while waiting:
            path = waiting.pop()
            self.at.pop(path, None)
            self.folders.discard(path)
            waiting.extend(self.children.pop(path, ()))

    def _place(self, entry: FileEntry) -> None:
        self._inodes += 1
        self._put(replace(entry, inode=self._inodes))

    def _put(self, entry: FileEntry) -> None:
        self.at[entry.path] = entry
        if entry.kind == "directory":
            self.folders.add(entry.path)
        if entry.path != "/":
            self.children[parent(entry.path)].add(entry.path)


def settle(
    entries: Iterable[FileEntry], *, number: int = 1, digest: str = "", created_by: str = ""
) -> Layer:
    """Return the layer that an archive with these entries, in this order, unpacks to.

    Names that begin with ".wh." become whiteouts and opaque directories; one that names
    nothing (".wh.", ".wh..", ".wh...") is ignored.
    """
    unpacked = _Unpacked()
    for entry in entries:
        unpacked.add(entry)
    return Layer(
        number=number,
        digest=digest,
        created_by=created_by,
        entries=tuple(unpacked.at.values()),
        whiteouts=frozenset(unpacked.whiteouts),
        opaque=frozenset(unpacked.opaque),
    )


def instruction(created_by: str) -> str:
    """Return the Dockerfile instruction behind an image's history line, as one wrote it.

    The legacy builder writes `/bin/sh -c rm /a` and `/bin/sh -c #(nop) COPY ...`, BuildKit
    `RUN |1 NAME=x /bin/sh -c rm /a # buildkit`.
    """
    text = " ".join(created_by.split()).removesuffix(" # buildkit")
    if text.startswith(f"{_SHELL} #(nop) "):
        return text.removeprefix(f"{_SHELL} #(nop) ")
    text = re.sub(rf"^(RUN )?(\|\d+ .*?)?(?={_SHELL} )", "", text)
    return f"RUN {text.removeprefix(_SHELL + ' ')}" if text.startswith(_SHELL) else text


# -- layers on top of each other


class _Above:
    """What the layers above the present one hide. Layers are added from the top down, so a
    lower layer's hiding overwrites a higher one's: the first layer to hide is what counts."""

    def __init__(self) -> None:
        self.replaced: dict[str, int] = {}  # by an entry for the same path
        self.is_folder: dict[str, int] = {}  # of paths that have something in them
        self.removed: dict[str, Hider] = {}  # the path and all below
        self.emptied: dict[str, Hider] = {}  # all below the path
        self._known: dict[str, Hider | None] = {"/": None}

    def add(self, layer: Layer) -> None:
        """Let `layer` hide what is below it."""
        number = layer.number
        for path in layer.opaque:
            self.emptied[path] = (number, "opaque")
        for path in layer.whiteouts:
            self.removed[path] = (number, "whiteout")
        folders: set[str] = set(layer.opaque)
        for path in (*(entry.path for entry in layer.entries), *layer.whiteouts, *layer.opaque):
            for above in ancestors(path):
                if above in folders:
                    break
                folders.add(above)
        for entry in layer.entries:
            self.replaced[entry.path] = number
            if entry.kind != "directory":
                self.emptied[entry.path] = (number, "covered")
        self.is_folder.update(dict.fromkeys(folders, number))
        self._known = {}

    def hider(self, entry: FileEntry) -> Hider | None:
        """Return the first layer that hides `entry`, and how; None where none does."""
        path = entry.path
        found: list[Hider] = []
        if path in self.replaced:
            found.append((self.replaced[path], "replaced"))
        if entry.kind != "directory" and path in self.is_folder:
            found.append((self.is_folder[path], "replaced"))
        if path in self.removed:
            found.append(self.removed[path])
        if path != "/":
            inherited = self._below(parent(path))
            if inherited is not None:
                found.append(inherited)
        return min(found, key=_first) if found else None

    def _below(self, folder: str) -> Hider | None:
        """Return what hides everything in `folder`, remembered for each directory."""
        trail = []
        for step in (folder, *ancestors(folder)):
            if step in self._known:
                break
            trail.append(step)
        for step in reversed(trail):
            found = [self.removed.get(step), self.emptied.get(step)]
            if step != "/":
                found.append(self._known[parent(step)])
            hiders = [each for each in found if each is not None]
            self._known[step] = min(hiders, key=_first) if hiders else None
        return self._known[folder]


def _first(hider: Hider) -> int:
    return hider[0]


def resolve(stack: ImageStack) -> Resolved:
    """Say for every entry of every layer whether a container sees it, or what hides it."""
    above = _Above()
    by_layer: list[list[Fate]] = []
    for layer in reversed(stack.layers):
        fates = []
        for entry in layer.entries:
            hidden_by, how = above.hider(entry) or (None, None)
            fates.append(Fate(layer.number, entry, hidden_by, how))
        by_layer.append(fates)
        above.add(layer)
    fates = [fate for layer_fates in reversed(by_layer) for fate in layer_fates]
    return Resolved(stack, tuple(fates), _accounts(stack, fates))


def _accounts(stack: ImageStack, fates: Sequence[Fate]) -> tuple[Account, ...]:
    """Count bytes by file, not by name: a file is hidden when its last name is."""
    names: defaultdict[tuple[int, int], list[Fate]] = defaultdict(list)
    for fate in fates:
        names[fate.layer, fate.entry.inode].append(fate)
    stored: defaultdict[int, int] = defaultdict(int)
    hidden: defaultdict[int, int] = defaultdict(int)
    hides: defaultdict[int, int] = defaultdict(int)
    for (layer, _inode), links in names.items():
        size = links[0].entry.size
        stored[layer] += size
        hiders = [fate.hidden_by for fate in links if fate.hidden_by is not None]
        if len(hiders) == len(links):
            hidden[layer] += size
            hides[max(hiders)] += size
    twins = _twins(fates)
    return tuple(
        Account(n, stored[n], hidden[n], hides[n], twins.get(n, 0))
        for n in (layer.number for layer in stack.layers)
    )


def _twins(fates: Iterable[Fate]) -> dict[int, int]:
    """Return by layer the bytes of files that replace a file with the very same bytes."""
    before: dict[str, Fate] = {}
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for fate in fates:
        was, entry = before.get(fate.entry.path), fate.entry
        if (
            was is not None
            and (was.hidden_by, was.how) == (fate.layer, "replaced")
            and entry.digest
            and entry.digest == was.entry.digest
        ):
            found[fate.layer][entry.inode] = entry.size
        before[entry.path] = fate
    return {layer: sum(sizes.values()) for layer, sizes in found.items()}


# -- one path


def history(resolved: Resolved, path: str) -> tuple[Step, ...]:
    """Return what each layer did to `path`, from the bottom up; empty where none has it."""
    path = "/" + path.strip("/")
    steps: list[Step] = []
    last: Fate | None = None
    for fate in (each for each in resolved.fates if each.entry.path == path):
        if last is not None and last.hidden_by == fate.layer and last.how == "replaced":
            altered = differences(last.entry, fate.entry)
            steps.append(Step(fate.layer, "changed", fate.entry, "replaced", altered))
        else:
            steps += _gone(last)
            steps.append(Step(fate.layer, "added", fate.entry))
        last = fate
    return (*steps, *_gone(last))


def _gone(fate: Fate | None) -> list[Step]:
    if fate is None or fate.hidden_by is None:
        return []
    return [Step(fate.hidden_by, "deleted", fate.entry, fate.how)]


def differences(was: FileEntry, now: FileEntry) -> tuple[Altered, ...]:
    """Return in which respects two entries for one path differ (times are not kept)."""
    pairs: list[tuple[Altered, object, object]] = [
        ("kind", was.kind, now.kind),
        ("content", (was.size, was.digest, was.target), (now.size, now.digest, now.target)),
        ("mode", was.mode, now.mode),
        ("owner", (was.uid, was.gid), (now.uid, now.gid)),
    ]
    return tuple(name for name, before, after in pairs if before != after)


# -- a container's layer


def changes(
    diff: Iterable[tuple[str, Action]],
    container: Mapping[str, FileEntry],
    image: Mapping[str, FileEntry],
) -> tuple[Change, ...]:
    """Join what `docker diff` lists with what those paths are now and were in the image."""
    return tuple(
        Change(
            path,
            action,
            None if action == "deleted" else container.get(path),
            None if action == "added" else image.get(path),
        )
        for path, action in sorted(diff)
    )


# -- several images


def share(stacks: Sequence[ImageStack]) -> Sharing:
    """Count what images share. A layer is one with another's when it and all below are.

    So do engines keep layers: the same files on another base are stored again.
    """
    users: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    sizes: dict[tuple[str, ...], int] = {}
    for which, stack in enumerate(stacks):
        for chain, layer in _chains(stack):
            users[chain].add(which)
            sizes[chain] = layer.size
    images = []
    for stack in stacks:
        shared = sum(layer.size for chain, layer in _chains(stack) if len(users[chain]) > 1)
        images.append(ImageShare(stack.name, shared, stack.size - shared))
    return Sharing(tuple(images), sum(sizes.values()))


def _chains(stack: ImageStack) -> Iterator[tuple[tuple[str, ...], Layer]]:
    digests: tuple[str, ...] = ()
    for layer in stack.layers:
        digests = (*digests, layer.digest)
        yield digests, layer


def shared_layers(one: ImageStack, other: ImageStack) -> int:
    """Return how many layers, counted from the bottom, two images have in common."""
    count = 0
    for mine, theirs in zip(one.layers, other.layers, strict=False):
        if mine.digest != theirs.digest:
            break
        count += 1
    return count
