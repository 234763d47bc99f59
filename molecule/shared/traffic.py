"""Clients of every kind at once: new connections 200 times a second, kept ones, a long download and a long upload, over IPv4, IPv6 and TLS.

As a context, it fails on leaving if any of them has noticed something."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from load import KeepAlive
from prober import Prober

SIZE = 50 * 1024 * 1024
PIECE = 64 * 1024
WINDOW = 32 * 1024


def any_certificate() -> ssl.SSLContext:
    """TLS with a server whose certificate nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Transfer:
    """A body that goes over one connection, in pieces, as long as the events last; then the rest of it at once."""

    def __init__(self, tls: bool, host: str, over: threading.Event) -> None:
        self.connection = (
            http.client.HTTPSConnection(host, timeout=20, context=any_certificate()) if tls else http.client.HTTPConnection(host, timeout=20)
        )
        self.over = over

    def download(self, path: str) -> str:
        """The checksum of what came."""
        whole = hashlib.sha256()
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        while piece := answer.read(PIECE):
            whole.update(piece)
            self.over.wait(0.05)
        return whole.hexdigest()

    def upload(self, path: str, body: bytes) -> int:
        """The status of the answer."""
        pieces = (body[start : start + PIECE] for start in range(0, len(body), PIECE))
        self.connection.request("PUT", path, body=self._paced(pieces), headers={"Content-Length": str(len(body))})
        return self.connection.getresponse().status

    def _paced(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self.over.wait(0.05)


@contextmanager
def traffic(vip: str, vip6: str, body: bytes, uploaded: Callable[[str], set[str]], pages: set[str]) -> Iterator[None]:
    """Clients of all kinds while the events of a story happen; none of them may notice any.

    /big.bin is the body; an upload lands at /upload/, and C(uploaded) says the checksums of what the web servers have under a name.
    C(pages) are the names that an answer may have."""
    over = threading.Event()
    checksum = hashlib.sha256(body).hexdigest()
    transfers = {"http": Transfer(False, vip, over), "https": Transfer(True, f"[{vip6}]", over)}
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        probers = [stack.enter_context(Prober(vip, timeout=5)), stack.enter_context(Prober(vip6, 443, interval=0.05, timeout=5, tls=any_certificate()))]
        keepers = [stack.enter_context(KeepAlive(vip)), stack.enter_context(KeepAlive(vip6, connections=10, tls=any_certificate()))]
        downloads = {name: pool.submit(transfer.download, "/big.bin") for name, transfer in transfers.items()}
        uploads = {name: pool.submit(Transfer(name == "https", vip, over).upload, f"/upload/{name}", body) for name in transfers}
        try:
            yield
        finally:
            over.set()
    for prober in probers:
        assert prober.results
        assert {result.error for result in prober.results if not result.ok} == set()
        assert {result.server for result in prober.results} <= pages
    for keeper in keepers:
        assert keeper.answers
        assert keeper.broken == []
    for name, download in downloads.items():
        assert download.result() == checksum
        assert uploads[name].result() in (201, 204)
        assert uploaded(name) == {checksum}
