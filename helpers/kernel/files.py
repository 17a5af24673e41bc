"""The kernel's files, wherever they are: in this machine, or behind a probe container.

    files = LocalFiles()                  in this process
    files = RemoteFiles(transport)        through an agent elsewhere (remote.py)
    files.read("/proc/1/stat")
    files.inside(4711).read("/etc/resolv.conf")   below the root folder of process 4711

Both behave the same and raise the same OSErrors. Paths are strings, below the agent's root;
bytes in names that are no UTF-8 are surrogate escapes.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from helpers.kernel.agent import NAMES_LIMIT, READ_LIMIT, WALK_LIMIT, Agent
from helpers.records.files import Entry, FileStat, FolderEvent

OnChange = Callable[[FolderEvent], None]
Sampled = bytes | OSError


class Call(NamedTuple):
    """One of `many` requests: an operation ("read", "names", "link", ...) and its arguments."""

    op: str
    args: dict[str, Any]


class Watch(Protocol):
    """A folder under watch."""

    def close(self) -> None:
        """Stop watching; a second call does nothing."""


class Files(Protocol):
    """Bounded access to files below a root. Every method raises OSError."""

    @property
    def viewer(self) -> str:
        """The process (of /proc) whose mountinfo holds for the root: "self" or "1"."""

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes:
        """Return the first `limit` bytes of a regular file.

        Raises IsADirectoryError, or OSError with EOPNOTSUPP for fifos, devices and sockets.
        """

    def names(self, path: str, limit: int = NAMES_LIMIT) -> list[str]:
        """Return the names in a folder, at most `limit`, in no order."""

    def link(self, path: str) -> str:
        """Return where a symbolic link leads, as it is written."""

    def links(self, path: str) -> dict[str, str]:
        """Return name and target of each symbolic link in a folder (such as /proc/PID/ns)."""

    def namespaces(
        self, pids: Sequence[int], names: Sequence[str]
    ) -> list[list[str | None] | OSError]:
        """Return where the named links of /proc/PID/ns lead, per process, or the error.

        None stands for a link that is not there. Not for files inside a process's root.
        """

    def stat(self, path: str, follow: bool = False) -> FileStat:
        """Return a file's inode. follow: that of what a symbolic link leads to."""

    def stats(self, path: str, names: Sequence[str]) -> list[FileStat | None]:
        """Return the inode of each name ("a/b") below a folder, None where there is none.

        No symbolic link is followed below the folder. Names of one folder in a row are quick.
        """

    def xattr(self, path: str, name: str) -> bytes | None:
        """Return an extended attribute, None where there is none."""

    def walk(
        self, path: str, limit: int = WALK_LIMIT, xattrs: Sequence[str] = ()
    ) -> tuple[Entry, ...]:
        """Return what lies in a folder and the folders in it, at most `limit` entries.

        Links are not followed and other file systems not entered. xattrs: names looked for on
        folders and empty files, where overlayfs puts its marks.
        """

    def sample(self, paths: Sequence[str]) -> list[Sampled]:
        """Return the contents of small kernel files, or the error, each in its place.

        Descriptors are kept for the next call, and dropped when what they read is gone.
        """

    def forget(self, paths: Sequence[str] | None = None) -> None:
        """Close the descriptors kept for `paths`, or all."""

    def many(self, calls: Iterable[Call]) -> list[Any]:
        """Do several requests in one go; each gives its value, or its error in that place."""

    def watch(self, path: str, changed: OnChange) -> Watch:
        """Call `changed`, in a thread of its own, when a name comes or goes in a folder."""

    def inside(self, pid: int) -> Files:
        """Return the files as process `pid` sees them. No path leads out of its root folder."""

    def close(self) -> None:
        """Let go of everything."""


# -- what both sides share


def typed(op: str, value: Any) -> Any:
    """Turn an agent's plain value into the records of the protocol."""
    if op == "stat":
        return FileStat._make(value)
    if op == "stats":
        return [None if each is None else FileStat._make(each) for each in value]
    if op == "walk":
        new: Any = tuple.__new__  # as NamedTuples do, in half the time: there may be 100,000
        return tuple(
            [new(Entry, (path, new(FileStat, s), marks, n)) for path, s, marks, n in value]
        )
    return value


class Base:
    """The protocol's methods over one: `_call`."""

    def __init__(self, pid: int | None = None, viewer: str = "1") -> None:
        self._pid = pid
        self.viewer = viewer

    def _call(self, op: str, **args: Any) -> Any:
        raise NotImplementedError

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes:
        found: bytes = self._call("read", path=path, limit=limit)
        return found

    def names(self, path: str, limit: int = NAMES_LIMIT) -> list[str]:
        found: list[str] = self._call("names", path=path, limit=limit)
        return found

    def link(self, path: str) -> str:
        found: str = self._call("link", path=path)
        return found

    def links(self, path: str) -> dict[str, str]:
        found: dict[str, str] = self._call("links", path=path)
        return found

    def namespaces(
        self, pids: Sequence[int], names: Sequence[str]
    ) -> list[list[str | None] | OSError]:
        found: list[list[str | None] | OSError]
        found = self._call("namespaces", pids=list(pids), names=list(names))
        return found

    def stat(self, path: str, follow: bool = False) -> FileStat:
        found: FileStat = self._call("stat", path=path, follow=follow)
        return found

    def stats(self, path: str, names: Sequence[str]) -> list[FileStat | None]:
        found: list[FileStat | None] = self._call("stats", path=path, names=list(names))
        return found

    def xattr(self, path: str, name: str) -> bytes | None:
        found: bytes | None = self._call("xattr", path=path, name=name)
        return found

    def walk(
        self, path: str, limit: int = WALK_LIMIT, xattrs: Sequence[str] = ()
    ) -> tuple[Entry, ...]:
        found: tuple[Entry, ...] = self._call("walk", path=path, limit=limit, xattrs=list(xattrs))
        return found

    def sample(self, paths: Sequence[str]) -> list[Sampled]:
        found: list[Sampled] = self._call("sample", paths=paths)
        return found

    def forget(self, paths: Sequence[str] | None = None) -> None:
        self._call("forget", paths=None if paths is None else list(paths))

    def _with_pid(self, args: dict[str, Any]) -> dict[str, Any]:
        return args if self._pid is None else {**args, "inside": self._pid}


# -- in this process


class LocalFiles(Base):
    """The files of this machine. root: the folder that all paths are below."""

    def __init__(self, root: str | Path = "/", *, openat2: bool = True) -> None:
        super().__init__(viewer="self" if str(root) == "/" else "1")
        self._agent = Agent(str(root), openat2=openat2)
        self._lock = threading.RLock()
        self._listener: _Listener | None = None

    def _call(self, op: str, **args: Any) -> Any:
        with self._lock:
            return typed(op, getattr(self._agent, op)(**self._with_pid(args)))

    def many(self, calls: Iterable[Call]) -> list[Any]:
        out: list[Any] = []
        for call in calls:
            try:
                out.append(self._call(call.op, **call.args))
            except OSError as error:
                out.append(error)
        return out

    def watch(self, path: str, changed: OnChange) -> Watch:
        with self._lock:
            if self._listener is None:
                self._listener = _Listener(self._agent, self._lock)
            number = self._agent.watch(path, self._pid)
            return self._listener.add(number, changed)

    def inside(self, pid: int) -> Files:
        return _LocalInside(self, pid)

    def close(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        with self._lock:
            self._agent.close()


class _LocalInside(LocalFiles):
    def __init__(self, outer: LocalFiles, pid: int) -> None:
        Base.__init__(self, pid, outer.viewer)
        self._agent, self._lock = outer._agent, outer._lock
        self._outer = outer

    def watch(self, path: str, changed: OnChange) -> Watch:
        raise OSError(errno.EOPNOTSUPP, "Folders inside a container are not watched", path)

    def close(self) -> None:
        """Leave the agent to whom it belongs."""


class Watched:
    """Who wants to know about the folder that bears a number."""

    def __init__(self, number: int, changed: OnChange, end: Callable[[Watched], None]) -> None:
        self.number, self.changed, self._end = number, changed, end

    def close(self) -> None:
        self._end(self)


class Subscribers:
    """Hands an agent's events to those who watch."""

    def __init__(self) -> None:
        self._watched: list[Watched] = []

    def add(self, watched: Watched) -> Watched:
        self._watched = [*self._watched, watched]
        return watched

    def drop(self, watched: Watched) -> bool:
        known = watched in self._watched
        self._watched = [each for each in self._watched if each is not watched]
        return known

    def tell(self, number: int, kind: Any, name: str) -> None:
        for each in self._watched:
            if each.number == number or kind == "lost":
                each.changed(FolderEvent(kind, name))


class _Listener:
    """Waits for an agent's events in a thread, as long as there is anybody to tell."""

    def __init__(self, of: Agent, lock: threading.RLock) -> None:
        self._agent, self._lock = of, lock
        self._who = Subscribers()
        self._notify = of.inotify
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._listen, name="folders", daemon=True)
        self._thread.start()

    def add(self, number: int, changed: OnChange) -> Watch:
        return self._who.add(Watched(number, changed, self._end))

    def _end(self, watched: Watched) -> None:
        with self._lock:
            if self._who.drop(watched) and self._waker >= 0:
                self._agent.unwatch(watched.number)

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._notify, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            if any(fd == self._wake for fd, _mask in poll.poll()):
                return
            with self._lock:
                events = self._agent.events()
            for event in events:
                self._who.tell(*event)

    def close(self) -> None:
        os.write(self._waker, b"x")
        if threading.current_thread() is not self._thread:
            self._thread.join()
        for fd in (self._wake, self._waker):
            os.close(fd)
        self._waker = -1
