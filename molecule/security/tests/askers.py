"""Clients that ask for one page again and again, and another one who asks for a page that is well meanwhile.

usage: askers.py PORT PATH [CLIENTS:REQUESTS ...]

Each group of CLIENTS shares its REQUESTS; one group comes after the other. Prints what the other client got, as
JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import Counter

INTERVAL = 0.02
"""Seconds between the requests of the other client."""


async def ask(port: int, path: str) -> str:
    """Ask over a new connection and read to its end; returns the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        begin = await reader.readline()
        while await reader.read(65536):
            pass
        return (begin.split() or [b"", b"no answer"])[1].decode()
    finally:
        writer.close()


async def client(port: int, path: str, number: int) -> None:
    for _request in range(number):
        # What becomes of a page that fails is the client's own affair.
        with contextlib.suppress(OSError, IndexError):
            await ask(port, path)


async def other(port: int, answers: Counter[str]) -> None:
    while True:
        try:
            answers[await ask(port, "/")] += 1
        except (OSError, IndexError) as error:
            answers[repr(error)] += 1
        await asyncio.sleep(INTERVAL)


async def main(port: str, path: str, *groups: str) -> None:
    answers: Counter[str] = Counter()
    watching = asyncio.create_task(other(int(port), answers))
    for group in groups:
        clients, requests = map(int, group.split(":"))
        await asyncio.gather(*(client(int(port), path, requests // clients) for _client in range(clients)))
    watching.cancel()
    print(json.dumps(answers))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
