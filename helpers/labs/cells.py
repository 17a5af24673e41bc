"""What one sees of a cell without running it: names it makes and uses, commands it gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, TypeGuard

from IPython.core.inputtransformer2 import TransformerManager

# The program as a word of a command; not a folder of that name.
_DOCKER: Final = re.compile(r"(?<![\w/.])docker(?![\w/.])")
# What IPython fills in before it runs a command: {name...} and $name.
_FIELD: Final = re.compile(r"(?<!\{)\{\s*([A-Za-z_][\w.]*)|\$\{?([A-Za-z_]\w*)")
_RUNNERS: Final = {"system", "getoutput", "run_line_magic", "run_cell_magic"}


def parse(source: str) -> ast.Module | None:
    """Return a cell as IPython would run it (`!` and `%` are calls); None if it is no Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    except SyntaxError:
        return None


def assigned(tree: ast.AST) -> set[str]:
    """Return the names that a cell binds, `x = !command` among them; imports are not."""
    stores = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and is_store(n)}
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return stores | {node.name for node in ast.walk(tree) if isinstance(node, defined)}


def is_store(node: ast.Name) -> bool:
    """Tell whether a name is bound here."""
    return isinstance(node.ctx, ast.Store)


def imports(tree: ast.Module) -> ast.Module:
    """Return the cell with nothing left but its imports."""
    kept = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return ast.Module(body=list(kept), type_ignores=[])


def commands(tree: ast.AST) -> Iterator[str]:
    """Yield what a cell hands to the shell or to a magic, as it is written."""
    for node in ast.walk(tree):
        if is_command(node):
            yield " ".join(
                str(part.value)
                for argument in node.args
                for part in ast.walk(argument)
                if isinstance(part, ast.Constant)
            )


def is_command(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell whether a node is `get_ipython().system(...)` or one of its kin."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _RUNNERS
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "get_ipython"
    )


def calls_docker(tree: ast.AST) -> bool:
    """Tell whether a command in `tree` has the word docker."""
    return any(_DOCKER.search(text) for text in commands(tree))


def filled_in(tree: ast.AST) -> set[str]:
    """Return what IPython fills into a cell's commands: `here.name` for {here.name("web")}."""
    found = (_FIELD.findall(text) for text in commands(tree))
    return {name for pairs in found for pair in pairs for name in pair if name}
