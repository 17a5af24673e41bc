"""Watch which processes are born, for some seconds, and print them, one in a line, as JSON.

births.py SECONDS. Runs in a container that sees the host's processes (`--pid host`). Standard
library only.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

PROC = Path("/proc")


def look(pid: str) -> tuple[str, int, str] | None:
    """Return a process's program, its parent and its words; None when it has gone."""
    try:
        stat = (PROC / pid / "stat").read_text(errors="replace")
        words = (PROC / pid / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return None
    name, rest = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :]
    return name, int(rest.split()[1]), words.replace("\0", " ")[:2000]


def pids() -> set[str]:
    """Return the numbers of all processes."""
    return {each.name for each in PROC.iterdir() if each.name.isdigit()}


def watch(seconds: float) -> None:
    """Note each newcomer when it is first seen, and again under each new name."""
    old, began = pids(), time.monotonic()
    seen: dict[tuple[str, str], dict[str, object]] = {}
    print("watching", flush=True)
    while (now := time.monotonic() - began) < seconds:
        for pid in pids() - old:
            found = look(pid)
            if found:
                name, parent, words = found
                new = {"pid": int(pid), "name": name, "first": now}
                seen.setdefault((pid, name), new).update(last=now, parent=parent, words=words)
    for each in seen.values():
        print(json.dumps(each))


if __name__ == "__main__":
    watch(float(sys.argv[1]))
