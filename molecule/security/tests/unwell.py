"""A web server whose pages fail in every way that a client can ask for: python3 unwell.py PORT.

Every other path is answered with 200."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

CLOSE = "Content-Length: 2\r\nConnection: close\r\n\r\nok"
ANSWERS = {
    "/401": f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n{CLOSE}",
    "/404": f"HTTP/1.1 404 Not Found\r\n{CLOSE}",
    "/500": f"HTTP/1.1 500 Internal Server Error\r\n{CLOSE}",
    "/503": f"HTTP/1.1 503 Service Unavailable\r\n{CLOSE}",
    "/empty": "",
    "/invalid": "no HTTP\r\n\r\n",
    "/headers": f"HTTP/1.1 200 OK\r\nX: {'x' * 65536}\r\n{CLOSE}",
    "/huge": "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\nConnection: close\r\n\r\n" + "x" * 500_000,
    "/short": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nx",
    "/reset": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx",
    "/slow": f"HTTP/1.1 200 OK\r\n{CLOSE}",
}
BYTES = {path: text.encode() for path, text in ANSWERS.items()}
WELL = f"HTTP/1.1 200 OK\r\n{CLOSE}".encode()
SLOW = 1.0
"""Seconds that the slow page takes, which is longer than a health check waits."""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request and end the connection, for one path by a reset."""
    try:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        if path == "/slow":
            await asyncio.sleep(SLOW)
        writer.write(BYTES.get(path, WELL))
        await writer.drain()
        if path == "/reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main(port: str) -> None:
    server = await asyncio.start_server(answer, "0.0.0.0", int(port), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
