"""One notebook, its cells run up to a boundary, and its kernel killed there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from helpers.drivers.engine import open_client, search
from helpers.errors import LabError
from helpers.paths import BOOK, ROOT
from tools.interrupts import traces
from tools.interrupts.traces import Trace
from tools.notebooks import quiet as places
from tools.notebooks.book import CELL_TIMEOUT, Book, lab_of, read, tags
from tools.notebooks.execute import environment, random_run
from tools.notebooks.provenance import unmet

STARTUP: Final = 120  # seconds: a loaded machine takes its time to import IPython
CLEANS: Final = threading.Lock()  # one `labs clean` at a time: each would see the other's


@dataclass(frozen=True)
class Lab:
    """A notebook's name, its folder and its code cells. alone: it measures the machine."""

    name: str
    folder: Path
    cells: tuple[Any, ...]
    unmet: str = ""
    alone: bool = False

    @staticmethod
    def at(path: Path) -> Lab:
        """Read the notebook at `path`. Raises BookError."""
        notebook = read(path)
        lacking = "; ".join(f"{need}: {why}" for need, why in unmet(lab_of(notebook)["needs"]))
        cells = tuple(cell for cell in notebook.cells if cell.cell_type == "code")
        return Lab(Book(ROOT).name(path), path.parent, cells, lacking, places.wanted(notebook))


def notebooks() -> list[Path]:
    """Return all notebooks of the book."""
    return sorted(BOOK.glob("*/*.ipynb"))


def killed_after(lab: Lab, boundary: int, *, quiet: bool) -> list[str]:
    """Run the first `boundary` code cells, kill the kernel, clean up; return what is wrong.

    quiet: nobody else uses the engine.
    """
    with places.place(alone=lab.alone):
        return _killed_after(lab, boundary, quiet=quiet)


def _killed_after(lab: Lab, boundary: int, *, quiet: bool) -> list[str]:
    run, home = random_run(), Path(tempfile.mkdtemp(prefix="ipython-"))
    scratch = Path(tempfile.mkdtemp(prefix="labs-"))
    scratch.chmod(0o1777)  # as /tmp: a lab about rootless containers acts as another user
    environ = {**environment(ROOT, run, home), "TMPDIR": str(scratch)}
    faults: list[str] = []
    try:
        before = _all(run, scratch)

        def look(number: int) -> None:
            new = set(_engine()) - before
            for trace in traces.unlabelled(new, run, quiet=quiet):
                said = f"after code cell {number} {trace} has no label"
                if not any(str(trace) in fault for fault in faults):
                    faults.append(said)

        with _kernel(lab, environ, home) as execute:
            for number, cell in enumerate(lab.cells[:boundary], 1):
                fault = execute(cell)
                look(number)
                if fault:
                    faults.append(f"code cell {number} failed: {fault}")
                    break
        faults += _clean(environ)
        new = _all(run, scratch) - before
        on_engine = {trace for trace in new if trace.kind in ENGINE}
        stayed = [
            *traces.left(on_engine, run, quiet=quiet),
            *sorted(new - on_engine, key=str),
        ]
        after = f"killed after code cell {boundary}, `labs clean` leaves"
        return [*faults, *(f"{after} {trace}" for trace in stayed)]
    finally:
        for process in traces.processes(run):
            process.kill()  # reported above; the next boundary begins without it
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)


ENGINE: Final = ("container", "network", "volume", "image")


def _engine() -> Iterator[Trace]:
    endpoint = search().endpoint
    if endpoint is not None:
        with closing(open_client(endpoint)) as client:
            yield from traces.on_engine(client)


def _all(run: str, scratch: Path) -> set[Trace]:
    return {*_engine(), *traces.on_machine(run, scratch)}


def _clean(environ: dict[str, str]) -> list[str]:
    """Clean up as a reader would; return what that complains of."""
    with CLEANS:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "labs"), "clean"],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    return [] if done.returncode == 0 else [f"`labs clean` failed: {done.stdout}{done.stderr}"]


@contextmanager
def _kernel(lab: Lab, environ: dict[str, str], home: Path) -> Iterator[Callable[[Any], str]]:
    """Start a kernel; yield what runs one cell and returns its error; kill it at the end."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    manager = KernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport="ipc",
        ip=str(home / "kernel"),
    )
    manager.start_kernel(env=environ, cwd=str(lab.folder))
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=STARTUP)

        def execute(cell: Any) -> str:
            answer = client.execute_interactive(
                cell.source,
                timeout=CELL_TIMEOUT,
                allow_stdin=False,
                output_hook=lambda _message: None,
            )["content"]
            if answer["status"] == "ok" or "raises-exception" in tags(cell):
                return ""
            return f"{answer.get('ename')}: {answer.get('evalue')}"

        yield execute
    finally:
        client.stop_channels()
        process = getattr(manager.provisioner, "process", None)
        if process is None:
            raise LabError("The kernel has no process that could be killed.")
        os.kill(process.pid, signal.SIGKILL)  # it alone: the manager would kill its children too
        process.wait()  # a zombie would count as alive
        manager.cleanup_resources()
