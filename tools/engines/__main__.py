"""The command line of `tools.engines`; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from helpers.errors import LabError
from tools.engines import __doc__ as usage
from tools.engines import current, isolated


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    top = argparse.ArgumentParser(
        "tools.engines", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("verb", choices=["current", "run", "stop"])
    top.add_argument("name", nargs="?", default="current", choices=["current", "machine"])
    top.add_argument("--store", choices=["graph", "containerd"], default="graph")
    top.add_argument("--fresh", action="store_true", help="forget the images of earlier runs")
    own, command = split(arguments)
    found = top.parse_args(own)
    found.command = command
    return found


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide the command line at the first `--`."""
    cut = list(arguments).index("--") if "--" in arguments else len(arguments)
    return list(arguments[:cut]), list(arguments[cut + 1 :])


def run_on(engine: isolated.Engine, command: Sequence[str]) -> int:
    """Run `command` on the engine, in its namespace; return the exit status."""
    env = {**os.environ, **current.environment(engine)}
    with isolated.running(engine):
        current.forget_containers(engine)
        return subprocess.run(engine.inside(command), env=env, check=False).returncode


def do(asked: argparse.Namespace, engine: isolated.Engine) -> int:
    """Carry out one verb; return the exit status. Raises LabError."""
    current.need_root()
    if asked.verb == "stop":
        with isolated.alone(engine):
            isolated.sweep(engine)
        return 0
    with isolated.alone(engine):
        current.prepare()
        if asked.fresh:
            isolated.sweep(engine)
            current.remove_data(engine)
    print(f"# {current.version(engine)}, {asked.store} image store", flush=True)
    if asked.verb == "run":
        return run_on(engine, asked.command)
    with isolated.alone(engine):
        if not isolated.is_up(engine):
            isolated.start(engine)
    print(f"DOCKER_HOST={engine.url}")
    return 0


def stop_on(number: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that everything is cleaned up on the way."""
    raise SystemExit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; return the exit status."""
    asked = parse(arguments)
    if asked.name == "machine":  # as it is: nothing to start, nothing to clean up
        command = asked.command or ["true"]
        os.execvp(command[0], command)
    engine = current.engine(asked.store)
    signal.signal(signal.SIGTERM, stop_on)
    try:
        return do(asked, engine)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
