#!/usr/bin/env python3
"""What a call costs:  calls.py serve  |  calls.py measure HOST ...

The same small task (a hash of 32 bytes) as a function, and asked of a server over HTTP with a
new connection each time. Prints the median of each in microseconds. Standard library only.
"""

import http.client
import json
import statistics
import sys
import time
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080
CALLS = 200


def task(data):
    """Do what is to be done, wherever it is done."""
    return sha256(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """The task behind HTTP."""

    def do_POST(self):
        answer = task(self.rfile.read(int(self.headers["Content-Length"]))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_words):
        """Say nothing: it would be measured, too."""


def ask(host, data):
    """Have the task done elsewhere."""
    connection = http.client.HTTPConnection(host, PORT, timeout=5)
    connection.request("POST", "/", data)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def median(call):
    """Return the median duration of a call in microseconds."""
    took = []
    for number in range(CALLS):
        data = number.to_bytes(32, "big")
        began = time.perf_counter()
        call(data)
        took.append(1e6 * (time.perf_counter() - began))
    return round(statistics.median(took), 1)


def measure(hosts):
    """Wait until every host answers, then measure."""
    until = time.monotonic() + 20
    for host in hosts:
        while True:
            try:
                ask(host, b"")
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
    found = {"function": median(task)}
    found.update({host: median(lambda data, host=host: ask(host, data)) for host in hosts})
    print(json.dumps(found))


if sys.argv[1] == "serve":
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()
else:
    measure(sys.argv[2:])
