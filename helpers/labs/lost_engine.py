"""One sentence when the engine goes away in the middle of a lab.

Without it the reader meets whatever breaks first: an assertion about an output that never
came, a name that no cell made, the depths of an HTTP library. So after each command with
the word docker, and on each error of a cell, this asks whether the engine is still there.
"""

from __future__ import annotations

import ast
from types import TracebackType
from typing import TYPE_CHECKING, Any

from helpers.drivers import engine
from helpers.errors import EngineLost, LabError, TimedOut
from helpers.labs import cells
from helpers.records.engine import Endpoint

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Watch(ast.NodeTransformer):
    """Looks for the engine at `endpoint` where a cell of `shell` speaks to it."""

    def __init__(self, shell: InteractiveShell, endpoint: Endpoint) -> None:
        self.shell = shell
        self.endpoint = endpoint

    def look(self) -> None:
        """Raise EngineLost if the engine is not there. (One that is only slow is.)"""
        try:
            engine.answer(self.endpoint)
        except TimedOut:
            return
        except LabError as error:
            raise EngineLost(self.endpoint.url) from error

    # -- after each command with the word docker

    def visit_Expr(self, node: ast.Expr) -> Any:
        """Put a look behind `!docker ...`."""
        return self._followed(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        """Put a look behind `x = !docker ...`."""
        return self._followed(node)

    def _followed(self, node: ast.Expr | ast.Assign) -> Any:
        if not (cells.is_command(node.value) and cells.calls_docker(node.value)):
            return node
        (look,) = ast.parse("get_ipython().labs_look()").body
        for part in ast.walk(look):
            ast.copy_location(part, node)
        return [node, look]

    # -- on each error

    def explain(
        self,
        shell: InteractiveShell,
        kind: type[Exception],
        error: Exception,
        trace: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        """Show what a cell raised, or that the engine has gone (IPython's hook)."""
        try:
            self.look()
        except EngineLost as lost:
            kind, error, trace = type(lost), lost, None
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)


def watch(shell: InteractiveShell, endpoint: Endpoint) -> None:
    """From now on, look for the engine at `endpoint` as the cells of `shell` run."""
    unwatch(shell)
    made = Watch(shell, endpoint)
    vars(shell).update(labs_look=made.look)
    shell.ast_transformers.append(made)
    shell.set_custom_exc((Exception,), made.explain)  # type: ignore[no-untyped-call]


def unwatch(shell: InteractiveShell) -> None:
    """Leave the cells of `shell` alone."""
    watching = [each for each in shell.ast_transformers if isinstance(each, Watch)]
    for each in watching:
        shell.ast_transformers.remove(each)
    if watching:
        shell.set_custom_exc((), None)  # type: ignore[no-untyped-call]
