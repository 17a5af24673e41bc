#!/usr/bin/env python3
"""Ask a container engine one thing, with nothing but Python: ask.py METHOD PATH [JSON]."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys


class Engine(http.client.HTTPConnection):
    """HTTP, but over the engine's door instead of a network."""

    def connect(self) -> None:
        """Open the socket that DOCKER_HOST names, or the usual one."""
        url = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        kind, _, where = url.partition("://")
        if kind == "unix":
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(where)
        else:
            host, _, port = where.partition(":")
            self.sock = socket.create_connection((host, int(port)))


method, path, body = sys.argv[1], sys.argv[2], (sys.argv[3:] or [None])[0]
engine = Engine("engine")
engine.request(method, path, body, {"Content-Type": "application/json"} if body else {})
answer = engine.getresponse()
text = answer.read().decode(errors="replace")
print(answer.status, answer.reason)
if text.startswith(("{", "[")):
    text = json.dumps(json.loads(text), indent=1)
print(text.strip())
