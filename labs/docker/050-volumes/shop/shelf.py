# A volume driver: its volumes are folders. The engine asks in JSON, over a socket of this machine.
import json
import socketserver
from http.server import BaseHTTPRequestHandler
from pathlib import Path

SOCKET, SHELF = Path("/run/docker/plugins/shelf.sock"), Path("/shelf")


def place(asked):
    return SHELF / Path(asked["Name"]).name


def volume(asked):
    return {"Name": asked["Name"], "Mountpoint": str(place(asked))}


ANSWERS = {
    "/Plugin.Activate": lambda _: {"Implements": ["VolumeDriver"]},
    "/VolumeDriver.Create": lambda asked: place(asked).mkdir() or {},
    "/VolumeDriver.Mount": volume,  # here another driver attaches a disk, or asks a server
    "/VolumeDriver.Get": lambda asked: {"Volume": volume(asked)},
    "/VolumeDriver.Unmount": lambda _: {},
    "/VolumeDriver.Remove": lambda asked: place(asked).rmdir() or {},
}


class Driver(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        try:
            answer = ANSWERS[self.path](asked)
        except (KeyError, OSError) as error:
            answer = {"Err": repr(error)}
        said = json.dumps(answer).encode() + b"\n"
        self.send_response(500 if "Err" in answer else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


SHELF.mkdir()
socketserver.UnixStreamServer(str(SOCKET), Driver).serve_forever()
