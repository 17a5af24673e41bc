"""Build the book's pages: `python -m tools.book [OUTPUT]` writes OUTPUT/_build/html.

It is Jupyter Book's own command with the book's settings, warnings being errors. Only its start
is quicker: to check addresses in a configuration, jsonschema would build a grammar for each
kind of address that exists, a second and a half for something this book does not have.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
STRICT: Final = ("-W", "-n", "--keep-going")


def arguments(root: Path, output: Path, config: str = "_config.yml") -> list[str]:
    """Return what Jupyter Book is told to build the book in `root`."""
    settings = ["--config", str(root / config), "--toc", str(root / "_toc.yml")]
    return ["build", str(root / "book"), *settings, "--path-output", str(output), "--all", *STRICT]


def main(output: Path, root: Path = ROOT) -> None:
    """Build, and end the program with Jupyter Book's exit status."""
    # Before Jupyter Book is imported, for it imports jsonschema. An optional part of that: where
    # it is missing, these formats are not checked.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from jupyter_book.cli.main import main as jupyter_book

    jupyter_book(arguments(root, output), prog_name="jupyter-book")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
