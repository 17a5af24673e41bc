"""`make start`: engine, images, JupyterLab on the book. The last line printed is its URL.

Whatever is missing is said in a sentence, and the book opens all the same: without an
engine its labs show what was recorded. Ctrl-C ends what was started here, save an engine
that now is a service of the machine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

import psutil
from jupyter_core.paths import jupyter_runtime_dir

from helpers.command import tail
from helpers.drivers import daemon
from helpers.drivers.background import end
from helpers.errors import LabError
from helpers.paths import ROOT
from helpers.records.engine import Daemon
from helpers.text import _
from helpers.waiting import wait_until
from tools.prepare import ready_engine, ready_images, say

FRONT: Final = "lab/tree/book/intro.md"
PORT: Final = 8888
LOG: Final = ROOT / ".cache" / "jupyterlab.log"
START_TIMEOUT: Final = 60  # seconds
STOP_TIMEOUT: Final = 20  # seconds; JupyterLab ends its kernels first


def servers() -> list[Mapping[str, Any]]:
    """Return the Jupyter servers of this user that serve this folder and answer."""
    found = []
    for file in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            info = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        same = os.path.realpath(info.get("root_dir", "")) == str(ROOT)
        if same and psutil.pid_exists(info["pid"]) and answers(info["url"]):
            found.append(info)
    return found


def answers(url: str) -> bool:
    """Tell whether a Jupyter server answers at `url`."""
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with local.open(f"{url}api", timeout=2) as response:
            return "version" in json.load(response)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def address(info: Mapping[str, Any]) -> str:
    """Return the URL that opens the book in a server."""
    return f"{info['url']}{FRONT}?token={info['token']}"


def show(info: Mapping[str, Any]) -> None:
    """Open a browser window on the book, where there is a screen and NO_BROWSER is not set."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if os.environ.get("NO_BROWSER") or not (screen or sys.platform == "darwin"):
        return
    # A file that redirects: its path may be seen by others on the machine, the token may not.
    webbrowser.open((Path(jupyter_runtime_dir()) / f"jpserver-{info['pid']}-open.html").as_uri())


def command() -> list[str]:
    """Return the command line of JupyterLab on this book."""
    argv = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
    argv += [f"--ServerApp.port={PORT}", f"--ServerApp.root_dir={ROOT}"]
    argv += [f"--LabApp.default_url=/{FRONT}"]
    return [*argv, "--allow-root"] if os.geteuid() == 0 else argv


def environment() -> dict[str, str]:
    """Return JupyterLab's variables: our settings before the reader's, our programs on PATH."""
    settings = [str(Path(__file__).parent / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        **os.environ,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings)),
        "PATH": os.pathsep.join(filter(None, path)),
    }


def launch() -> subprocess.Popen[bytes]:
    """Start JupyterLab, its output in a log."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        return subprocess.Popen(
            command(),
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C comes to us; we end it in good order
        )


def await_answer(server: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    """Return what JupyterLab says of itself once it answers.

    Raises LabError with the end of its log when it ended instead, TimedOut.
    """

    def look() -> Mapping[str, Any] | None:
        if server.poll() is not None:
            what = _("JupyterLab did not start:\n{log}").format(log=tail(LOG.read_text()))
            raise LabError(what, remedy=_("Its whole log is {file}.").format(file=LOG))
        return next((info for info in servers() if info["pid"] == server.pid), None)

    what = _("JupyterLab to answer")
    seen = wait_until(look, what=what, seconds=START_TIMEOUT, every=0.1)
    assert seen is not None
    return seen


def close(server: subprocess.Popen[bytes]) -> None:
    """End JupyterLab and its kernels."""
    if server.poll() is None:
        end(psutil.Process(server.pid), STOP_TIMEOUT)
    server.wait()


# --- together -----------------------------------------------------------------------------


def stop_on(_number: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that everything is ended on the way."""
    raise KeyboardInterrupt


def serve() -> None:
    """Make all ready while JupyterLab starts, print where it is, stay until someone ends it."""
    made: Daemon | None = None
    server = launch()
    try:
        where, made = ready_engine()
        if where is None or not ready_images(where):
            say(_("The book opens all the same; labs that lack something show recordings."))
        if os.geteuid() == 0:
            say(_("You are root, and so are the notebooks: fine on a machine of your own."))
        info = await_answer(server)
        show(info)
        say(_("JupyterLab runs; Ctrl-C here ends it."))
        say(address(info))
        server.wait()
    finally:
        close(server)
        if made is not None and made.how == "process":
            daemon.stop(made)


def main() -> int:
    """Do what `make start` promises; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on)
    try:
        running = servers()
        if running:
            show(running[0])
            say(_("JupyterLab runs here already."))
            say(address(running[0]))
        else:
            serve()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say(_("\nJupyterLab is closed."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
