"""What a run leaves on this machine: engine objects, processes, files, mounts, control groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from helpers.command import run as command
from helpers.drivers import images
from helpers.paths import ROOT
from helpers.records import labels

if TYPE_CHECKING:
    from docker import DockerClient

CGROUPS: Final = Path("/sys/fs/cgroup")
NAMESPACES: Final = Path("/run/netns")
OWN: Final = ("book", "labs")


@dataclass(frozen=True)
class Trace:
    """One thing. run: what its label says, where it has one. bound: removed with another."""

    kind: str
    ident: str
    name: str
    run: str = ""
    bound: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.ident[:19]}"


def on_engine(client: DockerClient) -> Iterator[Trace]:
    """Yield all objects of the engine but the book's base images."""
    api = client.api
    anonymous: set[str] = set()  # volumes that their container takes along
    for raw in api.containers(all=True):
        name = (raw.get("Names") or [""])[0].lstrip("/")
        yield _trace("container", raw["Id"], name, raw)
        if _run(raw):
            anonymous |= {str(mount.get("Name")) for mount in raw.get("Mounts", ())}
    for raw in api.networks():
        yield _trace("network", raw["Id"], raw["Name"], raw)
    for raw in api.volumes()["Volumes"] or []:
        bound = raw["Name"] in anonymous and len(raw["Name"]) == 64
        yield _trace("volume", raw["Name"], raw["Name"], raw, bound=bound)
    base = {images.reference(recipe.name) for recipe in images.catalogue()}
    for raw in api.images():
        names = [name for name in raw.get("RepoTags") or () if name != "<none>:<none>"]
        if not base & set(names):
            yield _trace("image", raw["Id"], ", ".join(names), raw)


def _run(raw: dict[str, Any]) -> str:
    return str((raw.get("Labels") or {}).get(labels.RUN, ""))


def _trace(kind: str, ident: str, name: str, raw: dict[str, Any], *, bound: bool = False) -> Trace:
    return Trace(kind, ident, name, _run(raw), bound)


def on_machine(run: str, scratch: Path) -> Iterator[Trace]:
    """Yield what the run `run`, whose temporary folder is `scratch`, has outside the engine."""
    for path in sorted(scratch.iterdir()):
        yield Trace("file", str(path), str(path))
    for process in processes(run):
        yield Trace("process", str(process.pid), " ".join(process.cmdline())[:100])
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4]
        if Path(point).is_relative_to(scratch):
            yield Trace("mount", point, point)
    for folder, _folders, _files in os.walk(CGROUPS):
        if run in Path(folder).name:
            yield Trace("control group", folder, folder)
    if NAMESPACES.is_dir():
        for path in NAMESPACES.iterdir():
            if run in path.name:
                yield Trace("network namespace", str(path), path.name)
    # New files among the book's: a lab writes to its scratch folder alone.
    listed = command(["git", "status", "--porcelain", "-uall", *OWN], cwd=ROOT, check=False)
    for line in listed.stdout.splitlines():
        if line.startswith("??"):
            yield Trace("file", line[3:], line[3:])


def processes(run: str) -> Iterator[psutil.Process]:
    """Yield the living processes that a kernel of this run began: they inherit its run id."""
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("LABS_RUN_ID") == run
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (psutil.Error, OSError):
            continue


def unlabelled(new: set[Trace], run: str, *, quiet: bool) -> list[Trace]:
    """Return what of the new objects `labs clean` would not find.

    quiet: nobody else uses the engine, so all that is new is the run's.
    """
    return [
        trace
        for trace in sorted(new, key=str)
        if not trace.run and not trace.bound and (quiet or run in trace.name)
    ]


def left(new: set[Trace], run: str, *, quiet: bool) -> list[Trace]:
    """Return what of the new objects is still the run's, after a clean-up."""
    return [
        trace
        for trace in sorted(new, key=str)
        if trace.run == run or run in trace.name or (quiet and not trace.run)
    ]
