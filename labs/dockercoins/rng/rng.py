"""rng: `GET /N` answers N random bytes after 0.1 s, one request at a time.

It stands for a scarce device, as the line before a single counter does: one clerk draws,
whoever else asks waits in the queue. `GET /healthz` does not queue, so a long line does
not look like an illness.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080  # below 1024 needs root on many engines
DRAW_SECONDS = 0.1
MOST_BYTES = 1 << 20  # refuse more: an unbounded N would be a way to fill the memory
GRACE_SECONDS = 0.5  # on SIGTERM, for answers already on their way
STOP = {signal.SIGTERM, signal.SIGINT}


def log(event: str, **fields: object) -> None:
    """Write one JSON line to stdout, which is where a container's log comes from."""
    line = {"time": time.time(), "service": "rng", "event": event, **fields}
    # One write: print() writes the line and its end apart, and threads get between them.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def draw(count: int) -> bytes:
    """Return `count` random bytes after the time that one draw takes."""
    time.sleep(DRAW_SECONDS)
    return os.urandom(count)


class Server(ThreadingHTTPServer):
    """One thread a connection, but a single clerk who draws: a queue in order of arrival."""

    request_queue_size = 128  # connections the kernel holds while we are busy

    def __init__(self, port: int) -> None:
        super().__init__(("", port), Handler)
        self.clerk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clerk")

    def handle_error(self, _request: object, client_address: tuple[str, int]) -> None:
        log("dropped", client=client_address[0], error=str(sys.exc_info()[1]))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "healthz":
            self.answer(200, b"ok\n")
        elif name == "":
            self.answer(200, b"rng: GET /N answers N random bytes\n")
        elif name.isascii() and name.isdigit() and int(name[:8]) <= MOST_BYTES and len(name) <= 8:
            self.queue(int(name))
        else:
            self.answer(400, b"rng: N is a number, at most %d\n" % MOST_BYTES)

    def queue(self, count: int) -> None:
        """Wait for the clerk, answer, and log how long it took from here."""
        came = time.monotonic()
        try:
            drawn = self.server.clerk.submit(draw, count).result()
        except (CancelledError, RuntimeError):  # RuntimeError: the clerk has gone home
            self.answer(503, b"rng: stopping, ask again\n")
            return
        seconds = time.monotonic() - came
        self.answer(200, drawn, "application/octet-stream")
        log("drew", bytes=count, seconds=round(seconds, 4), client=self.client_address[0])

    def answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", socket.gethostname())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing: draws are logged in `queue`, health checks not at all."""


def main() -> None:
    # PID 1 gets no default action for SIGTERM: block the signal, then wait for it here.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    server = Server(PORT)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    log("ready", port=server.server_port)
    received = signal.sigwait(STOP)
    server.shutdown()
    server.clerk.shutdown(wait=False, cancel_futures=True)  # those in line hear 503
    deadline = time.monotonic() + GRACE_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
    log("stopped", signal=signal.Signals(received).name)


if __name__ == "__main__":
    main()
