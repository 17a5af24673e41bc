"""Build images through the reader's own `docker`, and see what came of it.

The program is the one that the cells of a lab call, so builders and labels are the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis import builds as analysis
from helpers.command import run
from helpers.drivers.engine import engine_errors
from helpers.records import labels
from helpers.records.builds import Effect, Start

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT: Final = 120  # seconds
AT_ONCE: Final = 4  # containers; starting one is mostly waiting
EXEC: Final = "exec"
SHELL: Final = "shell"
NONE: Final = "none"
FORMS: Final = {
    "ENTRYPOINT": {EXEC: 'ENTRYPOINT ["echo", "entry"]', SHELL: "ENTRYPOINT echo entry"},
    "CMD": {EXEC: 'CMD ["echo", "cmd"]', SHELL: "CMD echo cmd"},
}
GIVEN: Final = ("echo", "given")
_MADE: Final = re.compile(r"^---> ([0-9a-f]{12})$")


def build(
    dockerfile: str,
    tag: str,
    arguments: Mapping[str, str],
    context: Path | None = None,
) -> None:
    """Build `dockerfile` (its text) as `tag`. Raises CommandFailed with the end of the log.

    context: the folder whose files it may copy; none without one.
    """
    argv = ["docker", "build", "--quiet", "--tag", tag]
    argv += [part for pair in arguments.items() for part in ("--build-arg", "=".join(pair))]
    argv += ["--file", "-", str(context)] if context else ["-"]
    run(argv, stdin=dockerfile, timeout=TIMEOUT, env=os.environ)


def effects(
    client: DockerClient, folder: Path, tag: str, arguments: Mapping[str, str]
) -> tuple[Effect, ...]:
    """Say what each instruction of `folder`'s Dockerfile changed in the image.

    Builds the Dockerfile up to its first instruction, its second, ... as `tag`-1, `tag`-2, ...,
    and compares each image with the one before. What stands before FROM makes no image.
    """
    lines = analysis.instructions((folder / "Dockerfile").read_text(encoding="utf-8"))
    first = next(at for at, line in enumerate(lines) if line.upper().startswith("FROM "))
    ends = range(first + 1, len(lines) + 1)

    def look(end: int) -> Mapping[str, Any]:
        name = f"{tag}-{end}"
        build("\n".join(lines[:end]) + "\n", name, arguments, folder)
        with engine_errors():
            image: Mapping[str, Any] = client.images.get(name).attrs
        return image

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = [look(ends[-1])]  # all of it first: the others then find their steps done
        seen = [*pool.map(look, ends[:-1]), *seen]
    befores = [None, *seen[:-1]]
    return tuple(
        _effect(lines[end - 1], before, after)
        for end, before, after in zip(ends, befores, seen, strict=True)
    )


def _effect(instruction: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Effect:
    layers = len(after["RootFS"]["Layers"])
    if before is None:
        return Effect(instruction, layers, int(after["Size"]), ())
    config, was = (_config(each) for each in (after, before))
    return Effect(
        instruction,
        layers - len(before["RootFS"]["Layers"]),
        int(after["Size"]) - int(before["Size"]),
        analysis.settings(was, config),
    )


def _config(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, without what the legacy builder notes about its own containers."""
    passing = ("Hostname", "Image", "AttachStdin", "AttachStdout", "AttachStderr")
    config = {key: value for key, value in image["Config"].items() if key not in passing}
    if image.get("Author"):
        config["Author"] = image["Author"]
    return config


def forget_steps(client: DockerClient, log: Iterable[str]) -> None:
    """Remove the images without a name that the legacy builder says it has made.

    It keeps every stage so, and labels only the last.
    """
    from docker.errors import APIError, ImageNotFound

    made = [found[1] for line in log if (found := _MADE.match(line.strip()))]
    for name in reversed(made):
        with suppress(APIError, ImageNotFound):
            image = client.images.get(name)
            if not image.tags and not (image.attrs["Config"].get("Labels") or {}).get(labels.RUN):
                client.images.remove(name, noprune=True)


def starts(client: DockerClient, base: str, name: str, marks: Mapping[str, str]) -> list[Start]:
    """Run an image for each pair of an ENTRYPOINT and a CMD, without and with a command given.

    name: what the images' names begin with. The base's own CMD is taken away first.
    """
    pairs = list(product((NONE, EXEC, SHELL), repeat=2))

    def tag(pair: tuple[str, str]) -> str:
        return f"{name}-{'-'.join(pair)}"

    def make(pair: tuple[str, str]) -> None:
        _form(base, tag(pair), *pair)

    def run_both(pair: tuple[str, str]) -> list[Start]:
        return [_start(client, tag(pair), pair, given, marks) for given in ((), GIVEN)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(make, pairs))
        return [start for both in pool.map(run_both, pairs) for start in both]


def _form(base: str, tag: str, entrypoint: str, cmd: str) -> None:
    wanted = {"ENTRYPOINT": entrypoint, "CMD": cmd}
    lines = [FORMS[key][form] for key, form in wanted.items() if form != NONE]
    build("\n".join([f"FROM {base}", "CMD []", *lines]) + "\n", tag, {})


def _start(
    client: DockerClient,
    image: str,
    pair: tuple[str, str],
    given: tuple[str, ...],
    marks: Mapping[str, str],
) -> Start:
    from docker.errors import APIError

    try:
        made = client.containers.create(
            image, list(given) or None, network_mode="none", labels=dict(marks)
        )
    except APIError:  # "no command specified"
        return Start(*pair, given, None, "")
    with engine_errors():
        made.start()
        made.wait(timeout=TIMEOUT)
        argv = (made.attrs["Path"], *made.attrs["Args"])
        said = made.logs().decode().strip()
        made.remove()
    return Start(*pair, given, argv, said)
