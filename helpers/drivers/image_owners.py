"""Who is building: marks that name the building process, and a lock so that one does at a time."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import psutil

from helpers.drivers.engine import engine_errors
from helpers.records.images import Progress
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker import DockerClient

WAIT_LIMIT: Final = 3600  # seconds for another process to finish all images on a slow network


def new_mark() -> str:
    """Return a mark for one build of this process: host, pid, start, four hex digits."""
    start = int(psutil.Process().create_time())
    return f"{_host()}-{os.getpid()}-{start}-{secrets.token_hex(2)}"


def is_dead(mark: str) -> bool:
    """Tell whether the process that made `mark` has surely gone. Strange marks never are."""
    match = re.fullmatch(r"(\w+)-(\d+)-(\d+)-[0-9a-f]{4}", mark)
    if match is None or match[1] != _host():
        return False  # another machine's build on the same engine: not ours to judge
    try:
        # A pid may be another process's by now; the start tells. It may shift by a second.
        return abs(psutil.Process(int(match[2])).create_time() - int(match[3])) > 2
    except psutil.NoSuchProcess:
        return True


def _host() -> str:
    return re.sub(r"\W", "_", socket.gethostname())


@contextmanager
def alone(client: DockerClient, progress: Progress, image: str) -> Iterator[None]:
    """Hold the lock that keeps two processes of one reader from building the same image.

    There is one for each engine. The kernel lets go of it when this process ends, however
    it ends. image: for progress. Raises TimedOut.
    """
    with engine_errors():
        engine = str(client.api.info().get("ID") or client.api.base_url)  # Podman has no id
    with _lock_file(engine).open("w") as file:
        if not _try_lock(file):
            progress(image, "wait", None, _("another process is preparing images"))
            try:
                wait_until(
                    lambda: _try_lock(file),
                    what=_("another process to finish preparing images"),
                    seconds=WAIT_LIMIT,
                    every=0.5,
                )
            except BaseException:
                progress(image, "failed", None, "")
                raise
            progress(image, "ready", None, _("the other process has finished"))
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_file(engine: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caas-book"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that may not be written to, as for some service accounts
        cache = Path(tempfile.gettempdir()) / f"caas-book-{os.getuid()}"
        cache.mkdir(mode=0o700, exist_ok=True)
    return cache / f"images-{sha256(engine.encode()).hexdigest()[:8]}.lock"
