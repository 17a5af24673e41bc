"""Which of our modules a piece of code needs, and those modules as one small archive.

Cells that run in the page have Python's standard library and nothing else. So what they import
is followed through our own modules, and whatever is neither is a fault.
"""

from __future__ import annotations

import ast
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import helpers

PACKAGE: Final = Path(helpers.__file__).parent
RUNNER: Final = "helpers.in_page"  # runs the cells; see the worker
# The package itself opens labs, which needs Docker's library: the page gets an empty one.
ROOT_INIT: Final = '"""As much of the book\'s package as the models of its pages need."""\n'
_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a zip file knows: the same bytes each time


class NotPlain(ValueError):
    """Code imports what a page does not have. Its text names the module, and who imports it."""


def imports(code: str) -> frozenset[str]:
    """Return the modules that `code` imports when it runs; functions' own are left out.

    `from package import name` counts as package.name where that is one of our modules.
    Raises SyntaxError.
    """
    return frozenset(_imported(ast.parse(code).body))


def _imported(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if _file(inner) else node.module
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")  # our package has none: not plain
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imported(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            blocks = (value for _name, value in ast.iter_fields(node) if isinstance(value, list))
            for block in blocks:
                yield from _imported(part for part in block if isinstance(part, ast.stmt))
                for handler in (part for part in block if isinstance(part, ast.ExceptHandler)):
                    yield from _imported(handler.body)


def _file(module: str) -> Path | None:
    """Return the file of one of our modules, None where there is none of that name."""
    first, *rest = module.split(".")
    if first != "helpers":
        return None
    place = PACKAGE.joinpath(*rest)
    for file in (place / "__init__.py", place.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def closure(modules: Iterable[str]) -> frozenset[str]:
    """Return our modules among `modules` and all that these import. Raises NotPlain."""
    found: set[str] = set()
    waiting = [(module, "the cell") for module in sorted(modules)]
    while waiting:
        module, by = waiting.pop()
        if module in found or module.split(".")[0] in sys.stdlib_module_names:
            continue
        file = _file(module)
        if file is None or module == "helpers":
            raise NotPlain(f"{module}, imported by {by}")
        found.add(module)
        parent = module.rpartition(".")[0]
        needed = imports(file.read_text(encoding="utf-8")) | ({parent} - {"helpers"})
        waiting += [(each, module) for each in sorted(needed)]
    return frozenset(found)


@cache
def archive(modules: frozenset[str]) -> bytes:
    """Return a zip file of our `modules` and the runner of cells: the same bytes each time.

    Raises NotPlain.
    """
    files = {"helpers/__init__.py": ROOT_INIT.encode()}
    for module in closure({*modules, RUNNER}):
        file = _file(module)
        assert file is not None
        files[f"helpers/{file.relative_to(PACKAGE).as_posix()}"] = file.read_bytes()
    for catalogue in PACKAGE.glob("locale/**/*.mo"):
        files[f"helpers/{catalogue.relative_to(PACKAGE).as_posix()}"] = catalogue.read_bytes()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, data)
    return made.getvalue()


def archive_name(modules: frozenset[str]) -> str:
    """Return the archive's file name, another one for other contents: pages are cached."""
    return f"helpers-{hashlib.sha256(archive(modules)).hexdigest()[:12]}.zip"
