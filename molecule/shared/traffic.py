"""Clients of every kind at once: new connections 200 times a second, kept ones, a long download and a long upload, over
IPv4, IPv6 and TLS.

As a context, it fails on leaving if any of them has noticed something."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

from prober import KeepAlive, Prober

SIZE = 50 * 1024 * 1024
PIECE = 64 * 1024


def any_certificate() -> ssl.SSLContext:
    """TLS with a server whose certificate nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Transfers:
    """Bodies that go over connections of their own, one after the other, as long as the events of a story last; each
    takes half a minute.

    A transfer that does not arrive whole raises an error."""

    def __init__(self, tls: bool, host: str, body: bytes, over: threading.Event) -> None:
        self.tls = tls
        self.host = host
        self.body = body
        self.over = over

    def connection(self) -> http.client.HTTPConnection:
        if self.tls:
            return http.client.HTTPSConnection(self.host, timeout=30, context=any_certificate())
        return http.client.HTTPConnection(self.host, timeout=30)

    def download(self, path: str) -> int:
        """Download until the context is over; returns the number of downloads."""
        for number in self._rounds():
            connection = self.connection()
            connection.request("GET", path)
            answer = connection.getresponse()
            whole = b"".join(self._paced(iter(partial(answer.read, PIECE), b"")))
            assert whole == self.body, f"download {number}: {answer.status}, {len(whole)} bytes"
        return number

    def upload(self, path: str) -> int:
        """Upload until the context is over; returns the number of uploads."""
        for number in self._rounds():
            connection = self.connection()
            pieces = (self.body[start : start + PIECE] for start in range(0, len(self.body), PIECE))
            connection.request("PUT", path, body=self._paced(pieces), headers={"Content-Length": str(len(self.body))})
            status = connection.getresponse().status
            assert status in (201, 204), f"upload {number}: {status}"
        return number

    def _rounds(self) -> Iterator[int]:
        yield 1
        yield from itertools.takewhile(lambda _number: not self.over.is_set(), itertools.count(2))

    def _paced(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self.over.wait(0.03)


@contextmanager
def traffic(vip: str, vip6: str, body: bytes, uploaded: Callable[[str], set[str]], servers: set[str]) -> Iterator[None]:
    """Clients of all kinds while the events of a story happen; none of them may notice any.

    The web servers have the body as /big.bin and take uploads below /upload/; C(uploaded) says the checksums of what
    they have under a name. C(servers) are the names that answers may have."""
    over = threading.Event()
    ways = {"http": Transfers(False, vip, body, over), "https": Transfers(True, f"[{vip6}]", body, over)}
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        probers = [
            stack.enter_context(Prober(vip, timeout=30)),
            stack.enter_context(Prober(vip6, 443, interval=0.05, timeout=30, tls=any_certificate())),
        ]
        keepers = [
            stack.enter_context(KeepAlive(vip)),
            stack.enter_context(KeepAlive(vip6, connections=10, tls=any_certificate())),
        ]
        transfers = [pool.submit(way.download, "/big.bin") for way in ways.values()]
        transfers += [pool.submit(way.upload, f"/upload/{name}") for name, way in ways.items()]
        try:
            yield
        finally:
            over.set()
    for prober in probers:
        assert prober.results
        assert {result.error for result in prober.results if not result.ok} == set()
        assert {result.server for result in prober.results} <= servers
    for keeper in keepers:
        assert keeper.answers
        assert keeper.broken == []
    assert all(transfer.result() for transfer in transfers)
    for name in ways:
        assert uploaded(name) == {hashlib.sha256(body).hexdigest()}
