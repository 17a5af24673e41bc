"""A shop: names its prices, then sells until SIGTERM."""

import signal
import sys
from pathlib import Path


def close(*_signal: object) -> None:
    """Go home."""
    print("closed", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, close)
print("open:", *Path("/srv/prices.csv").read_text().split(), flush=True)
while True:
    signal.pause()
