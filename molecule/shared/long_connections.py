"""Connections that live longer than reloads and deployments: a download, and a WebSocket behind haproxy and nginx."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from contextlib import suppress

SIZE = 50_000_000

ECHO = """\
import base64, hashlib, socketserver

class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        header = b"sec-websocket-key: "
        key = next(line[19:].strip() for line in iter(self.rfile.readline, b"") if line.lower().startswith(header))
        for line in iter(self.rfile.readline, b"\\r\\n"):
            pass
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n")
        self.wfile.write(b"Sec-WebSocket-Accept: " + accept + b"\\r\\n\\r\\n")
        while head := self.rfile.read(6):
            size = head[1] & 127
            text = bytes(byte ^ head[2 + place % 4] for place, byte in enumerate(self.rfile.read(size)))
            self.wfile.write(bytes([0x81, size]) + text)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

Server(("127.0.0.1", 9000), Echo).serve_forever()
"""
"""A WebSocket server that sends every text of at most 125 bytes back."""


class Download(threading.Thread):
    """A download that goes on, slowly so that no time-out ends it, until it is told to end. C(size) counts what has
    come."""

    def __init__(self, host: str, path: str = "/large") -> None:
        super().__init__(daemon=True)
        self.hurry = threading.Event()
        self.size = 0
        self.client = socket.socket()
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.client.connect((host, 80))
        self.client.sendall(f"GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode())

    def run(self) -> None:
        with suppress(OSError):
            while some := self.client.recv(1024):
                self.size += len(some)
                self.hurry.wait(0.1)
        self.client.close()

    def leave(self) -> None:
        """Close the connection, wherever the download is."""
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)
        self.join()

    def end(self) -> None:
        """Take the rest at once; it has to come."""
        self.hurry.set()
        self.join()
        assert self.size > SIZE


class WebSocket(threading.Thread):
    """A WebSocket on which a text goes there and back every second until it is told to end."""

    def __init__(self, host: str, path: str = "/echo", port: int = 80) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.answers = 0
        self.error = ""
        self.client = socket.create_connection((host, port), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.client.sendall(
            f"GET {path} HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: "
            f"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.stream = self.client.makefile("rb")
        status = self.stream.readline()
        assert b" 101 " in status, status
        while self.stream.readline() != b"\r\n":
            pass

    def run(self) -> None:
        try:
            while not self.over.is_set():
                text = f"{self.answers} {time.monotonic()}".encode()
                mask = os.urandom(4)
                body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
                self.client.sendall(bytes([0x81, 0x80 | len(text)]) + mask + body)
                answer = self.stream.read(2 + len(text))
                if answer[2:] != text:
                    raise ConnectionError(f"the answer to {text!r} is {answer!r}")
                self.answers += 1
                self.over.wait(1)
        except OSError as error:
            self.error = str(error) or type(error).__name__

    def end(self) -> None:
        """Close the connection; nothing may have gone wrong on it."""
        self.over.set()
        self.join()
        self.client.close()
        assert self.error == ""
        assert self.answers
