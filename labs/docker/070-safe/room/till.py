"""A till: each request is a sale. It writes a line for each and answers with their number."""

import http.server
import os
from pathlib import Path

BOOK = Path("/var/till/sales")


class Till(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with BOOK.open("a+") as book:
            book.write("sold\n")
            book.seek(0)
            number = len(book.readlines())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"sale {number}, rung up by user {os.getuid()}\n".encode())


http.server.ThreadingHTTPServer(("", 80), Till).serve_forever()
