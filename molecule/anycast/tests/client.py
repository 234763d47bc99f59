"""Clients behind the router.

usage: python3 client.py spread URL COUNT    prints how many new connections each node has served
       client.py watch URL           new and kept connections and a download until the standard input ends; prints what
                                     was lost and broken
"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

KEPT = 30
SIZE = 20_000_000


def connect(url: str, timeout: float = 5) -> http.client.HTTPConnection:
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


class Watch:
    """New connections, kept ones and a download, all at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.over = threading.Event()
        self.lost: list[tuple[float, str]] = []
        self.served = 0
        self.broken: list[tuple[float, str, str]] = []
        self.kept: Counter = Counter()
        self.downloads: list[str] = []

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
                    connection, node = connect(self.url, 20), ""
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
                connection = connect(self.url, 30)
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

    def run(self) -> dict:
        threads = [threading.Thread(target=self.open_new), threading.Thread(target=self.download)]
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
        }


if __name__ == "__main__":
    socket.setdefaulttimeout(5)
    mode, address, *rest = sys.argv[1:]
    print(json.dumps(spread(address, int(rest[0])) if mode == "spread" else Watch(address).run()), flush=True)
