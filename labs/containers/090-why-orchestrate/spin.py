#!/usr/bin/env python3
"""Calculate for so many seconds, and print how many thousand hashes a second that made."""

import sys
import time
from hashlib import sha256

seconds, done = float(sys.argv[1]), 0
began = time.monotonic()
while time.monotonic() - began < seconds:
    for _ in range(100):
        sha256(b"a coin, perhaps").hexdigest()
    done += 100
print(round(done / (time.monotonic() - began) / 1000, 1))
