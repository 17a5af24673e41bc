"""A shop in three containers: `python3 /mall.py window`, `stock` or `ledger`.

The window (port 80) asks the other two, by name, and says what they answered. LISTEN: the
address at which one listens; 0.0.0.0, every address of the container, where it is not set.
"""

import os
import socket
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORTS = {"window": 80, "stock": 8000, "ledger": 7000}
KNOWN = {"stock": "12 cups", "ledger": "3 sales"}


def ask(name: str) -> str:
    """Return what a neighbour says, or why it says nothing."""
    try:
        with urllib.request.urlopen(f"http://{name}:{PORTS[name]}/", timeout=2) as answer:
            return answer.read().decode()
    except urllib.error.URLError as error:
        if isinstance(error.reason, socket.gaierror):
            return "unknown name"
        return "timed out" if isinstance(error.reason, TimeoutError) else "connection refused"
    except OSError:
        return "timed out"


class Handler(BaseHTTPRequestHandler):
    """Answers every request with a line of text, or two."""

    role = ""

    def do_GET(self) -> None:
        """Say what this one knows; the window asks."""
        said = KNOWN.get(self.role) or "\n".join(f"{name}: {ask(name)}" for name in KNOWN)
        body = said.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Handler.role = sys.argv[1]
    where = os.environ.get("LISTEN", "0.0.0.0")
    ThreadingHTTPServer((where, PORTS[Handler.role]), Handler).serve_forever()
