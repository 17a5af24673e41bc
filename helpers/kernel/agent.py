"""The agent: file access below a root, and nothing else.

One file that needs the standard library alone (Python 3.9 or later), because it runs in two
places: inside this process, and in a probe container as `python3 agent.py ROOT`. There it
reads one request a line and writes one answer a line, both JSON:

    {"id": 1, "op": "read", "args": {"path": "/proc/1/stat", "limit": 4096}}
    {"id": 1, "value": "1 (systemd) S 0 ..."}
    {"id": 2, "error": {"errno": 2, "text": "No such file or directory", "path": "/proc/0"}}
    {"event": [3, "created", "5f2d..."]}                 unasked: a watched folder changed

Contents travel as text where they are plain ASCII, else as {"base64": ...}; names as text in
which bytes that are no UTF-8 are surrogate escapes.

What is read may belong to somebody hostile. So no path leads out of the root, whatever
symbolic links lie on it (`..` and absolute targets stop at the root, as after chroot), no link
of /proc into another place is followed, nothing but regular files and directories is opened,
reads do not block, and all sizes are bounded.
"""

from __future__ import annotations

import base64
import ctypes
import errno
import itertools
import json
import operator
import os
import select
import stat
import struct
import sys
from collections.abc import Callable
from typing import Any

READ_LIMIT = 1 << 20  # bytes of one file, unless asked otherwise
MOST_READ = 1 << 24
SAMPLE_SIZE = 4096  # bytes; nearly all kernel files are smaller
SAMPLE_LIMIT = 1 << 16  # files
NAMES_LIMIT = 1 << 17
WALK_LIMIT = 1 << 20
REQUEST_LIMIT = 1 << 22  # bytes of one request
ANSWER_LIMIT = 1 << 26  # bytes of contents in one answer
LINKS_LIMIT = 40  # symbolic links on one path, as the kernel has it

_PATH = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_READ |= getattr(os, "O_CLOEXEC", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)

# openat2(2): its number is the same on every architecture but alpha
_OPENAT2 = 437
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH, _IN_ROOT = 0x02, 0x04, 0x08, 0x10
_PROC = 0x9FA0
# Reading there can act (kmsg forgets what was read), and the host's own /proc tells as much.
_ACTING = frozenset((_PROC, 0x62656572, 0x64626720, 0x74726163))  # proc, sysfs, debugfs, tracefs

_CREATED, _DELETED, _SELF, _OVERFLOW = 0x180, 0x240, 0xC00, 0x4000  # inotify(7)
_ONLYDIR = 0x01000000
_GONE = (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.ESTALE, errno.EBADF)

_IS_FOLDER, _IS_FILE = stat.S_IFDIR >> 12, stat.S_IFREG >> 12  # the first bits of a mode
Stat = tuple[int, ...]
Event = tuple[int, str, str]


def _error(number: int, path: str, text: str = "") -> OSError:
    return OSError(number, text or os.strerror(number), path)


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


class _Kernel:
    """The calls that Python has no function for: openat2, fstatfs, inotify."""

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.syscall.restype = ctypes.c_long
        self._hows: dict[tuple[int, int], _How] = {}

    def openat2(self, folder: int, path: bytes, flags: int, resolve: int) -> int:
        how = self._hows.get((flags, resolve))
        if how is None:
            how = self._hows[(flags, resolve)] = _How(flags, 0, resolve)
        found = self.libc.syscall(
            ctypes.c_long(_OPENAT2),
            ctypes.c_int(folder),
            ctypes.c_char_p(path),
            ctypes.byref(how),
            ctypes.c_size_t(24),
        )
        if found < 0:
            raise OSError(ctypes.get_errno(), "openat2")
        return int(found)

    def filesystem(self, fd: int) -> int:
        """Return the magic number of the file system that an open file is on."""
        answer = (ctypes.c_long * 64)()
        if self.libc.fstatfs(ctypes.c_int(fd), answer) != 0:
            raise OSError(ctypes.get_errno(), "fstatfs")
        return int(answer[0])

    def inotify(self) -> int:
        fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        return int(fd)

    def add_watch(self, fd: int, path: str, mask: int) -> int:
        number = self.libc.inotify_add_watch(fd, os.fsencode(path), ctypes.c_uint32(mask))
        if number < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        return int(number)


class Resolver:
    """Opens paths below a folder that is already open, and never leaves it.

    openat2: use that call where the kernel has it (5.6); otherwise components are opened one
    by one. Both behave the same.
    """

    def __init__(self, openat2: bool = True) -> None:
        try:
            self.kernel: _Kernel | None = _Kernel()
        except (OSError, AttributeError):
            self.kernel = None
        self._quick = openat2 and self._has_openat2()

    def _has_openat2(self) -> bool:
        if self.kernel is None or not sys.platform.startswith("linux"):
            return False
        try:
            os.close(self.kernel.openat2(-100, b"/", _PATH | _FOLDER, _NO_MAGICLINKS))
        except OSError:
            return False  # an old kernel, or a seccomp profile that does not know the call
        return True

    def open(self, top: int, path: str, flags: int, follow: bool = True) -> int:
        """Return a descriptor of `path` below the open folder `top`. Raises OSError."""
        try:
            raw = os.fsencode(path)
        except (TypeError, ValueError):
            raise _error(errno.EINVAL, str(path)) from None
        if b"\0" in raw:
            raise _error(errno.EINVAL, path)
        wanted = flags if follow else flags | _NOFOLLOW
        for _attempt in range(8 if self._quick and self.kernel else 0):
            try:
                assert self.kernel is not None
                name = raw or b"."
                return self.kernel.openat2(top, name, wanted, _IN_ROOT | _NO_MAGICLINKS)
            except OSError as error:
                if error.errno != errno.EAGAIN:  # somebody moved a folder on the way
                    raise _error(error.errno or errno.EIO, path) from None
        try:
            return self._by_components(top, raw, wanted, follow)
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None

    def beneath(self, top: int, path: str, flags: int) -> int:
        """Return a descriptor of `path` below `top` where no component is a symbolic link."""
        if self._quick and self.kernel is not None:
            return self.kernel.openat2(
                top, os.fsencode(path), flags | _NOFOLLOW, _BENEATH | _NO_SYMLINKS
            )
        return self._by_components(top, os.fsencode(path), flags | _NOFOLLOW, False, links=0)

    def _by_components(
        self, top: int, raw: bytes, flags: int, follow: bool, links: int = LINKS_LIMIT
    ) -> int:
        """Open one component after the other; a stack of open folders makes `..` safe."""
        parts = [part for part in reversed(raw.split(b"/")) if part not in (b"", b".")]
        must_be_folder = raw.endswith((b"/", b"/."))
        stack = [os.dup(top)]
        try:
            while parts:
                part = parts.pop()
                if part == b"..":
                    if not stat.S_ISDIR(os.fstat(stack[-1]).st_mode):
                        raise OSError(errno.ENOTDIR, "")
                    if len(stack) > 1:
                        os.close(stack.pop())
                    continue
                here = os.open(part, _PATH | _NOFOLLOW, dir_fd=stack[-1])
                stack.append(here)
                last = not parts
                if not stat.S_ISLNK(os.fstat(here).st_mode) or (
                    last and not follow and not must_be_folder
                ):
                    continue
                if links <= 0 or self._magic(stack[-2], here):
                    raise OSError(errno.ELOOP, "")
                links -= 1
                target = os.readlink(b"", dir_fd=here)
                os.close(stack.pop())
                if target.startswith(b"/"):
                    while len(stack) > 1:
                        os.close(stack.pop())
                parts += [p for p in reversed(target.split(b"/")) if p not in (b"", b".")]
                must_be_folder = must_be_folder or (last and target.endswith(b"/"))
            if must_be_folder:
                flags |= _FOLDER
            return self._reopen(stack[-1], flags)
        finally:
            for fd in stack:
                os.close(fd)

    def _reopen(self, fd: int, flags: int) -> int:
        if flags & _FOLDER and not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.ENOTDIR, "")
        if flags & _PATH == _PATH:
            return os.dup(fd)
        return os.open(f"/proc/self/fd/{fd}", flags & ~_NOFOLLOW)

    def _magic(self, folder: int, link: int) -> bool:
        """Tell whether a link is one of /proc that leads to a place, not to a name."""
        on_proc = self.kernel is not None and self.kernel.filesystem(link) == _PROC
        return on_proc and os.fstat(folder).st_ino != 1  # /proc/self and the like are plain


class Agent:
    """The file access layer. root: a folder; all paths are below it. Raises OSError alone.

    inside: a process id; the path is then below that process's own root folder.
    """

    def __init__(self, root: str = "/", openat2: bool = True) -> None:
        self._resolver = Resolver(openat2)
        self._root = os.open(root, _PATH | _FOLDER)
        self._kept: dict[int | None, dict[str, int]] = {}
        self._most_kept = _descriptors() // 2
        self._inotify = -1
        self._watches: dict[int, int] = {}

    def close(self) -> None:
        """Close every descriptor."""
        self.forget()
        for fd in (self._root, self._inotify):
            if fd >= 0:
                os.close(fd)
        self._root = self._inotify = -1

    # -- opening

    def _open(self, path: str, flags: int, inside: int | None = None, follow: bool = True) -> int:
        if inside is None:
            return self._resolver.open(self._root, path, flags, follow)
        top = self._root_of(inside, path)
        try:
            return self._resolver.open(top, path, flags, follow)
        finally:
            os.close(top)

    def _root_of(self, pid: int, path: str) -> int:
        """Open a process's root: the one link of /proc that is followed, on purpose."""
        process = f"/proc/{int(pid)}"
        try:
            return self._resolver.open(self._root, f"{process}/root", _PATH | _FOLDER)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        folder = self._resolver.open(self._root, process, _PATH | _FOLDER)
        try:
            kernel = self._resolver.kernel
            if kernel is None or kernel.filesystem(folder) != _PROC:
                raise OSError(errno.ELOOP, "")
            return os.open("root", _PATH | _FOLDER, dir_fd=folder)
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(folder)

    def _open_regular(self, path: str, inside: int | None) -> int:
        """Open for reading what O_PATH showed to be a regular file: devices act when opened."""
        fd = self._open(path, _PATH, inside)
        try:
            mode = os.fstat(fd).st_mode
            if stat.S_ISDIR(mode):
                raise _error(errno.EISDIR, path)
            kernel = self._resolver.kernel
            acting = inside is not None and kernel and kernel.filesystem(fd) in _ACTING
            if not stat.S_ISREG(mode) or acting:
                raise _error(errno.EOPNOTSUPP, path, "Not a plain file")
            return os.open(f"/proc/self/fd/{fd}", _READ)
        except OSError as error:
            raise _error(error.errno or errno.EIO, path, str(error.strerror or "")) from None
        finally:
            os.close(fd)

    # -- one thing

    def read(self, path: str, limit: int = READ_LIMIT, inside: int | None = None) -> bytes:
        """Return the first `limit` bytes of a regular file."""
        limit = _bounded(limit, MOST_READ)
        fd = self._open_regular(path, inside)
        try:
            return _read_all(fd, limit)
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(fd)

    def names(self, path: str, limit: int = NAMES_LIMIT, inside: int | None = None) -> list[str]:
        """Return the names in a folder, at most `limit`, in no order."""
        limit = _bounded(limit, NAMES_LIMIT)
        fd = self._open(path, _READ | _FOLDER, inside)
        try:
            with os.scandir(fd) as entries:
                return [entry.name for entry in itertools.islice(entries, limit)]
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(fd)

    def link(self, path: str, inside: int | None = None) -> str:
        """Return where a symbolic link leads, as it is written."""
        fd = self._open(path, _PATH, inside, follow=False)
        try:
            if not stat.S_ISLNK(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "")
            return os.fsdecode(os.readlink(b"", dir_fd=fd))
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(fd)

    def links(self, path: str, inside: int | None = None) -> dict[str, str]:
        """Return name and target of each symbolic link in a folder (such as /proc/PID/ns)."""
        fd = self._open(path, _READ | _FOLDER, inside)
        try:
            found = {}
            for name in os.listdir(fd)[:NAMES_LIMIT]:  # noqa: PTH208  (a descriptor)
                try:
                    found[name] = os.readlink(name, dir_fd=fd)
                except OSError as error:
                    if error.errno not in (errno.EINVAL, errno.ENOENT):
                        raise
            return found
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(fd)

    def stat(self, path: str, follow: bool = False, inside: int | None = None) -> Stat:
        """Return what `FileStat` in helpers/records/files.py names, in its order."""
        fd = self._open(path, _PATH, inside, follow)
        try:
            return _stat(os.fstat(fd))
        finally:
            os.close(fd)

    def xattr(self, path: str, name: str, inside: int | None = None) -> bytes | None:
        """Return an extended attribute; None where there is none or the file system has none."""
        fd = self._open(path, _PATH, inside, follow=False)
        try:
            return _xattr(f"/proc/self/fd/{fd}", name)
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(fd)

    # -- many things

    def stats(self, path: str, names: list[str], inside: int | None = None) -> list[Stat | None]:
        """Return the inode of each name ("a/b") below a folder, None where there is none.

        No symbolic link is followed below the folder. Names of one folder in a row are quick.
        """
        if len(names) > WALK_LIMIT:
            raise OSError(errno.EMSGSIZE, "Too much for one answer")
        top = self._open(path, _PATH | _FOLDER, inside)
        found: list[Stat | None] = []
        here, last = -1, None
        try:
            for place in names:
                folder, _slash, name = place.rpartition("/")
                if folder != last:
                    if here >= 0:
                        os.close(here)
                    here, last = self._beneath(top, folder), folder
                found.append(_stat_in(here, name))
            return found
        finally:
            for fd in (top, here):
                if fd >= 0:
                    os.close(fd)

    def _beneath(self, top: int, folder: str) -> int:
        try:
            return self._resolver.beneath(top, folder or ".", _PATH | _FOLDER)
        except (OSError, ValueError):
            return -1

    def namespaces(self, pids: list[int], names: list[str], inside: int | None = None) -> list[Any]:
        """Return where the named links of /proc/PID/ns lead, per process, or the error.

        None stands for a link that is not there. One call for all processes, because asking
        for each would cost more than the links themselves.
        """
        if inside is not None:
            raise OSError(errno.EOPNOTSUPP, "Only the machine's own /proc tells namespaces")
        if len(pids) > WALK_LIMIT or any("/" in name for name in names):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        top = self._open("/proc", _PATH | _FOLDER)
        kernel = self._resolver.kernel
        # In a real /proc a number is a folder, never a link.
        quick = kernel is not None and kernel.filesystem(top) == _PROC
        found: list[Any] = []
        wanted = [os.fsencode(name) for name in names]
        # Nearly all processes share all: what reads the same is one row, made into text once.
        rows: dict[tuple[bytes | None, ...], list[str | None]] = {}
        try:
            for pid in pids:
                try:
                    row = self._namespaces(top, f"{int(pid)}/ns", wanted, quick)
                    if row not in rows:
                        rows[row] = [link if link is None else os.fsdecode(link) for link in row]
                    found.append(rows[row])
                except OSError as error:
                    found.append(_error(error.errno or errno.EIO, f"/proc/{int(pid)}/ns"))
            return found
        finally:
            os.close(top)

    def _namespaces(
        self, top: int, place: str, names: list[bytes], quick: bool
    ) -> tuple[bytes | None, ...]:
        flags = _PATH | _FOLDER
        if quick:
            fd = os.open(place, flags | _NOFOLLOW, dir_fd=top)
        else:
            fd = self._resolver.beneath(top, place, flags)
        readlink = os.readlink
        row: list[bytes | None] = []
        try:
            try:
                return tuple([readlink(name, dir_fd=fd) for name in names])
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOENT):
                    raise
            for name in names:
                try:
                    row.append(readlink(name, dir_fd=fd))
                except OSError as error:
                    if error.errno not in (errno.EINVAL, errno.ENOENT):
                        raise
                    row.append(None)
            return tuple(row)
        finally:
            os.close(fd)

    def walk(
        self,
        path: str,
        limit: int = WALK_LIMIT,
        xattrs: tuple[str, ...] = (),
        inside: int | None = None,
    ) -> list[tuple[str, Stat, dict[str, bytes], int]]:
        """Return (path below the folder, stat, xattrs, errno) of all that lies in a folder.

        Symbolic links are listed, not followed; other file systems are listed, not entered.
        xattrs: names looked for on folders and empty files (where overlayfs puts its marks).
        errno: not 0 for a folder that could not be entered.
        """
        limit = _bounded(limit, WALK_LIMIT)
        top = self._open(path, _PATH | _FOLDER, inside)
        try:
            return self._walk(top, limit, [str(name) for name in xattrs])
        finally:
            os.close(top)

    def _walk(
        self, top: int, limit: int, xattrs: list[str]
    ) -> list[tuple[str, Stat, dict[str, bytes], int]]:
        device = os.fstat(top).st_dev
        found: list[tuple[str, Stat, dict[str, bytes], int]] = []
        waiting: list[tuple[str, int]] = [("", -1)]
        while waiting and len(found) < limit:
            folder, index = waiting.pop()
            try:
                fd = self._resolver.beneath(top, folder or ".", _READ | _FOLDER)
            except OSError as error:
                if index >= 0:
                    marks = self._marks_of(top, folder, xattrs)
                    found[index] = (*found[index][:2], marks, error.errno or errno.EIO)
                    continue
                raise _error(error.errno or errno.EIO, folder) from None
            try:
                if xattrs and index >= 0 and (marks := _marks(fd, xattrs, follow=True)):
                    found[index] = (*found[index][:2], marks, 0)
                for name, seen in _entries(fd):
                    if len(found) >= limit:
                        break
                    place = f"{folder}/{name}" if folder else name
                    marks, kind = {}, seen[0] >> 12
                    if kind == _IS_FOLDER and seen[2] == device:
                        waiting.append((place, len(found)))  # its marks are read when it is open
                    elif xattrs and (kind == _IS_FOLDER or (kind == _IS_FILE and not seen[6])):
                        marks = _marks(f"/proc/self/fd/{fd}/{name}", xattrs)
                    found.append((place, seen, marks, 0))
            finally:
                os.close(fd)
        for folder, index in waiting:  # listed when the limit was reached, and not opened
            found[index] = (*found[index][:2], self._marks_of(top, folder, xattrs), 0)
        return found

    def _marks_of(self, top: int, folder: str, xattrs: list[str]) -> dict[str, bytes]:
        """Return the attributes of a folder that is not open, below one that is."""
        if not xattrs:
            return {}
        try:
            fd = self._resolver.beneath(top, folder, _PATH | _FOLDER)
        except OSError:
            return {}
        try:
            return _marks(f"/proc/self/fd/{fd}", xattrs, follow=True)
        finally:
            os.close(fd)

    def sample(self, paths: list[str], inside: int | None = None) -> list[bytes | OSError]:
        """Return the contents of small kernel files, or the error, each in its place.

        Descriptors are kept from one call to the next, and dropped when what they read is gone.
        """
        if len(paths) > SAMPLE_LIMIT:
            raise OSError(errno.EMSGSIZE, "Too much for one answer")
        pread, kept = os.pread, self._kept.setdefault(inside, {})
        out: list[bytes | OSError] = []
        add = out.append
        for path in paths:
            fd = kept.get(path)
            if fd is not None:
                try:
                    data = pread(fd, SAMPLE_SIZE, 0)
                    add(data if len(data) < SAMPLE_SIZE else _pread_all(fd, READ_LIMIT))
                    continue
                except OSError as error:
                    os.close(kept.pop(path))
                    if error.errno not in _GONE:
                        add(_error(error.errno or errno.EIO, path))
                        continue
            add(self._sample_new(path, inside))
        return out

    def _sample_new(self, path: str, inside: int | None) -> bytes | OSError:
        """Open a file for sampling; keep it while there are descriptors to spare."""
        try:
            fd = self._open_regular(path, inside)
        except OSError as error:
            return error
        try:
            data = _pread_all(fd, READ_LIMIT)
        except OSError as error:
            os.close(fd)
            return _error(error.errno or errno.EIO, path)
        if sum(map(len, self._kept.values())) < self._most_kept:
            self._kept.setdefault(inside, {})[path] = fd
        else:
            os.close(fd)
        return data

    def forget(self, paths: list[str] | None = None, inside: int | None = None) -> None:
        """Close the descriptors kept for `paths`, or all."""
        if paths is None:
            closing = [fd for each in self._kept.values() for fd in each.values()]
            self._kept.clear()
        else:
            kept = self._kept.get(inside, {})
            closing = [kept.pop(path) for path in set(paths) if path in kept]
        for fd in closing:
            os.close(fd)

    # -- folders that change

    @property
    def inotify(self) -> int:
        """The descriptor that becomes readable when a watched folder has changed."""
        if self._inotify < 0:
            if self._resolver.kernel is None:
                raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
            self._inotify = self._resolver.kernel.inotify()
        return self._inotify

    def watch(self, path: str, inside: int | None = None) -> int:
        """Watch a folder for names that come and go; return the number its events bear."""
        notify = self.inotify
        fd = self._open(path, _PATH | _FOLDER, inside)
        try:
            assert self._resolver.kernel is not None
            mask = _CREATED | _DELETED | _SELF | _ONLYDIR
            number = self._resolver.kernel.add_watch(notify, f"/proc/self/fd/{fd}", mask)
        except OSError as error:
            raise _error(error.errno or errno.EIO, path) from None
        finally:
            os.close(fd)
        self._watches[number] = self._watches.get(number, 0) + 1
        return number

    def unwatch(self, number: int) -> None:
        """Stop a watch; the last of several on one folder ends it."""
        left = self._watches.pop(int(number), 0) - 1
        if left > 0:
            self._watches[int(number)] = left
        elif left == 0 and self._resolver.kernel is not None:
            # its folder may be gone, and the watch with it
            self._resolver.kernel.libc.inotify_rm_watch(self._inotify, int(number))

    def events(self) -> list[Event]:
        """Return what happened since: (watch, "created", "deleted", "gone" or "lost", name)."""
        try:
            data = os.read(self.inotify, 1 << 16)
        except BlockingIOError:
            return []
        found: list[Event] = []
        offset = 0
        while offset < len(data):
            number, mask, _cookie, length = struct.unpack_from("iIII", data, offset)
            name = data[offset + 16 : offset + 16 + length].rstrip(b"\0")
            offset += 16 + length
            for bit, kind in (
                (_OVERFLOW, "lost"),
                (_CREATED, "created"),
                (_DELETED, "deleted"),
                (_SELF | 0x2000, "gone"),
            ):
                if mask & bit:
                    found.append((number, kind, os.fsdecode(name)))
                    break
        return found


def _bounded(limit: Any, most: int) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise OSError(errno.EINVAL, "A limit is a whole number")
    return max(0, min(limit, most))


def _descriptors() -> int:
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 4096 if soft == resource.RLIM_INFINITY else max(32, min(soft, 1 << 15))


def _read_all(fd: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0:
        part = os.read(fd, min(limit, 1 << 16))
        if not part:
            break
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _pread_all(fd: int, limit: int) -> bytes:
    parts: list[bytes] = []
    offset = 0
    while offset < limit:
        part = os.pread(fd, SAMPLE_SIZE if offset == 0 else 1 << 16, offset)
        parts.append(part)
        offset += len(part)
        if (len(part) < SAMPLE_SIZE and offset == len(part)) or not part:
            break
    return b"".join(parts)


# One getter for all: asked one by one they take a third longer, and a walk has 100,000.
_stat: Callable[[os.stat_result], Stat] = operator.attrgetter(
    *("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size"),
    *("st_mtime_ns", "st_ctime_ns", "st_rdev", "st_blocks"),
)


def _stat_in(folder: int, name: str) -> Stat | None:
    if folder < 0 or name in ("", ".", ".."):
        return None
    try:
        return _stat(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except (OSError, ValueError):
        return None


def _entries(fd: int) -> list[tuple[str, Stat]]:
    """Return name and stat of what is in an open folder; what vanishes meanwhile is left out."""
    found = []
    with os.scandir(fd) as entries:
        for entry in entries:
            try:
                found.append((entry.name, _stat(entry.stat(follow_symlinks=False))))
            except FileNotFoundError:
                continue
    return found


def _xattr(path: str | int, name: str, follow: bool = True) -> bytes | None:
    try:
        return os.getxattr(path, name, follow_symlinks=follow)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.EOPNOTSUPP):
            return None
        raise
    except ValueError:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None


def _marks(place: str | int, xattrs: list[str], follow: bool = False) -> dict[str, bytes]:
    """Return those attributes of a path, or of an open file (with `follow`, as Python asks)."""
    found: dict[str, bytes] = {}
    try:
        # One list is cheaper than asking for each: nearly always it is empty.
        for xattr in os.listxattr(place, follow_symlinks=follow):
            if xattr in xattrs:
                value = _xattr(place, xattr, follow=follow)
                if value is not None:
                    found[xattr] = value
    except OSError:
        pass  # gone, not ours to see, or a file system without
    return found


# -- as a program


OPS = frozenset(
    "read names link links namespaces stat stats xattr walk sample forget watch unwatch".split()  # noqa: SIM905
)


def failure(error: BaseException) -> dict[str, Any]:
    """Return an error as an answer carries it."""
    if isinstance(error, OSError) and error.errno:
        path = error.filename if isinstance(error.filename, str) else None
        return {"errno": error.errno, "text": str(error.strerror), "path": path}
    return {"errno": errno.EINVAL, "text": f"Bad request: {str(error)[:200]}", "path": None}


def plain(value: Any) -> Any:
    """Return a value as JSON can carry it."""
    if isinstance(value, bytes):
        if value.isascii() and b"\0" not in value:
            return value.decode("ascii")
        return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, OSError):
        return {"error": failure(value)}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def perform(agent: Agent, request: Any) -> Any:
    """Do one request and return its value as JSON can carry it. Raises what is wrong with it."""
    op, args = request["op"], request.get("args") or {}
    if op == "many":
        return _many(agent, args["calls"])
    if op not in OPS:
        raise ValueError(f"there is no operation {op!r}")
    return plain(getattr(agent, op)(**args))


def _many(agent: Agent, calls: Any) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    size = 0
    for call in calls:
        try:
            if call["op"] == "many" or size > ANSWER_LIMIT:
                raise OSError(errno.EMSGSIZE, "Too much for one answer")
            value = perform(agent, call)
            size += _weight(value)
            answers.append({"value": value})
        except Exception as error:
            answers.append({"error": failure(error)})
    return answers


def _weight(value: Any) -> int:
    if isinstance(value, dict):
        return len(value.get("base64", "")) + 64 * len(value)
    if isinstance(value, list):
        return 64 * len(value)
    return len(value) if isinstance(value, str) else 8


def answer(agent: Agent, line: bytes) -> bytes:
    """Return the answer to one line. A bad request gets an error; nothing ends the agent."""
    ident = None
    try:
        request = json.loads(line)
        ident = request.get("id")
        out = {"id": ident, "value": perform(agent, request)}
    except Exception as error:
        out = {"id": ident if isinstance(ident, (int, str)) else None, "error": failure(error)}
    return json.dumps(out, separators=(",", ":")).encode() + b"\n"


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def serve(agent: Agent) -> None:
    """Answer requests on stdin until it ends."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(agent.inotify, select.POLLIN)
    waiting, skipping = b"", False
    while True:
        for fd, _mask in poll.poll():
            if fd != 0:
                for event in agent.events():
                    _write(json.dumps({"event": event}).encode() + b"\n")
                continue
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                if not skipping and line.strip():
                    _write(answer(agent, line))
                skipping = False
            if len(waiting) > REQUEST_LIMIT:
                if not skipping:
                    error = OSError(errno.EMSGSIZE, "The request is too long")
                    _write(json.dumps({"id": None, "error": failure(error)}).encode() + b"\n")
                waiting, skipping = b"", True


def main() -> None:
    """Run as a program: `python3 agent.py [ROOT]`."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = 1 << 15 if hard == resource.RLIM_INFINITY else min(hard, 1 << 15)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        serve(Agent(sys.argv[1] if len(sys.argv) > 1 else "/"))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)


if __name__ == "__main__":
    main()
