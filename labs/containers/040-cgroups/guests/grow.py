"""Take memory, one MiB after the other: grow.py UNTIL [HOW MANY A SECOND]; then sleep."""

import sys
import time

until = int(sys.argv[1])
pause = 1 / float(sys.argv[2]) if len(sys.argv) > 2 else 0
taken = []
while len(taken) < until:
    taken.append(b"x" * (1 << 20))
    print(len(taken), flush=True)
    time.sleep(pause)
time.sleep(600)
