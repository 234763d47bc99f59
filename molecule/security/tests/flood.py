"""A client that wants everything for itself. Prints what became of it as JSON.

usage: flood.py ADDRESS PORT connections|headers|requests NUMBER

connections: open so many and say nothing. headers: open so many and send a head that never ends, a byte at a time.
requests: send so many, over ten connections and without waiting for answers. Each ends after 20 seconds at the
latest."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter

HEAD = b"GET / HTTP/1.1\r\nHost: www.example.com\r\nX-Slow: "
REQUEST = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
LONGEST = 20
AT_ONCE = 150
"""Connections of one flood at a time. With more, the listener's queue overflows, and the client has connections that
haproxy never accepts."""


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(b"a")
        await asyncio.sleep(0.5)


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(LONGEST)


async def one(address: str, port: int, say, turn: asyncio.Semaphore) -> str:
    """How a connection ended."""
    try:
        async with turn:
            reader, writer = await asyncio.open_connection(address, port)
            talk = asyncio.ensure_future(say(writer))
            answer = await asyncio.wait_for(reader.read(), LONGEST)
            talk.cancel()
        end = answer.split(b"\r\n")[0].decode() or "closed"
    except asyncio.TimeoutError:
        end = "open"
    except OSError:
        end = "closed"
    return end


async def many(address: str, port: int, number: int) -> Counter[str]:
    """The answers to so many requests over one connection."""
    reader, writer = await asyncio.open_connection(address, port)
    answers = Counter()
    try:
        writer.write(REQUEST * number)
        while piece := await asyncio.wait_for(reader.read(1 << 20), 3):
            answers.update(word.decode() for word in re.findall(rb"HTTP/1\.1 (\d+)", piece))
    except (OSError, asyncio.TimeoutError):
        pass
    return answers


async def main(address: str, port: int, kind: str, number: int) -> None:
    if kind == "requests":
        found = sum(await asyncio.gather(*(many(address, port, number // 10) for _connection in range(10))), Counter())
        print(json.dumps(found))
    else:
        say = {"connections": silence, "headers": drip}[kind]
        began, turn = time.monotonic(), asyncio.Semaphore(AT_ONCE)
        ends = await asyncio.gather(*(one(address, port, say, turn) for _connection in range(number)))
        print(json.dumps({"ends": Counter(ends), "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
