"""Ask the engine, through its socket, for a container that reads one file as root.

Arguments: an image, a folder of the host, a file in it, and labels (name=value) for the new
container. Nothing here is special: it is what `docker run --rm -v FOLDER:/there:ro` sends.
"""

import http.client
import json
import socket
import sys

image, folder, file, *labels = sys.argv[1:]


class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/engine.sock")


def ask(method, path, body=None):
    engine = Engine("engine", timeout=60)
    engine.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    answer = engine.getresponse()
    said = answer.read()
    if answer.status >= 400:
        sys.exit(said.decode())
    return said


wanted = {
    "Image": image, "Cmd": ["cat", f"/there/{file}"],
    "Labels": dict(each.split("=", 1) for each in labels),
    "User": "0", "Tty": True, "HostConfig": {"Binds": [f"{folder}:/there:ro"]},
}  # fmt: skip
made = json.loads(ask("POST", "/containers/create", wanted))["Id"]
ask("POST", f"/containers/{made}/start")
ask("POST", f"/containers/{made}/wait")
print(ask("GET", f"/containers/{made}/logs?stdout=1").decode().strip())
ask("DELETE", f"/containers/{made}?force=1")
