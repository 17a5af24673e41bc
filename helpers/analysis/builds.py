"""What builders say and make, read: a build's log, a Dockerfile's instructions, two images."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from helpers.records.builds import BuildLog, BuildStep, Difference, Papers, Stamped
from helpers.text import _

_LINE: Final = re.compile(r"^#(\d+) (.*)$")
_STEP: Final = re.compile(r"^\[(?:(?P<stage>\S+) +)?\d+/\d+\] (?P<instruction>.+)$")
_DONE: Final = re.compile(r"^DONE (\d+(?:\.\d+)?)s$")
_SENT: Final = re.compile(r"^transferring context: (\d+(?:\.\d+)?)([kMG]?B)\b")
_UNIT: Final = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_NOISE: Final = frozenset({"ArgsEscaped"})  # about how Windows reads a command
_CONTINUED: Final = re.compile(r"\\\s*$")


def read_log(lines: Iterable[str]) -> BuildLog:
    """Read what `docker build --progress plain` printed with BuildKit."""
    steps: dict[str, BuildStep] = {}
    context = 0
    for line in lines:
        found = _LINE.match(line.strip())
        if found is None:
            continue
        number, text = found[1], found[2]
        step, sent, done = _STEP.match(text), _SENT.match(text), _DONE.match(text)
        if step is not None and number not in steps:
            stage = step["stage"] or ""
            steps[number] = BuildStep(step["instruction"], False, 0.0, stage)
        elif sent is not None:
            context = max(context, round(float(sent[1]) * _UNIT[sent[2]]))
        elif number in steps and text == "CACHED":
            steps[number] = replace(steps[number], cached=True)
        elif number in steps and done is not None:
            steps[number] = replace(steps[number], seconds=float(done[1]))
    return BuildLog(tuple(steps.values()), context)


def instructions(dockerfile: str) -> tuple[str, ...]:
    """Return a Dockerfile's instructions, each on one line, without comments."""
    found: list[str] = []
    open_line = False
    for line in dockerfile.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        part = _CONTINUED.sub("", text).rstrip()
        if open_line:
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
        open_line = _CONTINUED.search(text) is not None
    return tuple(found)


# -- an image's configuration


def settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what is different between two configurations (`Config` of `docker inspect`)."""
    return tuple(
        said
        for key in sorted(before.keys() | after.keys())
        for said in _changed(key, before.get(key), after.get(key))
    )


def _changed(key: str, was: Any, now: Any) -> Iterator[str]:
    if (was or None) == (now or None) or key in _NOISE:
        return
    if key == "Env":
        yield from (f"Env: {each}" for each in now or () if each not in (was or ()))
    elif isinstance(now, Mapping) and key in ("Labels", "ExposedPorts", "Volumes"):
        for name in now.keys() - (was or {}).keys():
            yield f"{key}: {name}={now[name]}" if key == "Labels" else f"{key}: {name}"
    elif not now:
        yield _("{key}: removed").format(key=key)
    else:
        yield f"{key}: {_short(now)}"


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = (f"{name} {_period(each)}" for name, each in sorted(value.items()))
        return ", ".join(parts)
    return value if isinstance(value, str) else json.dumps(value)


def _period(value: Any) -> str:
    """Return nanoseconds as seconds: the engine counts a health check's times so."""
    if isinstance(value, int) and value >= 10**6:
        return f"{value / 1e9:g} s"
    return value if isinstance(value, str) else json.dumps(value)


# -- two images


def compare(one: Papers, other: Papers) -> tuple[Difference, ...]:
    """Return in what two images differ: times and contents in layers, then in the papers.

    A digest that differs is not listed beside its cause.
    """
    found: list[Difference] = []
    for number, (mine, theirs) in enumerate(zip(one.layers, other.layers, strict=False), 1):
        if mine[0] != theirs[0]:
            found += _entries(number, mine[1], theirs[1])
    if len(one.layers) != len(other.layers):
        found.append(Difference(_("layers"), str(len(one.layers)), str(len(other.layers))))
    skip = ("rootfs", "container", "container_config")  # digests, and the legacy builder's notes
    found += _values("", _without(one.config, skip), _without(other.config, skip))
    return tuple(found)


def _without(config: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in keys}


def _entries(number: int, one: Iterable[Stamped], other: Iterable[Stamped]) -> list[Difference]:
    mine, theirs = ({each.path: each for each in side} for side in (one, other))
    found = []
    for path in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(path), theirs.get(path)
        place = _("layer {number}: {path}").format(number=number, path=path)
        if here is None or there is None:
            words = (_("there") if each else _("missing") for each in (here, there))
            found.append(Difference(place, *words))
        elif here.digest != there.digest:
            found.append(Difference(f"{place}, content", here.digest[:12], there.digest[:12]))
        elif here.time != there.time:
            found.append(Difference(f"{place}, time", str(here.time), str(there.time)))
    return found or [Difference(_("layer {number}").format(number=number), "…", "…")]


def _values(where: str, one: Any, other: Any) -> list[Difference]:
    if one == other:
        return []
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = sorted(one.keys() | other.keys())
        pairs = [(f"{where}.{key}", one.get(key), other.get(key)) for key in keys]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        both = zip(one, other, strict=True)
        pairs = [(f"{where}[{at}]", mine, theirs) for at, (mine, theirs) in enumerate(both)]
    else:
        return [Difference(where.lstrip("."), str(one), str(other))]
    return [each for place, mine, theirs in pairs for each in _values(place, mine, theirs)]
