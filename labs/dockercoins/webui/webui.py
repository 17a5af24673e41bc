"""webui: `/json` answers the coins, the hashes and the time; `/` draws them as they grow."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REDIS_URL = os.environ.get("REDIS_URL", "redis://redis:6379/0")
PORT = 8080  # below 1024 needs root on many engines
PAGE = Path(__file__).with_name("index.html")
# The page may run its own script and ask this server, and nobody else.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'"
)
STOP = {signal.SIGTERM, signal.SIGINT}


def log(event: str, **fields: object) -> None:
    """Write one JSON line to stdout, which is where a container's log comes from."""
    line = {"time": time.time(), "service": "webui", "event": event, **fields}
    # One write: print() writes the line and its end apart, and threads get between them.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def counters(store: Any) -> dict[str, float]:
    """Return the number of coins and hashes so far, and the time in seconds since 1970."""
    transaction = store.pipeline(transaction=True)
    transaction.hlen("wallet")
    transaction.get("hashes")
    coins, hashes = transaction.execute()
    return {"coins": int(coins), "hashes": int(hashes or 0), "now": time.time()}


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections the kernel holds while we are busy

    def __init__(self, store: Any, port: int) -> None:
        super().__init__(("", port), Handler)
        self.store = store

    def handle_error(self, _request: object, client_address: tuple[str, int]) -> None:
        log("dropped", client=client_address[0], error=str(sys.exc_info()[1]))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path == "/":
            self.answer(200, PAGE.read_bytes(), "text/html; charset=utf-8")
        elif self.path == "/json":
            self.tell()
        elif self.path == "/healthz":  # of this process: redis has a health of its own
            self.answer(200, b"ok\n", "text/plain")
        else:
            self.answer(404, b"webui: / or /json\n", "text/plain")

    def tell(self) -> None:
        try:
            status, found = 200, dict[str, object](counters(self.server.store))
        except Exception as error:  # redis.RedisError is no OSError; the page must go on
            status, found = 503, {"error": str(error), "now": time.time()}
            log("unanswered", error=str(error))
        self.answer(status, json.dumps(found).encode(), "application/json")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing: a page asks once a second, which would drown what matters."""


def main() -> None:
    # PID 1 gets no default action for SIGTERM: block the signal, then wait for it here.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    import redis  # takes its time: a signal that comes meanwhile is not lost any more

    store = redis.Redis.from_url(REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    server = Server(store, PORT)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    log("ready", port=server.server_port)
    received = signal.sigwait(STOP)
    server.shutdown()
    log("stopped", signal=signal.Signals(received).name)


if __name__ == "__main__":
    main()
