"""Clients of every kind that number what they ask: an answer has to be that of its request, and whole.

What is wrong in an answer is never excused; a request that has got none is lost. A number is used once, so that who
counts can tell whether an unsafe request was executed twice. haproxy may send a safe one again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import itertools
import os
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import prober

PATIENCE = 10.0
"""Seconds after which a request is lost."""
PIECE = 65536
UPLOAD = bytes(range(256)) * 2048
"""What is uploaded: half a megabyte."""
PAUSE = 0.2
"""Seconds between two requests of a client, or two pieces of what is long."""


class Connection(NamedTuple):
    """Both directions of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class WrongError(Exception):
    """An answer that belongs to another request, or is not whole although it says so."""


class LostError(Exception):
    """No answer, or one that is none of the web server's."""


@dataclass(frozen=True)
class Request:
    """Result of a request; C(moment) is its beginning, on the clock of time.monotonic()."""

    moment: float
    seconds: float
    client: str
    number: str
    lost: str = ""
    """Why there was no answer, if there was none."""


@dataclass
class Record:
    """Results of all clients so far. Lists only grow, so anybody may read them at any time."""

    requests: list[Request] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def since(self, moment: float) -> list[Request]:
        """The requests that have ended and began after a moment."""
        return [request for request in list(self.requests) if request.moment >= moment]

    def counted(self) -> set[str]:
        """The numbers of unsafe requests that were answered."""
        return {
            request.number
            for request in list(self.requests)
            if request.client.startswith("unsafe") and not request.lost
        }


def check(client: str, wanted: str, status: int, body: bytes, length: int) -> None:
    """Compare an answer with what was asked for. Raises WrongError or LostError.

    C(length) is what the answer's head has announced. A body that is shorter is one of a connection that was cut, of
    which the client knows, so it is lost and not wrong."""
    if status != 200:
        raise LostError(f"status {status}")
    if len(body) < length:
        raise LostError("cut in the middle of the answer")
    if body.decode("latin-1").strip() != wanted:
        raise WrongError(f"{client} wanted '{wanted}' and got '{body[:200].decode('latin-1')}'")


class Clients:
    """Ask the VIPs from a thread of their own while used as a context.

    C(content) is what the web servers have as /content."""

    def __init__(self, vips: dict[str, str], content: bytes, ports: tuple[int, int] = (80, 443)) -> None:
        self.vips = vips
        self.content = content
        self.plain, self.encrypted = ports
        self.record = Record()
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._numbers = itertools.count(1)
        self._run = os.urandom(4).hex()
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def __enter__(self) -> Clients:
        self._thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._over.set()
        self._thread.join()
        self.assert_alive()

    def assert_alive(self) -> None:
        """Fail if the clients themselves have failed, who would notice nothing any more."""
        if self._failure:
            raise self._failure

    def _main(self) -> None:
        try:
            asyncio.run(self._all())
        except Exception as error:
            self._failure = error

    async def _all(self) -> None:
        tasks = []
        for name, vip in self.vips.items():
            for port in (self.plain, self.encrypted):
                tasks += [
                    self._client(f"new {name}:{port}", vip, port, self._ask, kept=False),
                    self._client(f"kept {name}:{port}", vip, port, self._ask, kept=True),
                    self._client(f"unsafe {name}:{port}", vip, port, self._count, kept=False),
                    self._client(f"unsafe kept {name}:{port}", vip, port, self._count, kept=True),
                ]
            tasks += [
                self._client(f"download {name}", vip, self.plain, self._download, kept=False),
                self._client(f"upload {name}", vip, self.encrypted, self._upload, kept=False),
                self._client(f"websocket {name}", vip, self.plain, self._websocket, kept=False),
            ]
        await asyncio.gather(*tasks)

    async def _client(self, client: str, vip: str, port: int, ask: Callable[..., Awaitable[None]], kept: bool) -> None:
        """Open one connection after the other, and ask over each once, or until it ends."""
        while not self._over.is_set():
            number, began = self._number(), time.monotonic()
            try:
                async with self._connection(vip, port) as connection:
                    while True:
                        await ask(client, vip, number, connection)
                        if not kept or self._over.is_set():
                            break
                        await asyncio.sleep(PAUSE)
                        number, began = self._number(), time.monotonic()
            except _EndError:
                pass
            except WrongError as problem:
                self.record.wrong.append(str(problem))
            except (OSError, EOFError, asyncio.TimeoutError, LostError, ValueError) as problem:
                self.record.requests.append(
                    Request(began, time.monotonic() - began, client, number, prober.describe_error(problem))
                )
            await asyncio.sleep(PAUSE)

    def _number(self) -> str:
        """A number that nobody else has."""
        return f"{self._run}-{next(self._numbers)}"

    @contextlib.asynccontextmanager
    async def _connection(self, vip: str, port: int) -> AsyncIterator[Connection]:
        tls = self._tls if port == self.encrypted else None
        reader, writer = await asyncio.wait_for(asyncio.open_connection(vip, port, ssl=tls), PATIENCE)
        try:
            yield Connection(reader, writer)
        finally:
            writer.transport.abort()

    async def _ask(self, client: str, vip: str, number: str, connection: Connection) -> None:
        await self._exchange(client, vip, number, f"GET /number?n={number}", f"numbered {number}", b"", connection)

    async def _count(self, client: str, vip: str, number: str, connection: Connection) -> None:
        await self._exchange(
            client, vip, number, f"POST /application/count?n={number}", f"counted {number}", number.encode(), connection
        )

    async def _exchange(
        self,
        client: str,
        vip: str,
        number: str,
        line: str,
        wanted: str,
        body: bytes,
        connection: Connection,
    ) -> None:
        """Ask and compare the answer. One that says that the connection ends is followed by its end."""
        began = time.monotonic()
        connection.writer.write(
            f"{line} HTTP/1.1\r\nHost: {vip}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        status, length, last, content = await asyncio.wait_for(answer(connection.reader), PATIENCE)
        check(client, wanted, status, content, length)
        self.record.requests.append(Request(began, time.monotonic() - began, client, number))
        if last:
            raise _EndError

    async def _download(self, client: str, vip: str, number: str, connection: Connection) -> None:
        began = time.monotonic()
        connection.writer.write(
            f"GET /content?n={number} HTTP/1.1\r\nHost: {vip}\r\nConnection: close\r\n\r\n".encode()
        )
        status, length, _last = await asyncio.wait_for(head(connection.reader), PATIENCE)
        if status != 200:
            raise LostError(f"status {status}")
        place = 0
        while place < length:
            piece = await asyncio.wait_for(connection.reader.read(min(PIECE, length - place)), PATIENCE)
            if not piece:
                raise LostError(f"the download was cut after {place} bytes")
            if piece != self.content[place : place + len(piece)]:
                raise WrongError(f"{client} got other bytes from {place} on")
            place += len(piece)
            await asyncio.sleep(PAUSE)
        if length != len(self.content):
            raise WrongError(f"{client} got {length} bytes of {len(self.content)}")
        self.record.requests.append(Request(began, time.monotonic() - began, client, number))

    async def _upload(self, client: str, vip: str, number: str, connection: Connection) -> None:
        began = time.monotonic()
        connection.writer.write(
            (
                f"PUT /application/upload?n={number} HTTP/1.1\r\nHost: {vip}\r\nContent-Length: {len(UPLOAD)}\r\n\r\n"
            ).encode()
        )
        for start in range(0, len(UPLOAD), PIECE):
            connection.writer.write(UPLOAD[start : start + PIECE])
            await asyncio.wait_for(connection.writer.drain(), PATIENCE)
            await asyncio.sleep(PAUSE)
        status, length, _last, content = await asyncio.wait_for(answer(connection.reader), PATIENCE)
        check(client, f"uploaded {number} {hashlib.sha256(UPLOAD).hexdigest()}", status, content, length)
        self.record.requests.append(Request(began, time.monotonic() - began, client, number))

    async def _websocket(self, client: str, vip: str, number: str, connection: Connection) -> None:
        """Stay until the end; each text that comes back counts as a request."""
        key = base64.b64encode(os.urandom(16)).decode()
        connection.writer.write(
            f"GET /application/echo HTTP/1.1\r\nHost: {vip}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        status, _length, _last = await asyncio.wait_for(head(connection.reader), PATIENCE)
        if status != 101:
            raise LostError(f"status {status}")
        while not self._over.is_set():
            began, text, mask = time.monotonic(), f"text {self._number()}".encode(), os.urandom(4)
            connection.writer.write(
                bytes([0x81, 0x80 | len(text)])
                + mask
                + bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
            )
            came = await asyncio.wait_for(connection.reader.readexactly(2 + len(text)), PATIENCE)
            if came[2:] != text:
                raise WrongError(f"{client} sent {text!r} and got {came!r}")
            self.record.requests.append(Request(began, time.monotonic() - began, client, number))
            await asyncio.sleep(PAUSE)


class _EndError(EOFError):
    """The server has announced the end of the connection, after a whole answer."""


async def head(reader: asyncio.StreamReader) -> tuple[int, int, bool]:
    """Read an answer's head; returns status, length of the body, and whether the connection ends with it."""
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = re.match(r"HTTP/1\.[01] (\d{3})", text)
    if not status:
        raise LostError(f"no answer of HTTP: {text[:80]!r}")
    length = re.search(r"(?i)\r\ncontent-length: *(\d+)", text)
    return int(status[1]), int(length[1]) if length else 0, bool(re.search(r"(?i)\r\nconnection: *close", text))


async def answer(reader: asyncio.StreamReader) -> tuple[int, int, bool, bytes]:
    """Read a whole answer, or as much of it as comes."""
    status, length, last = await head(reader)
    body = b""
    with contextlib.suppress(asyncio.IncompleteReadError):
        body = await reader.readexactly(length)
    return status, length, last, body


def executed_twice(lines: Iterable[str]) -> list[str]:
    """The numbers that stand there more than once."""
    seen: set[str] = set()
    twice: set[str] = set()
    for line in lines:
        (twice if line in seen else seen).add(line)
    return sorted(twice)
