"""The files that an agent elsewhere sees: in another process, or in a probe container."""

from __future__ import annotations

import base64
import errno
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Protocol

from helpers.kernel import agent
from helpers.kernel.files import Base, Call, Files, OnChange, Subscribers, Watch, Watched, typed

ANSWER_TIMEOUT: Final = 30.0  # seconds for one answer


class Transport(Protocol):
    """Carries bytes to an agent and back."""

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""

    def receive(self) -> bytes:
        """Return what came next; nothing at the end. Raises OSError."""

    def close(self) -> None:
        """End the connection."""


class Pipes:
    """An agent in a process of its own: `argv` speaks on stdin and stdout."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    @classmethod
    def agent(cls, root: str | Path = "/") -> Pipes:
        """Return an agent as a child of this process."""
        return cls([sys.executable, "-X", "utf8", agent.__file__, str(root)])

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) or 0 :]

    def receive(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.read(1 << 16) or b""

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close_output(self) -> None:
        """Let go of the answers; after the reader has ended."""
        assert self._process.stdout is not None
        self._process.stdout.close()


class _Connection:
    """Sends requests, and hands each answer to who waits for it."""

    def __init__(self, transport: Transport, timeout: float) -> None:
        self._transport, self._timeout = transport, timeout
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._closed = False
        self.who = Subscribers()
        self._events: SimpleQueue[tuple[int, str, str] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._receive, name="agent", daemon=True),
            # apart, so that who is told of an event may ask the agent about it
            threading.Thread(target=self._tell, name="folders", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, op: str, args: dict[str, Any]) -> Any:
        number = next(self._numbers)
        line = json.dumps({"id": number, "op": op, "args": args}, separators=(",", ":"))
        answer: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise _broken()
            self._waiting[number] = answer
            self._transport.send(line.encode() + b"\n")
        try:
            return answer.result(self._timeout)
        except Late:
            raise TimeoutError(errno.ETIMEDOUT, "The agent does not answer") from None
        finally:
            self._waiting.pop(number, None)

    def _receive(self) -> None:
        parts: list[bytes] = []
        while data := self._next():
            *lines, rest = data.split(b"\n")
            for line in lines:
                self._take(b"".join([*parts, line]))
                parts = []
            if rest:
                parts.append(rest)
        with self._lock:
            self._closed = True
            waiting = list(self._waiting.values())
        for answer in waiting:
            if not answer.done():
                answer.set_exception(_broken())
        self._events.put(None)

    def _tell(self) -> None:
        while (event := self._events.get()) is not None:
            self.who.tell(*event)

    def _next(self) -> bytes:
        try:
            return self._transport.receive()
        except (OSError, ValueError):
            return b""

    def _take(self, line: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            if "event" in said:
                number, kind, name = said["event"]
                self._events.put((number, kind, name))
                return
            answer = self._waiting.get(said["id"])
            if answer is None:
                return
            if "error" in said:
                answer.set_exception(_failed(said["error"]))
            else:
                answer.set_result(said["value"])

    def close(self) -> None:
        self._transport.close()
        for thread in self._threads:
            if threading.current_thread() is not thread:
                thread.join(5)
        after = getattr(self._transport, "close_output", None)
        if after is not None:
            after()


def _broken() -> OSError:
    return ConnectionResetError(errno.ECONNRESET, "The agent has gone")


def _failed(said: Any) -> OSError:
    number, text, path = int(said["errno"]), str(said["text"]), said.get("path")
    return OSError(number, text, path) if path is not None else OSError(number, text)


def _bytes(said: Any) -> bytes:
    """Return contents as they were before they travelled."""
    if isinstance(said, str):
        return said.encode("ascii")
    return base64.b64decode(said["base64"], validate=True)


def _received(op: str, value: Any) -> Any:
    """Turn a value as JSON carried it into what an agent in this process would have returned."""
    if op == "read" or (op == "xattr" and value is not None):
        return _bytes(value)
    if op == "sample":
        return [
            _failed(v["error"]) if isinstance(v, dict) and "error" in v else _bytes(v)
            for v in value
        ]
    if op == "namespaces":
        return [_failed(each["error"]) if isinstance(each, dict) else each for each in value]
    if op == "walk":
        for each in value:
            each[2] = {name: _bytes(mark) for name, mark in each[2].items()}
    return typed(op, value)


class RemoteFiles(Base):
    """The files that an agent on the other side of `transport` sees.

    timeout: seconds for one answer, then TimeoutError. Once the agent has gone, every call
    raises ConnectionResetError.
    """

    def __init__(self, transport: Transport, *, timeout: float = ANSWER_TIMEOUT) -> None:
        super().__init__()
        self._line = _Connection(transport, timeout)

    def _call(self, op: str, **args: Any) -> Any:
        return _received(op, self._line.ask(op, self._with_pid(args)))

    def many(self, calls: Iterable[Call]) -> list[Any]:
        asked = list(calls)
        sent = [{"op": call.op, "args": self._with_pid(call.args)} for call in asked]
        answers = self._line.ask("many", {"calls": sent})
        return [
            _failed(said["error"]) if "error" in said else _received(call.op, said["value"])
            for call, said in zip(asked, answers, strict=True)
        ]

    def watch(self, path: str, changed: OnChange) -> Watch:
        if self._pid is not None:
            raise OSError(errno.EOPNOTSUPP, "Folders inside a container are not watched", path)
        number = self._call("watch", path=path)
        return self._line.who.add(Watched(number, changed, self._end))

    def _end(self, watched: Watched) -> None:
        if self._line.who.drop(watched):
            with suppress(OSError):
                self._call("unwatch", number=watched.number)

    def inside(self, pid: int) -> Files:
        return _RemoteInside(self, pid)

    def close(self) -> None:
        self._line.close()


class _RemoteInside(RemoteFiles):
    def __init__(self, outer: RemoteFiles, pid: int) -> None:
        Base.__init__(self, pid, outer.viewer)
        self._line = outer._line

    def close(self) -> None:
        """Leave the connection to whom it belongs."""
