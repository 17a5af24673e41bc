# A hundred entries in a ledger, each on the disk before the next is begun: what a database does.
import os
import statistics
import sys
import time

file = os.open(sys.argv[1], os.O_WRONLY)
took = []
for number in range(100):
    begun = time.perf_counter()
    os.pwrite(file, b"one more entry\n", number * 4096)
    os.fdatasync(file)
    took.append((time.perf_counter() - begun) * 1000)
print(statistics.median(took))
