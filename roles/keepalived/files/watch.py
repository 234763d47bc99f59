"""Ask URLs many times a second and tell keepalived, through one file each, whether they answer.

A process that hangs still has its listening socket, and the kernel goes on accepting connections for it: only a question that is not
answered shows it. keepalived's own scripts ask once a second at the most.

usage: watch.py WATCHES DIRECTORY

WATCHES is a JSON list of objects with name, url, interval, timeout (seconds), rise (a count) and silence (a boolean).
The file DIRECTORY/name holds 1 once the URL has not answered with status 200 for the timeout, and 0 after rise answers in a row. Where
silence does not count, 1 means that it has answered with another status, and no answer changes nothing. A URL of tcp:// has no status: it
is answered by a connection, and by nothing else."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from urllib.parse import urlsplit


def answers(url: str, timeout: float) -> bool | None:
    """Whether the URL's answer is a good one, None if there is none within the timeout. A port answers by accepting a connection or not."""
    parts = urlsplit(url)
    if parts.scheme == "tcp":
        return accepts(parts.hostname, parts.port, timeout)
    end = time.monotonic() + timeout
    question = f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n"
    try:
        with socket.create_connection((parts.hostname, parts.port or 80), timeout) as connection:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            connection.sendall(question.encode("ascii"))
            status = connection.recv(64).split()[1:2]
    except OSError:
        return None
    return status == [b"200"] if status else None


def accepts(host: str, port: int, timeout: float) -> bool:
    """Whether the port accepts a connection. It is reset, so that neither end has to remember it."""
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return True
    except OSError:
        return False


class Watch:
    """One URL. Unknown at first, so that the first decision is written whatever it is."""

    def __init__(self, directory: str, name: str, url: str, interval: float, timeout: float, rise: int, silence: bool) -> None:
        self.url = url
        self.file = os.path.join(directory, name)
        self.interval = interval
        self.timeout = timeout
        self.rise = rise
        self.silence = silence
        self.well: bool | None = None
        self.answered = 0
        """How many answers have come in a row."""
        self.deadline = time.monotonic() + timeout
        """When the URL counts as not answering, unless it does so before."""

    def ask(self) -> None:
        """Ask once. A question may take all the time that is left; one that comes late, because the host is busy, still gets half of it."""
        left = self.deadline - time.monotonic()
        good = answers(self.url, max(left, self.timeout / 2))
        if good:
            self.deadline = time.monotonic() + self.timeout
            self.answered += 1
            if not self.well and self.answered >= self.rise:
                self.decide(True)
        else:
            self.answered = 0
            if self.well is not False and (time.monotonic() >= self.deadline if self.silence else good is False):
                self.decide(False)

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
                self.ask()
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
