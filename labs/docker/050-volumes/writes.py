# What writing costs in each folder named: the first byte into a large file, then small entries.
import os
import statistics
import sys
import time
from pathlib import Path

LARGE = 32_000_000  # bytes, as the image's file


def milliseconds(work, on):
    begun = time.perf_counter()
    work(on)
    return (time.perf_counter() - begun) * 1000


def first_byte(path):
    with path.open("r+b") as file:
        file.write(b"!")


def entry(ledger):  # safely on the disk before the next is begun
    os.pwrite(ledger, b"one more entry\n", 4096)
    os.fdatasync(ledger)


paths = [Path(folder, "stock") for folder in sys.argv[1:]]
for path in paths:
    if not path.exists():  # nothing of the image is here: lay the same file out
        with path.open("wb") as file:
            file.write(b"x" * LARGE)
            os.fsync(file)
first = [milliseconds(first_byte, path) for path in paths]
ledgers = [os.open(path, os.O_WRONLY) for path in paths]
took = [[] for _ in paths]
for _ in range(60):  # in turn, so that a busy moment of the disk meets all of them
    for ledger, times in zip(ledgers, took, strict=True):
        times.append(milliseconds(entry, ledger))
for path, once, times in zip(paths, first, took, strict=True):
    print(path.parent, f"{once:.4f} {statistics.median(times):.4f}")
