# Count in a file, one at a time: read the number, add one, write it back. 2000 times.
import fcntl
import sys
import time
from pathlib import Path

folder, me, careful = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "careful"
number, lock = folder / "number", (folder / "lock").open("w")
(folder / f"here-{me}").touch()
while len(list(folder.glob("here-*"))) < 2:  # begin together
    time.sleep(0.001)
for _ in range(2000):
    if careful:
        fcntl.flock(lock, fcntl.LOCK_EX)
    with number.open("r+") as file:
        seen = int(file.read())
        file.seek(0)
        file.write(f"{seen + 1:4}")
    if careful:
        fcntl.flock(lock, fcntl.LOCK_UN)
