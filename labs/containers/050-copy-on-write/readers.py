# Two readers of one file: one by read(), one by mapping it into memory. Then somebody writes.
import mmap
import os
import sys

path = sys.argv[1]
descriptor = os.open(path, os.O_RDONLY)
mapped = mmap.mmap(descriptor, 0, mmap.MAP_SHARED, mmap.PROT_READ)
mapped[:]  # look at it: now the page is in memory

writer = os.open(path, os.O_WRONLY)  # the first open for writing copies the file up
os.write(writer, b"new")

print("read():", os.pread(descriptor, 3, 0).decode())
print("mmap():", mapped[:3].decode())
