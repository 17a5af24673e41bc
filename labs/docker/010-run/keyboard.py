#!/usr/bin/env python3
"""Run a command on a terminal of its own and type keys once it has printed something.

    keyboard.py '^C' docker attach web

Keys: ^C is Ctrl-C, ^P is Ctrl-P; all else is typed as it stands. Stands in for a reader's
hands: a notebook has no keyboard that a running command could listen to. Ends when the
command ends, with its exit status; hangs up after 30 s.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys

PATIENCE = 30  # seconds
QUIET = 0.1  # seconds: nothing more is being printed just now


def typed(keys: str) -> bytes:
    """Return what a terminal sends for `keys`: Ctrl clears all but the lowest five bits."""
    return re.sub(r"\^(.)", lambda key: chr(ord(key[1]) & 0b11111), keys).encode()


def copy(terminal: int) -> bool:
    """Copy what the command says next; False when it has ended."""
    try:
        said = os.read(terminal, 4096)
    except OSError:  # Linux reports the end of a terminal as an input/output error
        said = b""
    os.write(sys.stdout.fileno(), said.replace(b"\r\n", b"\n"))
    return bool(said)


def main(keys: str, *command: str) -> int:
    """Return the exit status of `command`."""
    signal.alarm(PATIENCE)
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    if copy(terminal):
        while select.select([terminal], [], [], QUIET)[0] and copy(terminal):
            pass
        os.write(terminal, typed(keys))
    while copy(terminal):
        pass
    _child, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
