"""Clients that keep their connections and send a request over each of them every 100 ms."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading


class KeepAlive:
    """Sends requests from a thread of its own while used as a context; then answers and broken are complete.

    A connection is broken if it ends in any other way than after a whole answer that has announced it."""

    def __init__(self, host: str, connections: int = 20, interval: float = 0.1, tls: ssl.SSLContext | None = None) -> None:
        self.host = host
        self.tls = tls
        self.connections = connections
        self.interval = interval
        self.answers = 0
        self.broken: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> KeepAlive:
        self._thread.start()
        return self

    def __exit__(self, *reason) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*[self._client() for _number in range(self.connections)])

    async def _client(self) -> None:
        while not self._stop.is_set():
            try:
                await self._connection()
            except (OSError, EOFError, TimeoutError, ValueError) as problem:
                self.broken.append(repr(problem))

    async def _connection(self) -> None:
        """Use one connection until the server announces its end."""
        reader, writer = await asyncio.open_connection(self.host, 443 if self.tls else 80, ssl=self.tls)
        try:
            while not self._stop.is_set():
                writer.write(b"GET / HTTP/1.1\r\nHost: cluster\r\n\r\n")
                if await asyncio.wait_for(self._answer(reader), timeout=30):
                    return
                await asyncio.sleep(self.interval)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bool:
        """Read one whole answer; returns whether it is the connection's last."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if not head.startswith(b"HTTP/1.1 200 ") or not length:
            raise ValueError(head)
        await reader.readexactly(int(length.group(1)))
        self.answers += 1
        return bool(re.search(rb"(?i)\r\nconnection: *close", head))
