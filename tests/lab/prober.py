"""Open-loop HTTP prober: a new connection every few milliseconds, come what may.

"Open loop" means that a request starts on time even while earlier ones hang, so
that an outage is sampled as densely as the quiet time around it.
"""

import asyncio
import re
import ssl
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Result:
    """One request; times are in seconds, the start on the monotonic clock."""

    start: float
    latency: float
    ok: bool
    server: str = ""
    error: str = ""

    @property
    def end(self) -> float:
        return self.start + self.latency


def outage(results: list[Result]) -> float:
    """Return the longest outage in milliseconds, 0 if no request failed.

    An outage lasts from the start of the last good request before a failed one
    to the answer of the first good request after it; without a good one on
    that side it reaches to the first or last result.
    """
    longest = 0.0
    ordered = sorted(results, key=lambda result: result.start)
    began = ordered[0].start if ordered else 0.0
    failing = False
    for result in ordered:
        if not result.ok:
            failing = True
            continue
        if failing:
            longest = max(longest, result.end - began)
        failing = False
        began = result.start
    if failing:
        longest = max(longest, ordered[-1].end - began)
    return longest * 1000


def parse(answer: bytes, server: re.Pattern[str]) -> tuple[bool, str, str]:
    """Return whether the answer is a whole 200, who sent it, and what is wrong."""
    head, _separator, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        return False, "", status or "connection closed without an answer"
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    if length and len(body) < int(length[1]):
        return False, "", "connection closed in the middle of the answer"
    name = server.search(body.decode("utf-8", "replace"))
    return True, name[0] if name else "", ""


async def exchange(host: str, port: int, request: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send the request over a connection of its own and return the answer."""
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.read(-1)
    finally:
        writer.close()


class Prober:
    """Sends requests from a thread of its own while used as a context.

    The results are complete once the context is left.
    """

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
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.interval = interval
        self.timeout = timeout
        self.results: list[Result] = []
        self._server = re.compile(server)
        self._request = (f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: evenkeel-prober\r\nConnection: close\r\n\r\n").encode()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
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

    def good_since(self, moment: float, seconds: float) -> bool:
        """Tell whether the last so many seconds, all after moment, were faultless."""
        now = time.monotonic()
        recent = [r for r in list(self.results) if r.start >= now - seconds]
        return now - seconds >= moment and bool(recent) and all(r.ok for r in recent)

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
            answer = await asyncio.wait_for(exchange(self.host, self.port, self._request, self.tls), self.timeout)
            ok, server, error = parse(answer, self._server)
        except TimeoutError:
            ok, server, error = False, "", "timeout"
        except OSError as problem:
            ok, server, error = False, "", str(problem)
        latency = time.monotonic() - start
        self.results.append(Result(start, latency, ok, server, error))
