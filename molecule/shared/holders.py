"""Clients that hold idle connections, and connect again when one ends: python3 holders.py ADDRESS CONNECTIONS
[OPTION...].

A connection counts as open once the kernel has it; whether haproxy has accepted it, only an answer tells. Every second
a line with both numbers is printed. It ends when its input does. It runs on hosts of the lab as well as beside them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import ssl
import sys
from collections.abc import Iterator
from itertools import cycle

AT_ONCE = 500
"""How many connections may be in the making."""

PAUSE = 0.2
"""Seconds between the end of a connection and the next one."""


class Held(asyncio.Protocol):
    """One connection: asks at most once, and then says nothing."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answered = False
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request, if there is one."""
        if self.request:
            transport.write(self.request)

    def data_received(self, _data: bytes) -> None:
        """Note that somebody has answered."""
        self.answered = True

    def connection_lost(self, _error: Exception | None) -> None:
        """Wake the holder, who connects again."""
        self.lost.set()


class Holders:
    """Many connections to one address and port; each is replaced when it ends."""

    def __init__(self, address: str, port: int, request: bytes, tls: ssl.SSLContext | None) -> None:
        self.target = {"host": address, "port": port, "ssl": tls}
        self.request = request
        self.gate = asyncio.Semaphore(AT_ONCE)
        self.held: set[Held] = set()

    async def hold(self, source: str | None) -> None:
        """Keep one connection from this source address open, until cancelled."""
        options = {**self.target, "local_addr": (source, 0) if source else None}
        while True:
            # Refused, reset, timed out, or a handshake that was ended.
            with contextlib.suppress(OSError):
                async with self.gate, asyncio.timeout(10):
                    transport, held = await asyncio.get_running_loop().create_connection(
                        lambda: Held(self.request), **options
                    )
                self.held.add(held)
                try:
                    await held.lost.wait()
                finally:
                    self.held.discard(held)
                    transport.abort()
            await asyncio.sleep(PAUSE)

    async def report(self) -> None:
        """Print how many connections are open, and over how many of them an answer has come."""
        while True:
            print(f"open {len(self.held)} answered {sum(held.answered for held in self.held)}", flush=True)
            await asyncio.sleep(1)


def any_certificate() -> ssl.SSLContext:
    """TLS with a server whose certificate nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def tasks(options: argparse.Namespace) -> Iterator[asyncio.Task[None]]:
    """Start the holders, their sources in turn, and the report."""
    request = f"GET {options.ask} HTTP/1.1\r\nHost: {options.address}\r\n\r\n".encode() if options.ask else b""
    holders = Holders(options.address, options.port, request, any_certificate() if options.tls else None)
    for _number, source in zip(range(options.connections), cycle(options.source or [None]), strict=False):
        yield asyncio.create_task(holders.hold(source))
    yield asyncio.create_task(holders.report())


async def main(options: argparse.Namespace) -> None:
    """Hold until the input ends."""
    running = list(tasks(options))
    await asyncio.to_thread(sys.stdin.read)
    for task in running:
        task.cancel()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("connections", type=int)
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument(
        "--ask", metavar="PATH", default="", help="ask for it once over each connection; without it, they are silent"
    )
    parser.add_argument("--tls", action="store_true", help="whatever certificate the server has")
    parser.add_argument(
        "--source", action="append", metavar="ADDRESS", help="connect from here; may be repeated: one has 28,000 ports"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asked = parse()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(asked))
