# 100 MB of memory, a child made by fork(), and one byte that the child writes.
import mmap
import os
import re
from pathlib import Path

memory = mmap.mmap(-1, 100_000_000, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if hasattr(mmap, "MADV_NOHUGEPAGE"):
    memory.madvise(mmap.MADV_NOHUGEPAGE)
memory.write(b"x" * len(memory))


def own():  # kB that this process has written and shares with nobody
    maps = Path("/proc/self/smaps").read_text()
    (largest,) = (part for part in maps.split("VmFlags")[:-1] if size(part, "Size") > 90_000)
    return size(largest, "Private_Dirty")


def size(part, name):
    return int(re.search(rf"^{name}: +(\d+) kB", part, re.M)[1])


if os.fork() == 0:
    print(f"child, before: {own()} kB of its own")
    memory[5] = 0
    print(f"child, after one byte: {own()} kB of its own", flush=True)
    os._exit(0)
os.wait()
