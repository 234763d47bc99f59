"""Ask URLs many times a second and tell keepalived, through one file each, whether they answer.

A process that hangs still has its listening socket, and the kernel goes on accepting connections for it: only a question that is not
answered shows it. keepalived's own scripts ask once a second at the most.

usage: watch.py WATCHES DIRECTORY

WATCHES is a JSON list of objects with name, url, interval, timeout (seconds), fall and rise (counts).
The file DIRECTORY/name holds 0 while the URL answers with status 200, and 1 otherwise."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from urllib.parse import urlsplit


def answers(url: str, timeout: float) -> bool:
    """Whether the URL answers with status 200 within the timeout."""
    parts = urlsplit(url)
    end = time.monotonic() + timeout
    question = f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n"
    try:
        with socket.create_connection((parts.hostname, parts.port or 80), timeout) as connection:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            connection.sendall(question.encode("ascii"))
            return connection.recv(64).split()[1:2] == [b"200"]
    except OSError:
        return False


class Watch:
    """One URL. Unknown at first, so that the first decision is written whatever it is."""

    def __init__(self, directory: str, name: str, url: str, interval: float, timeout: float, fall: int, rise: int) -> None:
        self.url = url
        self.file = os.path.join(directory, name)
        self.interval = interval
        self.timeout = timeout
        self.needed = {True: rise, False: fall}
        self.well: bool | None = None
        self.seen = [False, 0]
        """The last answer, and how often it has come in a row."""

    def ask(self) -> bool:
        """Ask once; returns whether to ask again at once, because a decision is due."""
        answer = answers(self.url, self.timeout)
        self.seen = [answer, self.seen[1] + 1 if answer == self.seen[0] else 1]
        if answer != self.well and self.seen[1] >= self.needed[answer]:
            self.decide(answer)
        return not answer and self.well is not False

    def decide(self, well: bool) -> None:
        """Tell keepalived. The file may be keepalived's own, so it is replaced."""
        self.well = well
        staged = os.path.join(os.path.dirname(self.file), f".{os.path.basename(self.file)}")
        with open(staged, "w", encoding="ascii") as stream:
            stream.write("0\n" if well else "1\n")
        os.replace(staged, self.file)
        print(f"{self.url} {'answers' if well else 'does not answer'}", flush=True)

    def run(self) -> None:
        """Ask for ever. A failure takes the whole program with it, which systemd then starts again."""
        try:
            while True:
                if not self.ask():
                    time.sleep(self.interval)
        except BaseException as error:
            print(f"{self.url}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as stream:
        watches = [Watch(sys.argv[2], **item) for item in json.load(stream)]
    for watch in watches:
        watch.ask()
    say_ready()
    threads = [threading.Thread(target=watch.run) for watch in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
