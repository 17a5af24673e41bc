"""Programs that outlive the call that started them: launch one, know it again, end it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from helpers.command import run
from helpers.errors import TimedOut
from helpers.text import _
from helpers.waiting import wait_until


def launch(
    argv: Sequence[str], pid_file: Path, log: Path, env: Mapping[str, str] | None = None
) -> psutil.Process:
    """Start `argv` in a session of its own, without input, its output going to `log`.

    Raises CommandFailed when it cannot be started.
    """
    pid_file.unlink(missing_ok=True)
    script = 'echo $$ >"$0.new"; mv "$0.new" "$0"; log=$1; shift; exec "$@" </dev/null >"$log" 2>&1'
    run(["setsid", "--fork", "sh", "-c", script, str(pid_file), str(log), *argv], env=env)
    what = _("{program} to start").format(program=argv[0])
    wait_until(pid_file.exists, what=what, seconds=10)
    return psutil.Process(int(pid_file.read_text()))


def alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that ended and waits for its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(process: psutil.Process, seconds: float) -> None:
    """End a process, kindly at first. seconds: how long it may take. Raises TimedOut."""
    what = _("process {pid} to end").format(pid=process.pid)
    for ask, patience in ((process.terminate, seconds), (process.kill, 5.0)):
        try:
            ask()
            wait_until(lambda: not alive(process), what=what, seconds=patience)
        except psutil.NoSuchProcess:
            return
        except TimedOut:
            continue
        return
    raise TimedOut(what, seconds + 5)
