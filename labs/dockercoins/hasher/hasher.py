"""hasher: `POST /` answers the SHA-256 of the body, in hex, after 0.1 s.

As many requests at once as come: one thread each, and the 0.1 s is waiting, not work.
"""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080  # below 1024 needs root on many engines
HASH_SECONDS = 0.1
MOST_BYTES = 1 << 20
GRACE_SECONDS = 0.5  # on SIGTERM, for answers already on their way
STOP = {signal.SIGTERM, signal.SIGINT}


def log(event: str, **fields: object) -> None:
    """Write one JSON line to stdout, which is where a container's log comes from."""
    line = {"time": time.time(), "service": "hasher", "event": event, **fields}
    # One write: print() writes the line and its end apart, and threads get between them.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of `data` in hex, after the time that one hash takes."""
    time.sleep(HASH_SECONDS)
    return hashlib.sha256(data).hexdigest().encode()


class Server(ThreadingHTTPServer):
    """One thread a connection: requests do not wait for each other."""

    request_queue_size = 128  # connections the kernel holds while we are busy

    def __init__(self, port: int) -> None:
        super().__init__(("", port), Handler)

    def handle_error(self, _request: object, client_address: tuple[str, int]) -> None:
        log("dropped", client=client_address[0], error=str(sys.exc_info()[1]))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, b"ok\n")
        else:
            self.answer(200, b"hasher: POST / answers the SHA-256 of the body\n")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self.answer(411, b"hasher: say the Content-Length\n")
        elif len(length) > 8 or int(length) > MOST_BYTES:
            self.answer(413, b"hasher: at most %d bytes\n" % MOST_BYTES)
        else:
            came = time.monotonic()
            data = self.rfile.read(int(length))
            self.answer(200, digest(data))
            seconds = time.monotonic() - came
            client = self.client_address[0]
            log("hashed", bytes=len(data), seconds=round(seconds, 4), client=client)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", socket.gethostname())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing: hashes are logged in `do_POST`, health checks not at all."""


def main() -> None:
    # PID 1 gets no default action for SIGTERM: block the signal, then wait for it here.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    server = Server(PORT)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    log("ready", port=server.server_port)
    received = signal.sigwait(STOP)
    server.shutdown()
    deadline = time.monotonic() + GRACE_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
    log("stopped", signal=signal.Signals(received).name)


if __name__ == "__main__":
    main()
