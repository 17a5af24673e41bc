"""The command line of `make new-lab`; see the package's docstring."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from helpers.errors import LabError
from helpers.paths import ROOT
from helpers.text import _
from tools.new_lab import __doc__ as usage
from tools.new_lab.writing import begin
from tools.notebooks.book import Book


def main(arguments: Sequence[str] | None = None) -> int:
    """Begin a lab, or say why not; return the exit status."""
    parser = argparse.ArgumentParser(
        "tools.new_lab", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="chapter/NNN-words")
    parser.add_argument("--title", default="", help="its page's title")
    parser.add_argument("--topic", default="", help="the topic of syllabus.yml that it teaches")
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's root folder")
    asked = parser.parse_args(arguments)
    try:
        name, files = begin(Book(asked.root.resolve()), asked.name, asked.title, asked.topic)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(_("\nStopped; nothing was written."), file=sys.stderr)
        return 130
    print(next_steps(name.lab, name.module, files))
    return 0


def stop_on(_number: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that what was written is taken back on the way."""
    raise KeyboardInterrupt


def next_steps(lab: str, module: str, files: int) -> str:
    """Say what was made, and what comes next."""
    made = {
        f"book/{lab}.ipynb": _("the lab; put your text where it says *Write*"),
        f"labs/{lab}/questions.yml": _("its predictions and its quiz"),
        f"helpers/checks/{module}.py": _("its exercise: start, check, solve, hints"),
    }
    width = max(map(len, made))
    return "\n".join(
        [
            _("{lab} is begun: {files} files written, among them").format(lab=lab, files=files),
            *(f"  {file:<{width}}  {what}" for file, what in made.items()),
            _(
                "Then `make record NOTEBOOKS=book/{lab}.ipynb` runs it on a real engine and\n"
                "stores the outputs, and `make test` tries all of it. CONTRIBUTING.md has the rest."
            ).format(lab=lab),
        ]
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop_on)
    sys.exit(main())
