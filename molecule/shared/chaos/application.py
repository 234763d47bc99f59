"""An application beside a web server, which notes what it executes: python3 application.py PORT FOLDER.

A POST to /application/count?n=NUMBER appends the number to the file "executed" in the folder before it is answered. A
PUT to /application/upload?n=NUMBER is answered with the SHA-256 of what has come. /application/echo is a WebSocket that
sends texts back."""

from __future__ import annotations

import base64
import hashlib
import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PIECE = 65536


class Handler(BaseHTTPRequestHandler):
    """One connection of nginx."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def log_message(self, *_words: object) -> None:
        """Log nothing: nginx does."""

    def number(self) -> str:
        return parse_qs(urlsplit(self.path).query)["n"][0]

    def reply(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> str:
        """Read the request's body; returns its checksum."""
        digest = hashlib.sha256()
        left = int(self.headers.get("Content-Length", 0))
        while left and (piece := self.rfile.read(min(left, PIECE))):
            digest.update(piece)
            left -= len(piece)
        if left:
            raise ConnectionError("the request has ended early")
        return digest.hexdigest()

    def do_POST(self) -> None:
        self.body()
        number = self.number()
        with open(self.folder / "executed", "ab", buffering=0) as file:
            file.write(f"{number}\n".encode())
        self.reply(f"counted {number}\n")

    def do_PUT(self) -> None:
        self.reply(f"uploaded {self.number()} {self.body()}\n")

    def do_GET(self) -> None:
        key = self.headers["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        self.send_response(101)
        for name, value in {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        while len(head := self.rfile.read(6)) == 6:
            size = head[1] & 127
            text = bytes(byte ^ head[2 + place % 4] for place, byte in enumerate(self.rfile.read(size)))
            self.wfile.write(bytes([0x81, size]) + text)


class Server(ThreadingHTTPServer):
    """Does not complain of clients that go."""

    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        """Leave out what a connection that has ended is told by."""
        if not isinstance(sys.exc_info()[1], OSError):
            socketserver.BaseServer.handle_error(self, request, client_address)


def main(port: str, folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    Handler.folder = Path(folder)
    Server(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
