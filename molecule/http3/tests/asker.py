"""Ask by HTTP/3 with aioquic. Runs on the lab's client.

usage: asker.py HOST PORT CONNECTIONS

Asks on each of the connections again and again. Prints "ready" when all have had an answer, and for every line that it
reads, how many of them have answered every request so far."""

from __future__ import annotations

import asyncio
import ssl
import sys
from contextlib import AsyncExitStack

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration

ANSWERS_WITHIN, PAUSE = 60, 0.5
"""Seconds within which there is an answer, and until the next request."""


class Client(QuicConnectionProtocol):
    """One connection with its requests."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.status: dict[int, str] = {}
        self.answers: dict[int, asyncio.Future] = {}

    def quic_event_received(self, event) -> None:
        for found in self.http.handle_event(event):
            if isinstance(found, HeadersReceived):
                self.status[found.stream_id] = dict(found.headers)[b":status"].decode()
            if (
                isinstance(found, (HeadersReceived, DataReceived))
                and found.stream_ended
                and found.stream_id in self.answers
            ):
                answer = self.answers.pop(found.stream_id)
                if not answer.done():
                    answer.set_result(self.status[found.stream_id])

    def connection_lost(self, exc) -> None:
        for answer in self.answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection has ended"))

    async def get(self, host: str) -> str:
        stream = self._quic.get_next_available_stream_id()
        self.answers[stream] = asyncio.get_running_loop().create_future()
        names = {":method": "GET", ":scheme": "https", ":authority": host, ":path": "/"}
        self.http.send_headers(stream, [(key.encode(), value.encode()) for key, value in names.items()], True)
        self.transmit()
        return await asyncio.wait_for(self.answers[stream], ANSWERS_WITHIN)


async def main(host: str, port: int, number: int) -> None:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, verify_mode=ssl.CERT_NONE)

    async def keep_asking(client: Client) -> None:
        while await client.get(host) == "200":
            await asyncio.sleep(PAUSE)

    async with AsyncExitStack() as stack:
        opened = [connect(host, port, configuration=configuration, create_protocol=Client) for _one in range(number)]
        clients = [await stack.enter_async_context(connection) for connection in opened]
        assert [await client.get(host) for client in clients] == ["200"] * number
        asking = [asyncio.ensure_future(keep_asking(client)) for client in clients]
        print("ready", flush=True)
        while await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
            print(sum(not task.done() for task in asking), flush=True)
        for task in asking:
            task.cancel()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
