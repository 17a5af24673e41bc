"""Let labs run side by side, except those that measure the machine.

A lab waits more than it computes, so several fit on two cores. One whose lesson is a time or
a rate says so (`"quiet": true` in its metadata) and gets the machine to itself:

    with quiet.place(alone=True): ...

Works between processes, by locks of the kernel that a killed process cannot keep.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

# One for each checkout: its tests are what runs side by side.
_OF: Final = hashlib.sha256(__file__.encode()).hexdigest()[:8]
FOLDER: Final = Path(tempfile.gettempdir()) / f"caas-book-quiet-{os.getuid()}-{_OF}"


def wanted(notebook: Mapping[str, Any]) -> bool:
    """Tell whether a notebook (nbformat 4, as JSON) asks for a quiet machine."""
    return bool(notebook["metadata"].get("labs", {}).get("quiet"))


@contextmanager
def place(*, alone: bool, folder: Path = FOLDER) -> Iterator[None]:
    """Wait for a place and keep it: among others, or alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "room").open("a") as room:
        # Through one door: who waits to be alone holds it, so that those who come later do not
        # keep the room occupied for ever.
        with (folder / "door").open("a") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
