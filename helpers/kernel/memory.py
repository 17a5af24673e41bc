"""What memory a process really takes: /proc/PID/smaps_rollup, since Linux 4.14.

Pages that several processes map are divided among them in "Pss" (proportional set size), so that
sums mean something; "Rss" counts them once for each.
"""

from __future__ import annotations

from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import Files
from helpers.kernel.namespaces import refused
from helpers.records.host import Unavailable


def parse_pss(text: bytes) -> int:
    """Return the bytes in a smaps_rollup's line "Pss:". Raises Garbled."""
    for line in text.decode("ascii", "replace").splitlines():
        words = line.split()
        if len(words) == 3 and words[0] == "Pss:" and words[1].isdigit() and words[2] == "kB":
            return int(words[1]) * 1024
    raise Garbled("/proc/PID/smaps_rollup", text)


def read_pss(files: Files, pid: int) -> int | Unavailable:
    """Return how many bytes of memory a process takes, shared pages by its share of them."""
    try:
        return parse_pss(files.read(f"/proc/{pid}/smaps_rollup"))
    except OSError as error:
        return refused(error)
