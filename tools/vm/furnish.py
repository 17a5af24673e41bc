"""What the machine is given: the code, Python packages, images, and a current engine.

All of it is copied from here, at the same paths, so the machine needs no network. What it has
already is not sent again: a stamp there says what each part was made from.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.errors import LabError, MissingNeed
from helpers.host import look_for_engine
from helpers.paths import ROOT
from helpers.records.host import Unavailable
from tools.vm.machine import get, machine, put, send

VENV: Final = ROOT / ".venv"
STAMPS: Final = "/var/lib/containers-book"
OURS: Final = "containers-book"  # our own distribution: `labs`, and the way to helpers/
PACKAGES: Final = (
    *("pytest", "hypothesis", "docker", "psutil", "PyYAML", "packaging"),
    *("nbformat", "nbclient", "nbval", "ipykernel", "ipywidgets"),
    *("anywidget", "jupyterquiz", "plotly", "rich"),
)


def furnish(names: Iterable[str]) -> None:
    """Bring the code, its packages and the images `names` into the machine. Raises LabError."""
    if sys.version_info[:2] != (3, 11):
        raise MissingNeed("The machine runs Python 3.11 and needs packages made for it.")
    root = shlex.quote(str(ROOT))
    old = f"find {root} -mindepth 1 -maxdepth 1 ! -name .venv ! -name .cache -exec rm -rf {{}} +"
    machine("run", f"mkdir -p {root} && {old}")
    send(archive(ROOT, ours()), f"tar -C {root} -xf -")
    furnish_python()
    furnish_images(names)


def is_new(part: str, made_from: str) -> bool:
    """Tell whether the machine's `part` was made from something else, or is not there."""
    return get(f"{STAMPS}/{part}") != made_from


def stamp(part: str, made_from: str) -> None:
    """Note there what `part` was made from."""
    put(f"{STAMPS}/{part}", made_from)


def say(line: str) -> None:
    """Print a line of progress at once."""
    print(line, flush=True)


# -- the code


def ours() -> list[str]:
    """Return the files of this repository, committed or not, by their paths below its root."""
    line = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def archive(folder: Path, names: Iterable[str]) -> bytes:
    """Return a tar of some files of a folder; a folder's name takes all below it."""
    with tempfile.NamedTemporaryFile("w", suffix=".list") as listed:
        listed.write("\0".join(names))
        listed.flush()
        line = ["tar", "-C", str(folder), "--null", "-T", listed.name, "-cf", "-"]
        return subprocess.run(line, capture_output=True, check=True).stdout


# -- Python


def furnish_python() -> None:
    """Make an environment there, of the machine's Python and our packages."""
    names = sorted({str(path.relative_to(VENV)) for path in packages(PACKAGES)})
    wanted = sha256("\n".join([*names, *versions(PACKAGES)]).encode()).hexdigest()
    if not is_new("python", wanted):
        return
    say(f"Copying the Python environment ({len(names)} files) ...")
    venv = shlex.quote(str(VENV))
    machine("run", f"rm -rf {venv} && python3 -m venv --without-pip {venv}")
    send(archive(VENV, names), f"tar -C {venv} -xf -")
    stamp("python", wanted)


def needed(names: Iterable[str]) -> Iterator[str]:
    """Yield the names of packages and of all they need, as far as they are installed."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # needed on other systems only
        yield name
        needs = [Requirement(each) for each in requires]
        waiting += [n.name for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]


def packages(names: Iterable[str]) -> Iterator[Path]:
    """Yield the files of installed packages, of all they need, and of our own."""
    for name in [*needed(names), OURS]:
        for file in distribution(name).files or []:
            path = VENV / Path(str(file.locate())).resolve().relative_to(VENV.resolve())
            if path.exists():
                yield path


def versions(names: Iterable[str]) -> list[str]:
    """Return the versions of packages and of all they need."""
    return sorted(f"{name} {distribution(name).version}" for name in needed(names))


# -- images


def furnish_images(names: Iterable[str]) -> None:
    """Bring images into the engine that runs there, as `docker save` writes them."""
    engine = look_for_engine()
    if isinstance(engine, Unavailable):
        raise MissingNeed(engine.reason, remedy=engine.remedy)
    with closing(open_client(engine.endpoint)) as client:
        chosen = sorted(set(names))
        images.ensure(client, chosen, images.show_progress())
        idents = {name: str(client.images.get(images.reference(name)).id) for name in chosen}
    store = machine("run", "docker info -f '{{.DockerRootDir}}'").strip().replace("/", "-")
    new = [name for name in chosen if is_new(f"images{store}/{name}", idents[name])]
    if not new:
        return
    say(f"Copying images ({', '.join(new)}) ...")
    line = ["docker", "--host", engine.endpoint.url, "save", *map(images.reference, new)]
    send(subprocess.run(line, capture_output=True, check=True).stdout, "docker load -q")
    for name in new:
        stamp(f"images{store}/{name}", idents[name])


# -- the current engine


def furnish_engine() -> None:
    """Bring the current engine's files into the machine. Raises LabError."""
    from tools.engines import current, isolated

    engine = current.engine()
    if not (current.FOLDER / "root").exists():
        with isolated.alone(engine):  # who records here meanwhile keeps it for long
            current.prepare()
    version = current.version(engine)
    if not version:
        raise LabError("The current engine does not say its version.")
    if is_new("engine", version):
        say(f"Copying the engine ({version}) ...")
        folder = current.FOLDER.relative_to(ROOT)
        target = shlex.quote(str(current.FOLDER))
        machine("run", f"rm -rf {target} && mkdir -p {target}")
        content = archive(ROOT, [f"{folder}/root", f"{folder}/config"])
        send(content, f"tar -C {shlex.quote(str(ROOT))} -xf -")
        stamp("engine", version)
