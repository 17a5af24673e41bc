"""The command line: `python -m tools.notebooks --help`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.errors import LabError
from helpers.paths import ROOT
from tools.notebooks import census, sanitise, widgets
from tools.notebooks.book import CELL_TIMEOUT, Book, dumps, read
from tools.notebooks.record import write_whole

CODE = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the command line says and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    cut = given.index("--") if "--" in given else len(given)
    options, for_pytest = _parser().parse_args(given[:cut]), given[cut + 1 :]
    book = Book(options.root.resolve())
    paths = [path.resolve() for path in options.paths]
    match options.action:
        case "record":
            return _record(book, paths, options.fresh, options.timeout)
        case "check":
            return _check(book, {book.name(path) for path in paths})
        case "widgets":
            return _widgets(book, paths or book.notebooks())
        case "census":
            return _census(book, options.write)
        case _:
            return _test(book, paths, options.require_live, for_pytest)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    record = actions.add_parser("record", help="run notebooks and store their outputs")
    record.add_argument("--fresh", action="store_true", help="replace recordings in any case")
    record.add_argument(
        "--timeout", type=int, default=CELL_TIMEOUT, help="seconds for one cell (%(default)s)"
    )
    actions.add_parser("check", help="say what is wrong without running anything")
    front = actions.add_parser("widgets", help="give stored widgets today's front end")
    count = actions.add_parser("census", help="count notebooks, cells and checks")
    count.add_argument("--write", action="store_true", help="write book/checks.yml anew")
    test = actions.add_parser(
        "test", help="run notebooks and compare; what follows -- goes to pytest"
    )
    test.add_argument("--require-live", action="store_true", help="a need not met is a failure")
    for action in (record, actions.choices["check"], front, count, test):
        action.add_argument("--root", type=Path, default=ROOT, help="the book's root folder")
        action.add_argument("paths", nargs="*", type=Path, metavar="NOTEBOOK")
    return parser


def _record(book: Book, paths: list[Path], fresh: bool, timeout: int) -> int:
    from tools.notebooks.record import Elsewhere, record

    failed = 0
    for path in paths or book.notebooks():
        print(f"{book.name(path)}: running ...", flush=True)
        try:
            done = record(path, book, fresh=fresh, timeout=timeout)
        except LabError as error:
            if isinstance(error, Elsewhere) and not paths:  # nobody asked for this one
                print(f"{book.name(path)}: left as it is. {error}")
                continue
            failed += 1
            print(f"{book.name(path)}: not recorded, the file is as it was.\n{error}")
            continue
        print(f"{done.name}: {done.cells} code cells, {_what(done.changes, done.written)}")
        for change in done.changes:
            print(f"    {change}")
    return 1 if failed else 0


def _what(changes: tuple[str, ...], written: bool) -> str:
    if changes:
        return "recorded anew:"
    return "same facts, put in order" if written else "same facts, not a byte changed"


def _check(book: Book, only: set[str]) -> int:
    found = census.take(book)
    faults = [fault for fault in found.faults if not only or fault.partition(":")[0] in only]
    for fault in faults:
        print(fault)
    print(_counted(found) + (f": {len(faults)} faults" if faults else ": no fault"))
    return 1 if faults else 0


def _census(book: Book, write: bool) -> int:
    found = census.take(book)
    if write:
        checks = {name: each.checks for name, each in found.notebooks.items()}
        census.write_manifest(book, checks)
    for name, each in found.notebooks.items():
        print(f"{name}: {each.cells} code cells, {each.checks.total} checks")
    print(_counted(found))
    return 0


def _widgets(book: Book, paths: list[Path]) -> int:
    for path in paths:
        notebook = read(path)
        changed = widgets.refresh(notebook)
        if changed:
            write_whole(path, dumps(notebook))
            print(f"{book.name(path)}: {len(changed)} of {', '.join(sorted(set(changed)))}")
    return 0


def _counted(found: census.Census) -> str:
    return f"{len(found.notebooks)} notebooks, {found.cells} code cells, {found.checks} checks"


def _test(book: Book, paths: list[Path], require_live: bool, for_pytest: list[str]) -> int:
    line = [
        *(sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"),
        *("-p", "no:hypothesispytest", "-p", "no:benchmark"),  # of no use here, slow to start
        *("-c", str(CODE / "pyproject.toml"), "--rootdir", str(book.root)),
        *("-p", "tools.notebooks.harness", "--nbval", "--nbval-current-env"),
        *("--nbval-sanitize-with", str(sanitise.CONFIG)),
        *("--nbval-cell-timeout", str(CELL_TIMEOUT), "--book-root", str(book.root)),
        *([] if paths else ["--census"]),
        *(["--require-live"] if require_live else []),
        *for_pytest,
        *map(str, paths or [book.folder]),
    ]
    # A process of its own: helpers.paths reads LABS_BOOK when it is imported.
    path = os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")]))
    environ = {**os.environ, "LABS_BOOK": str(book.root), "PYTHONPATH": path}
    return subprocess.run(line, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
