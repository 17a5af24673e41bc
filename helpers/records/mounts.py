"""Mounts, as /proc/PID/mountinfo lists them (proc_pid_mountinfo(5))."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MountEntry:
    """One line of mountinfo, with octal escapes undone.

    number, parent: ids of mounts. device: major:minor. root: what of the file system is
    mounted at point. options: of the mount; super_options: of the file system. optional:
    "shared:1" and the like. kind: the file system's type. line: the raw line.
    """

    number: int
    parent: int
    device: str
    root: str
    point: str
    options: tuple[str, ...]
    optional: tuple[str, ...]
    kind: str
    source: str
    super_options: tuple[str, ...]
    line: str
