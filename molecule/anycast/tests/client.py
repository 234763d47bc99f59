"""Clients behind the router.

usage: python3 client.py spread URL COUNT    prints how many new connections each node has served
       client.py probe URL           opens a new connection every 10 ms until the standard input ends; prints of each
                                     when it began, how long it took and whether it was answered
       client.py watch URL           new and kept connections, WebSockets, uploads and a download until the standard
                                     input ends; prints what was lost and broken
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

KEPT = 30
WEBSOCKETS = 5
LIFE = 5
"""Seconds for which a WebSocket or an upload lasts, so that a node can be drained."""
UPLOAD = bytes(range(256)) * 4096


def connect(url: str, timeout: float = 60) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
    connection.connect()
    return connection


def ask(connection: http.client.HTTPConnection, path: str = "/") -> http.client.HTTPResponse:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return answer


def spread(url: str, count: int) -> Counter:
    found: Counter = Counter()
    for _number in range(count):
        connection = connect(url)
        found[ask(connection).headers["X-Node"]] += 1
        connection.close()
    return found


def probe(url: str) -> list[tuple[float, float, bool]]:
    found: list[tuple[float, float, bool]] = []
    over = threading.Event()

    def open_one() -> None:
        began, answered = time.time(), True
        try:
            connection = connect(url, 0.9)
            ask(connection)
            connection.close()
        except (OSError, http.client.HTTPException):
            answered = False
        found.append((began, time.time() - began, answered))

    def open_all() -> None:
        while not over.wait(0.01):
            threading.Thread(target=open_one).start()

    thread = threading.Thread(target=open_all)
    thread.start()
    print("running", flush=True)
    sys.stdin.read()
    over.set()
    thread.join()
    # The last ones.
    time.sleep(1)
    return sorted(found)


class Watch:
    """New connections, kept ones, WebSockets, uploads and a download, all at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.over = threading.Event()
        self.lost: list[tuple[float, str]] = []
        self.served = 0
        self.broken: list[tuple[float, str, str]] = []
        self.kept: Counter = Counter()
        self.downloads: list[str] = []
        self.uploads: list[str] = []
        self.texts = 0

    def open_new(self) -> None:
        while not self.over.wait(0.01):
            threading.Thread(target=self.open_one).start()

    def open_one(self) -> None:
        began = time.time()
        try:
            # Shorter than the kernel's first repetition of a lost packet.
            connection = connect(self.url, 0.9)
            ask(connection)
            connection.close()
            self.served += 1
        except (OSError, http.client.HTTPException) as error:
            self.lost.append((began, repr(error)))

    def keep_one(self) -> None:
        connection, node = None, ""
        while not self.over.wait(0.2):
            try:
                if connection is None:
                    connection, node = connect(self.url, 60), ""
                answer = ask(connection)
                node = node or answer.headers["X-Node"]
                self.kept[node] += 1
                if answer.headers.get("Connection") == "close":
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                # A first request that fails is a lost connection, which others count.
                if node:
                    self.broken.append((time.time(), node, repr(error)))
                connection = None

    def download(self) -> None:
        while not self.over.is_set():
            try:
                connection = connect(self.url, 60)
                connection.request("GET", "/large")
                answer = connection.getresponse()
                checksum = hashlib.sha256()
                while piece := answer.read(65536):
                    checksum.update(piece)
                    self.over.wait(0.03)
                self.downloads.append(checksum.hexdigest())
            except (OSError, http.client.HTTPException) as error:
                self.downloads.append(repr(error))
                self.over.wait(0.1)

    def upload(self) -> None:
        while not self.over.is_set():
            began = time.time()
            try:
                connection = connect(self.url, 60)
                connection.putrequest("PUT", "/application/upload?n=1")
                connection.putheader("Content-Length", str(len(UPLOAD)))
                connection.endheaders()
                for place in range(0, len(UPLOAD), 65536):
                    connection.send(UPLOAD[place : place + 65536])
                    self.over.wait(65536 * LIFE / len(UPLOAD))
                answer = connection.getresponse()
                self.uploads.append(answer.read().decode().strip())
            except (OSError, http.client.HTTPException) as error:
                self.uploads.append(f"{began}: {error!r}")
                self.over.wait(0.1)

    def talk(self) -> None:
        """Open one WebSocket after the other; texts go there and back on it."""
        while not self.over.is_set():
            node = ""
            try:
                connection = connect(self.url, 60)
                key = base64.b64encode(os.urandom(16)).decode()
                head = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
                connection.request("GET", "/application/echo", headers={**head, "Sec-WebSocket-Key": key})
                wire = connection.sock
                stream = wire.makefile("rb")
                status = stream.readline()
                if b" 101 " not in status:
                    raise OSError(f"status {status!r}")
                while (line := stream.readline()) != b"\r\n":
                    node = line.decode().split()[1] if line.lower().startswith(b"x-node:") else node
                end = time.time() + LIFE
                while time.time() < end and not self.over.is_set():
                    text, mask = f"text {self.texts}".encode(), os.urandom(4)
                    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
                    wire.sendall(bytes([0x81, 0x80 | len(text)]) + mask + body)
                    came = stream.read(2 + len(text))
                    if came[2:] != text:
                        raise OSError(f"sent {text!r} and got {came!r}")
                    self.texts += 1
                    self.over.wait(0.2)
                stream.close()
                connection.close()
            except (OSError, http.client.HTTPException) as error:
                if node:
                    self.broken.append((time.time(), node, f"WebSocket: {error!r}"))

    def run(self) -> dict:
        threads = [threading.Thread(target=work) for work in (self.open_new, self.download, self.upload)]
        threads += [threading.Thread(target=self.talk) for _number in range(WEBSOCKETS)]
        threads += [threading.Thread(target=self.keep_one) for _number in range(KEPT)]
        for thread in threads:
            thread.start()
        # Every kept connection has had an answer.
        while sum(self.kept.values()) < 2 * KEPT:
            time.sleep(0.05)
        print("running", flush=True)
        sys.stdin.read()
        self.over.set()
        for thread in threads:
            thread.join()
        return {
            "served": self.served,
            "lost": self.lost,
            "broken": self.broken,
            "kept": self.kept,
            "downloads": self.downloads,
            "uploads": self.uploads,
            "texts": self.texts,
        }


if __name__ == "__main__":
    socket.setdefaulttimeout(5)
    mode, address, *rest = sys.argv[1:]
    modes = {
        "spread": lambda: spread(address, int(rest[0])),
        "probe": lambda: probe(address),
        "watch": lambda: Watch(address).run(),
    }
    print(json.dumps(modes[mode]()), flush=True)
