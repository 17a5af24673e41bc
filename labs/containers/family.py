#!/usr/bin/env python3
"""Print the line of parents of a process, the first of them at the top.

family.py PID. Standard library only: it also runs in a container that sees the host's processes.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROC = Path("/proc")


def parent(pid: int) -> int:
    """Return the number of a process's parent."""
    fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return int(fields[1])


def words(pid: int) -> str:
    """Return a process's program, and for the last in line its arguments too."""
    line = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if line[0].startswith("["):  # a name that the process chose: "[lxc monitor] /path name"
        return line[0].partition("]")[0][1:]
    return " ".join([line[0].rpartition("/")[2], *line[1:]]).strip()


def lineage(pid: int) -> list[int]:
    """Return `pid` and those before it, the first one first."""
    line = [pid]
    while line[0] > 1:
        above = parent(line[0])
        if above == 0:
            break
        line.insert(0, above)
    return line


def main() -> None:
    line = lineage(int(sys.argv[1]))
    for depth, pid in enumerate(line):
        name = words(pid) if pid == line[-1] else words(pid).partition(" -")[0]
        branch = "   " * (depth - 1) + "└─ " if depth else ""
        print(branch + ("process 1" if pid == 1 else name))


if __name__ == "__main__":
    main()
