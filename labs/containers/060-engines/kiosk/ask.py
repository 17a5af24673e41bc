"""Asks the window in this container and prints its answer; `ask.py crash` crashes the ledger."""

import sys
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

crash = sys.argv[1:] == ["crash"]
try:
    url = "http://127.0.0.1:7000/crash" if crash else "http://127.0.0.1:8000/"
    print(urlopen(url, timeout=5).read().decode(), end="")
except HTTPError as error:
    print(error.read().decode(), end="")
except (URLError, OSError):
    print("nobody answers" if not crash else "crashed")
