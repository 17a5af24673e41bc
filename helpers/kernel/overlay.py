"""What a container's root file system is made of, and what its own layer holds.

    mount = root_mount(files, pid)                   from mountinfo: no engine is asked
    stack = find_folders(files, mount)               links and relative paths resolved
    upper = read_layer(files, stack.upper.path)      a walk: files, whiteouts, opaque folders

Works for Docker's overlay2 and for containerd's snapshots alike. What it changed against the
layers below: differences() in overlay_changes.py.
"""

from __future__ import annotations

import gc
import posixpath
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from helpers.kernel.files import Files
from helpers.kernel.mounts import parse_mountinfo, read_mounts
from helpers.kernel.namespaces import refused
from helpers.kernel.processes import read_status
from helpers.records.files import Entry, FileStat
from helpers.records.host import Unavailable
from helpers.records.mounts import MountEntry
from helpers.records.overlay import (
    LayerFolder,
    OverlayMount,
    OverlayStack,
    UpperLayer,
)
from helpers.text import _

MARKS: Final = ("opaque", "whiteout", "redirect", "metacopy")
CHARACTERS: Final = stat.S_IFCHR >> 12  # a mode's first bits, of a device
BATCH: Final = 200_000  # characters of names in one request
_FOLDERS: Final = ("lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir")


# -- text to records


def parse_overlays(text: bytes) -> tuple[OverlayMount, ...]:
    """Return the overlay mounts of a mountinfo file. Lines of other kinds are passed over."""
    return tuple(overlay_mount(entry) for entry in parse_mountinfo(text) if entry.kind == "overlay")


def overlay_mount(entry: MountEntry) -> OverlayMount:
    """Return what the options of an overlay mount say."""
    lower: list[str] = []
    data: list[str] = []
    single: dict[str, str] = {}
    others: list[str] = []
    for option in entry.super_options:
        name, mark, value = option.partition("=")
        if name not in _FOLDERS or not mark:
            others.append(option)
        elif name == "lowerdir":
            lower, data = split_lowerdir(value)
        elif name == "lowerdir+":  # since Linux 6.8, one by one and nothing escaped
            lower.append(value)
        elif name == "datadir+":
            data.append(value)
        else:
            single[name] = value
    return OverlayMount(
        point=entry.point,
        root=entry.root,
        lowerdir=tuple(lower),
        upperdir=single.get("upperdir"),
        workdir=single.get("workdir"),
        datadir=tuple(data),
        options=tuple(others),
        line=entry.line,
    )


def split_lowerdir(value: str) -> tuple[list[str], list[str]]:
    r"""Split `a:b\:c::d` into layers (a, b:c) and data-only layers (d)."""
    parts, current, escaped = [], "", False
    for character in value:
        if escaped or character not in "\\:":
            current, escaped = current + character, False
        elif character == "\\":
            escaped = True
        else:
            parts.append(current)
            current = ""
    parts.append(current)
    if "" in parts:  # the empty part between `::`
        at = parts.index("")
        return parts[:at], [part for part in parts[at:] if part]
    return parts, []


# -- files to records


def read_overlays(files: Files) -> tuple[OverlayMount, ...]:
    """Return the overlay mounts that the machine itself sees. Raises OSError, Garbled."""
    mounts = read_mounts(files, files.viewer)
    return tuple(overlay_mount(entry) for entry in mounts if entry.kind == "overlay")


def root_mount(files: Files, pid: int) -> OverlayMount | Unavailable:
    """Return the overlay that a process has as its root file system."""
    try:
        entries = read_mounts(files, pid)
    except OSError as error:
        return refused(error)
    roots = [entry for entry in entries if entry.point == "/"]
    if not roots:
        return Unavailable(_("The process has no root file system any more."))
    if roots[-1].kind != "overlay":
        return Unavailable(
            _("Its root file system is no overlay but {kind}.").format(kind=ascii(roots[-1].kind))
        )
    return overlay_mount(roots[-1])


def find_folders(files: Files, mount: OverlayMount) -> OverlayStack:
    """Find the folders of a mount's layers, below links and with relative paths made whole."""
    given = (*mount.lowerdir, *mount.datadir)
    base = _base(files, mount)
    upper = None
    if mount.upperdir is not None:
        upper = LayerFolder(mount.upperdir, _resolved(files, mount.upperdir, base))
    lower = tuple(LayerFolder(each, _resolved(files, each, base)) for each in given)
    return OverlayStack(mount, lower, upper)


def _base(files: Files, mount: OverlayMount) -> str | None:
    """Return the folder that relative paths count from.

    Engines with many layers mount from their own folder, to keep the options below a page:
    Docker that of overlay2, where the mount point is too; containerd that of the snapshots.
    """
    relative = [each for each in (*mount.lowerdir, mount.upperdir or "/") if each[:1] != "/"]
    if not relative:
        return None
    anchors = [mount.point, mount.upperdir, mount.workdir]
    for anchor in filter(None, anchors):
        folder = anchor
        while folder.startswith("/") and folder != "/":
            folder = posixpath.dirname(folder)
            if all(each is not None for each in files_at(files, folder, relative)):
                return folder
    return None


def files_at(files: Files, folder: str, names: Sequence[str]) -> list[FileStat | None]:
    """Return the inode of each name below a folder, None where there is none."""
    found: list[FileStat | None] = []
    start, size = 0, 0
    try:
        for at, name in enumerate(names):
            size += len(name) + 3
            if size > BATCH:
                found += files.stats(folder, names[start : at + 1])
                start, size = at + 1, 0
        return found + files.stats(folder, names[start:])
    except OSError:
        return [None] * len(names)


def _resolved(files: Files, given: str, base: str | None) -> str | Unavailable:
    """Return the folder itself: Docker's `overlay2/l/XXXX` are links to `../ID/diff`."""
    if not given.startswith("/"):
        if base is None:
            return Unavailable(_("The mount has relative paths, and what from is not known."))
        given = f"{base.rstrip('/')}/{given}"
    path = posixpath.normpath(given)
    try:
        if stat.S_ISLNK(files.stat(path).st_mode):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), files.link(path)))
        if not stat.S_ISDIR(files.stat(path).st_mode):
            return Unavailable(_("The layer's folder is not there."))
    except OSError as error:
        return refused(error)
    return path


# -- one layer


@contextmanager
def no_collection() -> Iterator[None]:
    """Put the garbage collector off: it would look through 100,000 new records again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def table(files: Files, folder: str) -> tuple[Entry, ...]:
    """Return all that lies in a folder, with its inode: an image's files, or a layer's.

    Raises OSError.
    """
    with no_collection():
        return files.walk(folder)


def prefix_of(userxattr: bool) -> str:
    """Return how the names of a mount's marks begin."""
    return "user.overlay." if userxattr else "trusted.overlay."


def is_whiteout(seen: FileStat) -> bool:
    """Tell whether an inode is a whiteout of the usual kind: a character device 0/0."""
    return stat.S_ISCHR(seen.st_mode) and seen.st_rdev == 0


def read_layer(files: Files, folder: str, *, userxattr: bool = False) -> UpperLayer:
    """Return what lies in a layer's folder, and what it takes away from below.

    userxattr: as the mount has it; the other spelling means nothing to the kernel, and anybody
    may have written it. Raises OSError.
    """
    prefix = prefix_of(userxattr)
    with no_collection():
        entries = files.walk(folder, xattrs=[prefix + mark for mark in MARKS])
    whiteouts, opaque, metacopy = set(), set(), set()
    redirects = {}
    for path, seen, xattrs, _errno in entries:
        if seen[0] >> 12 == CHARACTERS and is_whiteout(seen):
            whiteouts.add(path)
        if not xattrs:
            continue
        marks = {name.removeprefix(prefix): value for name, value in xattrs.items()}
        if "whiteout" in marks and stat.S_ISREG(seen.st_mode):
            whiteouts.add(path)
        # "x" only says that there are whiteouts which are attributes
        if marks.get("opaque") == b"y":
            opaque.add(path)
        if "redirect" in marks:
            redirects[path] = marks["redirect"].decode("utf-8", "surrogateescape")
        if "metacopy" in marks:
            metacopy.add(path)
    known = userxattr or _sees_trusted(files)
    return UpperLayer(
        folder=folder,
        entries=entries,
        whiteouts=frozenset(whiteouts),
        opaque=frozenset(opaque) if known else _hidden(),
        redirects=redirects,
        metacopy=frozenset(metacopy),
    )


def _sees_trusted(files: Files) -> bool:
    """Tell whether the agent may read attributes called trusted.*; without, they seem absent."""
    try:
        agent = int(files.link("/proc/self"))
    except (OSError, ValueError):
        return True  # a fake tree
    status = read_status(files, agent)
    if isinstance(status, Unavailable):
        return False
    return "cap_sys_admin" in status.capabilities.effective


def _hidden() -> Unavailable:
    return Unavailable(
        _("Marks of opaque folders are shown to a process with CAP_SYS_ADMIN alone."),
        _("Run JupyterLab as root on the machine itself."),
    )
