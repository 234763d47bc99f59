# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of a web site that notice what happens to it: new connections at a steady rate, connections that are kept, a
long download.

Each works in a thread of its own while it is used as a context; what it has seen is complete once the context is
left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
import threading
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

from .results import Break, Result

T = TypeVar("T", bound="Client")
PIECE = 65536
"""Number of bytes of a download to read at once."""
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")


def describe_error(problem: BaseException) -> str:
    """Describe in a few words why a connection has ended."""
    if isinstance(problem, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(problem, EOFError):
        return "closed before the end"
    if isinstance(problem, ssl.SSLError):
        # Its number is one of the library, not of the system.
        return getattr(problem, "verify_message", "") or problem.strerror or str(problem)
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno)
    return str(problem) or type(problem).__name__


def parse(answer: bytes, server: re.Pattern[str]) -> tuple[bool, str, str]:
    """Return whether the answer is a whole 200, who sent it, and what is wrong."""
    head, _separator, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        return False, "", status or "connection closed without an answer"
    length = LENGTH.search(head)
    if (length and len(body) < int(length[1])) or (CHUNKED.search(head) and not body.endswith(b"0\r\n\r\n")):
        return False, "", "connection closed in the middle of the answer"
    # The page says it, or else a header or a cookie does.
    name = server.search(body.decode("utf-8", "replace")) or server.search(head.decode("latin-1"))
    return True, name[0] if name else "", ""


class Client(ABC):
    """Asks one address for one path. C(name) is what it calls the site (Host, and the name in the certificate), if not
    the address."""

    def __init__(self, host: str, port: int, path: str, timeout: float, tls: ssl.SSLContext | None, name: str) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout
        self.tls = tls
        self.name = name or host
        shown = f"[{self.name}]" if ":" in self.name else self.name
        self._head = f"GET {path} HTTP/1.1\r\nHost: {shown}\r\nUser-Agent: evenkeel-prober\r\n"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self: T) -> T:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    @abstractmethod
    async def _run(self) -> None:
        """Ask until C(_stop) is set."""

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        server = self.name if self.tls else None
        return await asyncio.open_connection(self.host, self.port, ssl=self.tls, server_hostname=server)


class Prober(Client):
    """Open loop: a new connection every few milliseconds, come what may.

    A request starts on time even while earlier ones hang, so that an outage is sampled as densely as the quiet time
    around it."""

    def __init__(
        self,
        host: str,
        port: int = 80,
        *,
        path: str = "/",
        interval: float = 0.005,
        timeout: float = 1.0,
        server: str = r"\bweb\d+\b",
        tls: ssl.SSLContext | None = None,
        name: str = "",
    ) -> None:
        super().__init__(host, port, path, timeout, tls, name)
        self.interval = interval
        self.results: list[Result] = []
        self._server = re.compile(server)
        self._request = f"{self._head}Connection: close\r\n\r\n".encode()

    async def _run(self) -> None:
        requests: set[asyncio.Task[None]] = set()
        begin = time.monotonic()
        sent = 0
        while not self._stop.is_set():
            # Counted from the beginning, so that delays do not add up.
            await asyncio.sleep(begin + sent * self.interval - time.monotonic())
            task = asyncio.create_task(self._probe())
            requests.add(task)
            task.add_done_callback(requests.discard)
            sent += 1
        await asyncio.gather(*requests)

    async def _probe(self) -> None:
        start = time.monotonic()
        try:
            answer = await asyncio.wait_for(self._exchange(), self.timeout)
            ok, server, error = parse(answer, self._server)
        except (OSError, asyncio.TimeoutError) as problem:
            ok, server, error = False, "", describe_error(problem)
        latency = time.monotonic() - start
        self.results.append(Result(start, latency, ok, server, error))

    async def _exchange(self) -> bytes:
        reader, writer = await self._open()
        try:
            writer.write(self._request)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()


class KeepAlive(Client):
    """Connections that are kept, with a request over each of them every so many seconds.

    A connection is broken if it ends in any other way than after a whole answer that has announced it."""

    def __init__(
        self,
        host: str,
        connections: int = 20,
        interval: float = 0.1,
        tls: ssl.SSLContext | None = None,
        *,
        port: int = 0,
        path: str = "/",
        timeout: float = 30.0,
        name: str = "cluster",
    ) -> None:
        super().__init__(host, port or (443 if tls else 80), path, timeout, tls, name)
        self.connections = connections
        self.interval = interval
        self.answers = 0
        self.breaks: list[Break] = []
        self._request = f"{self._head}\r\n".encode()

    @property
    def broken(self) -> list[str]:
        """Errors of connections that were lost or could not be opened."""
        return [found.error for found in self.breaks]

    async def _run(self) -> None:
        await asyncio.gather(*[self._client() for _number in range(self.connections)])

    async def _client(self) -> None:
        while not self._stop.is_set():
            used: list[float] = []
            try:
                await self._connection(used)
            except (OSError, EOFError, asyncio.TimeoutError, ValueError) as problem:
                self.breaks.append(Break(time.monotonic(), describe_error(problem), bool(used)))
                await asyncio.sleep(self.interval)

    async def _connection(self, used: list[float]) -> None:
        """Use one connection until the server announces its end; notes the moments of its answers."""
        reader, writer = await asyncio.wait_for(self._open(), self.timeout)
        try:
            while not self._stop.is_set():
                writer.write(self._request)
                last = await asyncio.wait_for(self._answer(reader), self.timeout)
                used.append(time.monotonic())
                if last:
                    return
                await asyncio.sleep(self.interval)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bool:
        """Read one whole answer; returns whether it is the connection's last."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        last = bool(re.search(rb"(?i)\r\nconnection: *close", head))
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError(head.split(b"\r\n", 1)[0].decode("latin-1"))
        if length:
            await reader.readexactly(int(length[1]))
        elif CHUNKED.search(head):
            while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                await reader.readexactly(size + len(b"\r\n"))
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
        elif not last:
            raise ValueError("an answer without Content-Length")
        self.answers += 1
        return last


class Download(Client):
    """A body that is read slowly, again and again, so that a connection is busy whenever something happens."""

    def __init__(
        self,
        host: str,
        port: int = 80,
        *,
        path: str = "/",
        pause: float = 0.03,
        timeout: float = 30.0,
        tls: ssl.SSLContext | None = None,
        name: str = "",
    ) -> None:
        super().__init__(host, port, path, timeout, tls, name)
        self.pause = pause
        self.pieces: list[float] = []
        """Times at which data arrived, on the monotonic clock."""
        self.bytes = 0
        self.breaks: list[Break] = []
        self._request = f"{self._head}Connection: close\r\n\r\n".encode()

    async def _run(self) -> None:
        while not self._stop.is_set():
            before = self.bytes
            try:
                await self._transfer()
            except (OSError, EOFError, asyncio.TimeoutError, ValueError) as problem:
                self.breaks.append(Break(time.monotonic(), describe_error(problem), self.bytes > before))
            await asyncio.sleep(self.pause)

    async def _transfer(self) -> None:
        reader, writer = await asyncio.wait_for(self._open(), self.timeout)
        try:
            writer.write(self._request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self.timeout)
            length = LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200 ") or not length:
                raise ValueError(head.split(b"\r\n", 1)[0].decode("latin-1"))
            left = int(length[1])
            while left and not self._stop.is_set():
                piece = await asyncio.wait_for(reader.read(min(left, PIECE)), self.timeout)
                if not piece:
                    raise EOFError
                left -= len(piece)
                self.bytes += len(piece)
                self.pieces.append(time.monotonic())
                await asyncio.sleep(self.pause)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
