"""Run a notebook from the top in a fresh kernel of this environment."""

from __future__ import annotations

import copy
import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from helpers.errors import LabError
from tools.notebooks.book import CELL_TIMEOUT

STARTUP_TIMEOUT: Final = 120  # seconds: a loaded machine takes its time to import IPython


class CellFailed(LabError):
    """A cell ended with an error, took too long, or took its kernel with it."""

    def __init__(self, number: int, source: str, why: str) -> None:
        self.number = number
        indented = "\n".join(f"    {line}" for line in source.splitlines())
        super().__init__(f"Code cell {number} failed: {why}\n{indented}")


def environment(
    root: Path, run: str, home: Path, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of a kernel, the same whoever runs it and from wherever.

    run: names the run's objects. home: an empty folder in place of the user's IPython
    profile, whose start-up files and settings are no part of the book.
    """
    made = dict(environ)
    code = str(Path(__file__).parents[2])
    made["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", "")])
    made["PYTHONPATH"] = os.pathsep.join(filter(None, [code, environ.get("PYTHONPATH")]))
    made["IPYTHONDIR"] = str(home)
    made["LABS_BOOK"] = str(root)
    made["LABS_RUN_ID"] = run
    made["LABS_LANG"] = "en"
    made["LC_ALL"], made["TZ"] = "C.UTF-8", "UTC"
    made.pop("RETAIN", None)  # a recording ends as a reader's run does: with everything gone
    return made


def run_of(lab: str) -> str:
    """Return the run id under which `lab` is recorded: four hex digits, always the same."""
    number = 0
    while True:
        run = hashlib.sha256(f"{lab}{number or ''}".encode()).hexdigest()[:4]
        if _tells_apart(run):
            return run
        number += 1


def random_run() -> str:
    """Return a run id of its own for one test run, so that two at once do not collide."""
    while not _tells_apart(run := secrets.token_hex(2)):
        pass
    return run


def _tells_apart(run: str) -> bool:
    # letters and digits, so that it is neither a word nor a number of the page
    return not run.isdigit() and not run.isalpha()


def execute(
    notebook: NotebookNode, path: Path, root: Path, run: str, *, timeout: int = CELL_TIMEOUT
) -> NotebookNode:
    """Return a copy of `notebook` with the outputs of a run in its own folder.

    path: where the notebook lies. timeout: seconds for one cell. Raises CellFailed.
    """
    made = copy.deepcopy(notebook)
    at = [0]  # the cells that were begun
    made.metadata.pop("widgets", None)  # a run without widgets would keep the old ones
    with tempfile.TemporaryDirectory(prefix="ipython-") as home:
        client = NotebookClient(
            made,
            km=_manager(Path(home)),
            timeout=timeout,
            startup_timeout=STARTUP_TIMEOUT,
            resources={"metadata": {"path": str(path.parent)}},
            store_widget_state=True,
            record_timing=False,
            coalesce_streams=False,
            on_cell_start=lambda cell, cell_index: at.append(cell_index),
        )
        try:
            client.execute(cleanup_kc=True, env=environment(root, run, Path(home)))
        except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
            raise _failure(made, at[-1], error, timeout) from error
    return made


def _manager(home: Path) -> AsyncKernelManager:
    """Return a manager for a kernel of this very Python, whatever kernels the user has."""
    return AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport="ipc",  # over TCP other users of the machine could listen
        ip=str(home / "kernel"),
    )


def _failure(notebook: Any, index: int, error: Exception, timeout: int) -> CellFailed:
    cell = notebook.cells[index]
    number = sum(each.cell_type == "code" for each in notebook.cells[: index + 1])
    if isinstance(error, CellExecutionError):
        why = f"{error.ename}: {error.evalue}"
    elif isinstance(error, CellTimeoutError):
        why = f"it took more than {timeout} s"
    elif isinstance(error, DeadKernelError):
        why = "the kernel died"
    else:
        why = str(error)
    return CellFailed(number, cell.source, why)
