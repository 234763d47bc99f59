"""Clients that keep their connections and ask over each of them once a second: python3 busy.py ADDRESS CONNECTIONS.

It ends when its input does."""

import asyncio
import contextlib
import sys


async def client(address: str) -> None:
    """Ask over one connection after the other."""
    question = f"GET / HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(address, 80)
            try:
                while True:
                    writer.write(question)
                    if not await reader.read(65536):
                        break
                    await asyncio.sleep(1)
            finally:
                writer.close()
        await asyncio.sleep(0.2)


async def main(address: str, connections: str) -> None:
    clients = [asyncio.create_task(client(address)) for _number in range(int(connections))]
    await asyncio.to_thread(sys.stdin.read)
    for task in clients:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
