"""The same tests on several engines, one engine after the other.

    python -m tools.engines.matrix     tests/integration on the machine's engine, then on a
                                       current one, with either image store

`make test` runs the short form: `SHORT`, on a current engine with the containerd image store.
Base images are handed over from the machine's engine: to build them anew takes minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from helpers.drivers import images
from helpers.drivers.engine import open_client, search
from helpers.errors import LabError
from helpers.records.engine import Endpoint
from helpers.text import _
from tools.engines import current, isolated
from tools.engines.debian import os_release
from tools.suites import Result, Run, Suite

FOLDER: Final = "tests/integration"
# What engines are known to do each in its way, in the order of their cost.
SHORT: Final = tuple(
    f"{FOLDER}/{name}"
    for name in (
        "test_session.py",  # labels, clean-up, ports, an image built
        "test_docker_010.py",  # run, exec, logs, signals, events
        "test_docker_020.py",  # layers, as each image store keeps them
        "test_container_layer.py",
        "test_kernel_network.py",  # ports and names, in nft and iptables
        "test_packet_path.py",
        "test_exercises.py::test_exercise_plays[docker/010-run/till]",
    )
)
# What they start from; the others are built when a test asks for them.
HANDED_OVER: Final = ("base", "busybox", "python", "nginx", "nettools")


@dataclass(frozen=True)
class OnCurrent:
    """Tests on a current engine of our own. chosen: files of tests/integration, or all of it."""

    store: current.Store
    chosen: tuple[str, ...] = SHORT

    def __call__(self) -> Result:
        """Run them and count; where the engine cannot be had, say so and count a skip."""
        engine = current.engine(self.store)
        given = search().endpoint
        try:
            current.need_root()
            with isolated.alone(engine):
                current.prepare()
            with isolated.running(engine):
                print(f"# {current.version(engine)}, {self.store} image store", flush=True)
                current.forget_containers(engine)
                if given is not None:
                    hand_over(given, engine, HANDED_OVER)
                return self._tests(engine)
        except LabError as error:
            return not_to_be_had(error)

    def _tests(self, engine: isolated.Engine) -> Result:
        def launch(argv: Sequence[str], root: Path) -> int:
            env = {**os.environ, **current.environment(engine)}
            inside = engine.inside(argv)
            return subprocess.run(inside, cwd=root, env=env, check=False).returncode

        ran = Suite(FOLDER, chosen=self.chosen, launch=launch)()
        return replace(ran, what=(f"{ran.what[0]} on a current engine ({self.store})",))


def not_to_be_had(error: LabError) -> Result:
    """Say why there is no current engine: a failure only in CI, on Debian, where it must run."""
    why = _("No current engine to test on: {why}").format(why=error.what)
    print(why, flush=True)
    if os.environ.get("LABS_REQUIRE_LIVE") and os_release().get("ID") == "debian":
        return Result(failed=1, faults=(why,))
    return Result(skipped=1, what=(why,))


def hand_over(source: Endpoint, engine: isolated.Engine, names: Iterable[str]) -> None:
    """Copy the base images that the engine lacks, or has in another state, from `source`.

    What cannot be copied is built when a test asks for it.
    """
    target = Endpoint(engine.url, engine.name)
    with closing(open_client(source)) as near, closing(open_client(target)) as far:
        wanted = [
            recipe.name
            for recipe in images.catalogue()
            if recipe.name in set(names)
            and images.state(near, recipe).presence == "ready"
            and images.state(far, recipe).presence != "ready"
        ]
    if not wanted:
        return
    began, docker = time.monotonic(), engine.which("docker")
    save = [docker, "--host", source.url, "save", *(images.reference(name) for name in wanted)]
    load = [docker, "--host", engine.url, "load", "--quiet"]
    # From one to the other: no file of some hundred megabytes is written between.
    with subprocess.Popen(save, stdout=subprocess.PIPE) as saving:
        loaded = subprocess.run(load, stdin=saving.stdout, stdout=subprocess.DEVNULL, check=False)
    went = "handed over" if loaded.returncode == saving.returncode == 0 else "not handed over"
    seconds = time.monotonic() - began
    print(f"# images {', '.join(wanted)}: {went} in {seconds:.0f} s", flush=True)


# --- the full form


def fewer(first: Result, other: Result) -> str:
    """Return the fault of an engine on which fewer tests ran than on the first, or nothing."""
    before, after = first.passed + first.failed, other.passed + other.failed
    return f"only {after} tests ran, {before} on the first engine" if after < before else ""


@dataclass(frozen=True)
class Held:
    """Tests on one engine, held against those on the engines before it."""

    run: Run
    before: list[Result]

    def __call__(self) -> Result:
        """Run them; fewer than on the first engine are a failure."""
        result = self.run()
        if not result.passed + result.failed:
            return result  # there is no such engine, and that was said
        self.before.append(result)
        fault = fewer(self.before[0], result)
        if not fault:
            return result
        return replace(result, failed=result.failed + 1, faults=(*result.faults, fault))


def main() -> int:
    """Run the full form; return the exit status."""
    from tools import summary  # it has the short form among its kinds

    engines: dict[str, Run] = {
        "machine": Suite(FOLDER),
        "graph": OnCurrent("graph", ()),
        "containerd": OnCurrent("containerd", ()),
    }
    ran: list[Result] = []
    return summary.run_all({name: (Held(run, ran),) for name, run in engines.items()})


if __name__ == "__main__":
    sys.exit(main())
