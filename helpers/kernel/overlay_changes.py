"""What a container's own layer adds, changes and deletes against the layers below it.

    differences(files, find_folders(files, root_mount(files, pid)))

The layers are looked at as they lie on the disk, by the rules of overlayfs: the first layer
that has a name counts, a whiteout or a plain file ends the search, an opaque folder ends it
for all that is in it. No symbolic link is followed, so that no image leads out of its folder.
"""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from helpers.kernel.files import Call, Files
from helpers.kernel.overlay import (
    files_at,
    find_folders,
    is_whiteout,
    no_collection,
    prefix_of,
    read_layer,
    root_mount,
)
from helpers.records.files import FileStat
from helpers.records.host import Unavailable
from helpers.records.overlay import Difference, OverlayStack, UpperLayer
from helpers.text import _


class _Wanted(NamedTuple):
    """A name to look for. path: in the upper layer; origin: where it lies below."""

    path: str
    origin: str
    folder: str


def differences(
    files: Files, stack: OverlayStack, upper: UpperLayer | None = None
) -> tuple[Difference, ...] | Unavailable:
    """Return what the top layer adds, changes and deletes, in the order of the walk.

    upper: as read_layer gave it; read anew if left out. A folder in it that is there below
    counts as changed, as `docker diff` has it. What an opaque folder hides counts as deleted,
    where opaque folders can be told. Raises OSError.
    """
    if stack.upper is None:
        return Unavailable(_("The mount is read-only: it has no upper layer."))
    folders = []
    for layer in (stack.upper, *stack.lower[: len(stack.mount.lowerdir)]):
        if isinstance(layer.path, Unavailable):
            return layer.path
        folders.append(layer.path)
    userxattr = stack.mount.userxattr
    if upper is None:
        upper = read_layer(files, folders[0], userxattr=userxattr)
    with no_collection():
        below = _Below(files, folders[1:], prefix_of(userxattr))
        return tuple(_differences(upper, below))


def process_differences(files: Files, pid: int) -> tuple[Difference, ...] | Unavailable:
    """Return what the container of a process changed in its image. Raises OSError, Garbled."""
    mount = root_mount(files, pid)
    if isinstance(mount, Unavailable):
        return mount
    return differences(files, find_folders(files, mount))


def _differences(upper: UpperLayer, below: _Below) -> Iterator[Difference]:
    covered = below.find(upper)
    whiteouts = upper.whiteouts
    for path, now, _marks, _errno in upper.entries:
        was = covered.get(path)
        if path in whiteouts:
            yield Difference(f"/{path}", "deleted", None, was)
        else:
            yield Difference(f"/{path}", "added" if was is None else "changed", now, was)
    for path, was in below.hidden(upper, covered):
        yield Difference(f"/{path}", "deleted", None, was)


class _Below:
    """The layers below, the topmost first."""

    def __init__(self, files: Files, folders: Sequence[str], prefix: str) -> None:
        self._files, self._folders, self._prefix = files, folders, prefix
        self._marks: dict[str, bytes | None] = {}

    def find(self, upper: UpperLayer) -> dict[str, FileStat]:
        """Return the inodes that an upper layer's names cover."""
        wanted = list(_wanted(upper))
        shut: set[str] = set()  # folders that show nothing of the layers further below
        return self._search(wanted, shut)

    def _search(self, wanted: list[_Wanted], shut: set[str]) -> dict[str, FileStat]:
        found: dict[str, FileStat] = {}
        for number, layer in enumerate(self._folders, 1):
            seen = files_at(self._files, layer, [each.origin for each in wanted])
            left: list[_Wanted] = []
            here: dict[str, str] = {}  # folders of this layer, by path in the upper
            for each, inode in zip(wanted, seen, strict=True):
                if inode is None:
                    left.append(each)
                elif stat.S_ISDIR(inode.st_mode):
                    found.setdefault(each.path, inode)
                    left.append(each)
                    here[each.path] = each.origin
                else:
                    shut.add(each.path)
                    if not self._whiteout(layer, each.origin, inode):
                        found.setdefault(each.path, inode)
            if number == len(self._folders):
                break
            shut.update(self._opaque(layer, here, left))
            wanted = _still(left, found, shut)
        return found

    def _whiteout(self, layer: str, origin: str, inode: FileStat) -> bool:
        if is_whiteout(inode):
            return True
        if not stat.S_ISREG(inode.st_mode) or inode.st_size:
            return False
        # The other kind stands only in folders that are marked for it (Linux 6.8).
        folder = f"{layer}/{origin.rpartition('/')[0]}"
        if folder not in self._marks:
            self._marks[folder] = self._mark(folder, "opaque")
        return (
            self._marks[folder] == b"x" and self._mark(f"{layer}/{origin}", "whiteout") is not None
        )

    def _mark(self, path: str, name: str) -> bytes | None:
        try:
            return self._files.xattr(path, self._prefix + name)
        except OSError:
            return None

    def _opaque(self, layer: str, here: dict[str, str], left: Iterable[_Wanted]) -> Iterator[str]:
        """Yield the opaque ones among a layer's folders in which something is still sought."""
        asked = sorted({each.folder for each in left if each.folder in here})
        name = f"{self._prefix}opaque"
        calls = [Call("xattr", {"path": f"{layer}/{here[e]}", "name": name}) for e in asked]
        for path, value in zip(asked, self._files.many(calls), strict=True):
            if value == b"y":
                yield path

    def hidden(
        self, upper: UpperLayer, covered: dict[str, FileStat]
    ) -> Iterator[tuple[str, FileStat | None]]:
        """Yield what the upper layer's opaque folders hide without having it themselves."""
        if isinstance(upper.opaque, Unavailable) or not upper.opaque:
            return
        names: defaultdict[str, set[str]] = defaultdict(set)
        closed: list[str] = []
        marked = set(upper.opaque)
        for path, now, _marks, _errno in upper.entries:
            folder, _slash, name = path.rpartition("/")
            names[folder].add(name)
            if stat.S_ISDIR(now.st_mode) and (path in marked or folder in marked):
                marked.add(path)
                closed.append(path)
        for path in closed:
            if path in covered and stat.S_ISDIR(covered[path].st_mode):
                gone = sorted(self._names(path) - names[path])
                wanted = [_Wanted(f"{path}/{name}", f"{path}/{name}", path) for name in gone]
                # The folder goes first, so that one that ends the search does so.
                known = self._search([_Wanted(path, path, ""), *wanted], set())
                yield from ((each.path, known[each.path]) for each in wanted if each.path in known)

    def _names(self, path: str) -> set[str]:
        found: set[str] = set()
        for layer in self._folders:
            (seen,) = files_at(self._files, layer, [path])
            if seen is None:
                continue
            if not stat.S_ISDIR(seen.st_mode):
                break
            with suppress(OSError):
                found.update(self._files.names(f"{layer}/{path}"))
        return found


def _wanted(upper: UpperLayer) -> Iterator[_Wanted]:
    """Yield what to look for; what is in a renamed folder is sought where that was."""
    moved: dict[str, _Wanted] = {}
    for path, now, _marks, _errno in upper.entries:
        folder, _slash, name = path.rpartition("/")
        above = moved.get(folder)
        each = _Wanted(path, path, folder)
        if above is not None:
            each = _Wanted(path, f"{above.origin}/{name}", above.path)
        yield each
        target = upper.redirects.get(path)
        if target is not None and stat.S_ISDIR(now.st_mode):
            beside = each.origin.rpartition("/")[0]
            origin = target if target.startswith("/") else f"{beside}/{target}"
            # No path has a NUL, so this one is of no name in the layer.
            moved[path] = _Wanted(f"\0{path}", origin.strip("/"), "")
            yield moved[path]
        elif above is not None and stat.S_ISDIR(now.st_mode):
            moved[path] = each


def _still(wanted: list[_Wanted], found: dict[str, FileStat], shut: set[str]) -> list[_Wanted]:
    """Return what to look for further below; a folder goes on only for what is in it."""
    for each in wanted:
        if each.folder in shut:
            shut.add(each.path)
    needed: set[str] = set()
    left = []
    for each in reversed(wanted):  # what is in a folder stands after it
        if each.path in shut:
            continue
        if each.path not in found or each.path in needed:
            needed.add(each.folder)
            left.append(each)
    left.reverse()
    return left
