"""worker: 0.1 s of its own, 32 bytes from rng, their hash from hasher, again and again.

A hash that begins with 0 is a coin: it goes into redis (HSET wallet), and so does, about
once a second, the number of hashes made (INCRBY hashes). What fails is tried again from
where it failed. Each hash is counted once, even when redis answers too late or not at all.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

RNG_URL = os.environ.get("RNG_URL", "http://rng:8080")
HASHER_URL = os.environ.get("HASHER_URL", "http://hasher:8080")
REDIS_URL = os.environ.get("REDIS_URL", "redis://redis:6379/0")
SERVICES = ("rng", "hasher")
PORT = 8080  # below 1024 needs root on many engines
WORK_SECONDS = 0.1
REPORT_SECONDS = 1.0
RETRY_SECONDS = 0.1  # the first pause after a failure; each further one is twice as long
ANSWER_SECONDS = 15.0  # a hundred workers queue for ten seconds at one rng
STOP_SECONDS = 0.5  # on SIGTERM, for the last report
SILENT_SECONDS = 60.0  # without a step or a try: no longer healthy
STOP = {signal.SIGTERM, signal.SIGINT}


def log(event: str, **fields: object) -> None:
    """Write one JSON line to stdout, which is where a container's log comes from."""
    line = {"time": time.time(), "service": "worker", "event": event, **fields}
    # One write: print() writes the line and its end apart, and threads get between them.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def fetch(url: str, turn: int, data: bytes | None = None) -> bytes:
    """GET `url` (POST with `data`) on a new connection; copies of a service take turns.

    The name is looked up each time, and `turn` picks among its addresses (IPv4, where the
    services listen). The first address would not do: the engine shuffles them, so that one
    copy idles while another has a queue; and where IPv6 is on, getaddrinfo sorts them by
    likeness to our own (RFC 6724, rule 9), so that a worker stays with one copy for ever. A
    connection kept open would do the same.
    """
    parts = urlsplit(url)
    port = parts.port or 80
    found = socket.getaddrinfo(parts.hostname, port, socket.AF_INET, socket.SOCK_STREAM)
    addresses = sorted({str(info[4][0]) for info in found})
    connection = http.client.HTTPConnection(
        addresses[turn % len(addresses)], port, timeout=ANSWER_SECONDS
    )
    try:
        method = "GET" if data is None else "POST"
        connection.request(method, parts.path or "/", data, {"Host": parts.netloc})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{url} answered {answer.status}")
    return body


class Ledger:
    """What was made, what redis has confirmed, and the difference still to report."""

    def __init__(self, store: Any, name: str) -> None:
        self.store = store
        self.key = f"worker:{name}"  # our own total, so that a doubt can be cleared up
        self.made = self.reported = 0
        self.coins: dict[str, str] = {}
        self.doubt = False
        self.lock = threading.Lock()

    def add(self, digest: str, drawn: bytes) -> None:
        with self.lock:
            self.made += 1
            if digest.startswith("0"):
                self.coins[digest] = drawn.hex()

    def report(self) -> int:
        """Tell redis what is new, all or nothing; return the number of new hashes.

        When the answer to a report was lost, redis may have carried it out: our own total,
        written in the same transaction, tells. (If redis forgot it, its memory is gone.)
        """
        with self.lock:
            if self.doubt:
                self.reported = int(self.store.get(self.key) or self.reported)
            fresh = self.made - self.reported
            if fresh or self.coins:
                self.doubt = True
                transaction = self.store.pipeline(transaction=True)
                transaction.incrby("hashes", fresh)
                transaction.set(self.key, self.made, ex=3600)
                if self.coins:
                    transaction.hset("wallet", mapping=self.coins)
                transaction.execute()
                self.reported, self.coins = self.made, {}
            self.doubt = False
            return fresh


class Worker:
    """The loop. `fetch` and `ledger` are given, so that tests can make them fail."""

    def __init__(self, ledger: Ledger, fetch: Callable[..., bytes] = fetch) -> None:
        self.ledger, self.fetch = ledger, fetch
        self.stop = threading.Event()
        # Each starts anywhere in the rotation, lest all workers move in step.
        self.turns = {name: itertools.count(random.randrange(1000)) for name in SERVICES}
        self.waits: dict[str, list[float]] = {name: [] for name in SERVICES}
        self.last_try = self.last_report = time.monotonic()

    def run(self) -> None:
        while not self.stop.wait(WORK_SECONDS):
            drawn = self.insist("rng", f"{RNG_URL}/32")
            if drawn is None:
                return
            digest = self.insist("hasher", HASHER_URL, drawn)
            if digest is None:
                return
            self.ledger.add(digest.decode(), drawn)
            if time.monotonic() - self.last_report >= REPORT_SECONDS:
                self.report()

    def insist(self, name: str, url: str, data: bytes | None = None) -> bytes | None:
        """Ask until it is answered, pausing longer each time; None once we are to stop."""
        pause = RETRY_SECONDS
        while not self.stop.is_set():
            self.last_try = began = time.monotonic()
            try:
                answer = self.fetch(url, next(self.turns[name]), data)
            except (OSError, http.client.HTTPException) as error:
                log("retry", asked=name, error=str(error), pause=pause)
                self.stop.wait(pause)
                pause = min(2 * pause, 2.0)
            else:
                self.waits[name].append(time.monotonic() - began)
                return answer
        return None

    def report(self) -> None:
        """Report what is new; what redis does not take stays for the next time."""
        self.last_report = time.monotonic()
        try:
            fresh = self.ledger.report()
        except Exception as error:  # redis.RedisError is no OSError; the ledger keeps all
            log("kept", hashes=self.ledger.made - self.ledger.reported, error=str(error))
            return
        seconds = {name: round(sum(w) / len(w), 4) for name, w in self.waits.items() if w}
        self.waits = {name: [] for name in SERVICES}
        if fresh:
            log("reported", hashes=fresh, seconds=seconds)


def health_server(worker: Worker) -> ThreadingHTTPServer:
    """Serve /healthz: healthy while the loop turns, even if it can only try and try."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            alive = time.monotonic() - worker.last_try < SILENT_SECONDS
            made, reported = worker.ledger.made, worker.ledger.reported
            body = json.dumps({"alive": alive, "made": made, "reported": reported}).encode()
            self.send_response(200 if alive else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing of health checks."""

    return ThreadingHTTPServer(("", PORT), Handler)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def turn(worker: Worker, broken: threading.Event) -> None:
    """Run the loop; should it ever break, end the process rather than idle in good health."""
    try:
        worker.run()
    except Exception as error:
        log("broken", error=repr(error))
        broken.set()
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    # PID 1 gets no default action for SIGTERM: block the signal, then wait for it here.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    import redis  # takes its time: a signal that comes meanwhile is not lost any more

    store = redis.Redis.from_url(REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    worker = Worker(Ledger(store, f"{socket.gethostname()}-{uuid.uuid4().hex[:6]}"))
    in_thread(health_server(worker).serve_forever)
    broken = threading.Event()
    loop = in_thread(lambda: turn(worker, broken))
    log("ready", rng=RNG_URL, hasher=HASHER_URL)
    received = signal.sigwait(STOP)
    worker.stop.set()
    loop.join(0.2)  # a hash all but made still counts; one in a queue does not
    in_thread(worker.report).join(STOP_SECONDS)  # redis may be gone: do not wait for ever
    lost = worker.ledger.made - worker.ledger.reported
    log("stopped", signal=signal.Signals(received).name, unreported=lost)
    return 1 if broken.is_set() else 0


if __name__ == "__main__":
    raise SystemExit(main())
