"""Counts sales: each GET is one more. /crash ends it, as a fault in it would."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

sold = 0


class Ledger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        global sold
        if self.path == "/crash":
            os._exit(1)
        sold += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"sold: {sold}\n".encode())

    def log_message(self, *_: object) -> None: ...


HTTPServer(("", 7000), Ledger).serve_forever()
