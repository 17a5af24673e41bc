"""Every error a reader can meet: what happened, and what to do next.

    LabError
    ├── MissingNeed          the machine lacks what this lab needs (Docker, root, ...)
    ├── EngineError          the container engine refused or failed
    │   ├── EngineUnavailable    no engine answers
    │   │   └── EngineLost           it answered when the lab began
    │   ├── ImageMissing         an image is neither here nor to be had
    │   ├── PortTaken            something else listens on the port
    │   └── DiskFull             no space left where the engine keeps its data
    ├── CommandFailed        a program ended with an error
    ├── TimedOut             a state we waited for did not come
    └── BookError            the book itself is wrong (a missing file, a bad catalogue)

In a notebook a LabError shows two lines instead of a traceback.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from helpers.text import _


class LabError(Exception):
    """One clear sentence for the reader.

    what: what happened, a whole sentence. remedy: what to do next, a whole sentence.
    """

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.what, self.remedy and f"→ {self.remedy}"]))

    def _render_traceback_(self) -> list[str]:
        # IPython's hook: readers get the sentence, not our call stack.
        return str(self).splitlines()


class MissingNeed(LabError):
    """The machine lacks something this lab needs."""


class EngineError(LabError):
    """The container engine refused or failed."""


class EngineUnavailable(EngineError):
    """No container engine answers."""

    def __init__(self, where: str, detail: str = "") -> None:
        what = _("No container engine answers at {where}.").format(where=where)
        super().__init__(
            f"{what} ({detail})" if detail else what,
            remedy=_(
                "Start Docker Desktop, or on Linux `sudo systemctl start docker`; "
                "`labs doctor` tells more."
            ),
        )


class EngineLost(EngineUnavailable):
    """The engine answered when the lab began, and does not now."""

    def __init__(self, where: str) -> None:
        LabError.__init__(
            self,
            _("The container engine at {where} does not answer any more.").format(where=where),
            remedy=_(
                "Start it again (Docker Desktop, or on Linux `sudo systemctl start docker`), then "
                "run this notebook from the top."
            ),
        )


class ImageMissing(EngineError):
    """An image is neither present nor to be had."""


class PortTaken(EngineError):
    """Something else already listens on the port."""


class DiskFull(EngineError):
    """No space is left where the engine (or the lab) keeps its data."""


class CommandFailed(LabError):
    """A program ended with an error, or could not be started.

    argv: the program and its arguments. status: its exit status (None: never started).
    output: the last lines it printed.
    """

    def __init__(
        self, argv: Sequence[str], status: int | None, output: str, *, remedy: str = ""
    ) -> None:
        self.argv = tuple(argv)
        self.status = status
        self.output = output.rstrip()
        line = shlex.join(argv)
        if status is None:
            what = _("This command could not start: {line}").format(line=line)
        else:
            what = _("This command ended with status {status}: {line}").format(
                status=status, line=line
            )
        super().__init__("\n".join(filter(None, [what, self.output])), remedy=remedy)


class TimedOut(LabError):
    """A state we waited for did not come. last: what was seen last."""

    def __init__(self, waited_for: str, seconds: float, last: object = None) -> None:
        self.last = last
        what = _("Waited {seconds:g} s in vain for {waited_for}.").format(
            seconds=seconds, waited_for=waited_for
        )
        if last is not None:
            what += " " + _("Last seen: {last}.").format(last=last)
        super().__init__(
            what,
            remedy=_("Run the cell again; on a slow or busy machine it may only need more time."),
        )


class BookError(LabError):
    """The book itself is at fault: please report it."""
