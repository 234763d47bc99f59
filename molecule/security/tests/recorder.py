"""A web server that keeps every byte it gets, one file for each connection in the folder, and answers whatever comes
with an empty 200.

usage: recorder.py PORT FOLDER"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
QUIET = 0.3
"""Seconds without a byte, after which a request is taken to be complete whatever it says itself."""


async def serve(port: int, folder: Path) -> None:
    numbers = itertools.count()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with open(folder / str(next(numbers)), "wb", buffering=0) as file:
            try:
                while piece := await asyncio.wait_for(reader.read(65536), QUIET):
                    file.write(piece)
            except asyncio.TimeoutError:
                writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(keep, "0.0.0.0", port)
    await server.serve_forever()


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(exist_ok=True)
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
