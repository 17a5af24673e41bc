"""A shop: `serve` sells apples over HTTP until SIGTERM, `check` asks whether it still does."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

ADDRESS = ("", 8080)
PRICE = os.environ.get("PRICE", "3")


class Counter(BaseHTTPRequestHandler):
    """Names the price."""

    def do_GET(self) -> None:
        """Answer every question."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"apples: {PRICE}\n".encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def close(*_signal: object) -> None:
    """Go home."""
    print("closed", flush=True)
    sys.exit(0)


if sys.argv[1:] == ["check"]:
    urlopen("http://127.0.0.1:8080", timeout=1)
else:
    signal.signal(signal.SIGTERM, close)
    print("open", flush=True)
    HTTPServer(ADDRESS, Counter).serve_forever()
