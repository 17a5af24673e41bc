"""Programs that a lab may install when the reader agrees."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """A program and the Debian packages it comes in.

    program: what must be on PATH. notice: what installing it does beside copying files, a
    sentence; empty where it does nothing else.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    notice: str = ""


@dataclass(frozen=True)
class Plan:
    """What apt would do, as names of packages."""

    new: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
