"""The only door to other programs: run one, get what it printed, or a pasteable error."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import CommandFailed, TimedOut
from helpers.waiting import patience

TAIL_LINES = 12  # of a failed program's output: enough to see why, few enough to read


@dataclass(frozen=True)
class Completed:
    """What a finished program left behind."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """Return the last `lines` non-empty lines of `text`."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def run(
    argv: Sequence[str],
    *,
    timeout: float = 60.0,
    check: bool = True,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
) -> Completed:
    """Run `argv` (never through a shell) and return what it printed.

    timeout: seconds. Raises CommandFailed (could not start; or, with `check`, ended with
    an error) and TimedOut (the program is killed).
    """
    timeout *= patience()
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=None if env is None else dict(env),
            cwd=cwd,
        )
    except OSError as error:
        raise CommandFailed(argv, None, str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"`{' '.join(argv)}`", timeout) from error
    if check and done.returncode != 0:
        raise CommandFailed(argv, done.returncode, tail(done.stdout + "\n" + done.stderr))
    return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
