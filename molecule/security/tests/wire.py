"""Requests as bytes: what is sent to the cluster, and what a strict reader makes of the bytes that a web server got."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass

LINE = re.compile(rb"[A-Z]+ [!-~]+ HTTP/1\.1")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
QUIET = 1.5
"""Seconds without a byte, after which a conversation is over."""


class Ambiguous(Exception):
    """Bytes of which two readers could make different requests."""


@dataclass(frozen=True)
class Request:
    """One request as a web server has got it."""

    line: str
    fields: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name]


def requests(raw: bytes) -> list[Request]:
    """The requests of one connection. Raises Ambiguous for anything that RFC 9112 does not leave in one piece."""
    found = []
    while raw:
        head, end, rest = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        if not end or not LINE.fullmatch(lines[0]) or b"#" in lines[0]:
            raise Ambiguous(f"no request line, or no end of the head: {raw!r}")
        matches = [FIELD.fullmatch(line) for line in lines[1:]]
        if None in matches:
            raise Ambiguous(f"a line of the head is no field: {head!r}")
        fields = [(match[1].decode().lower(), match[2].decode("latin-1").strip()) for match in matches if match]
        body, raw = _body(fields, rest)
        found.append(Request(lines[0].decode(), fields, body))
    return found


def _body(fields: list[tuple[str, str]], rest: bytes) -> tuple[bytes, bytes]:
    """The body, and what follows it."""
    lengths = [value for name, value in fields if name == "content-length"]
    codings = [value for name, value in fields if name == "transfer-encoding"]
    if (
        len(lengths + codings) > 1
        or codings not in ([], ["chunked"])
        or not all(value.isdecimal() for value in lengths)
    ):
        raise Ambiguous(f"the length of the body is {lengths} and {codings}")
    if codings:
        return _chunks(rest)
    length = int(lengths[0]) if lengths else 0
    if len(rest) < length:
        raise Ambiguous(f"{length} bytes are announced: {rest!r}")
    return rest[:length], rest[length:]


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _end, rest = rest.partition(b"\r\n")
        if not SIZE.fullmatch(size):
            raise Ambiguous(f"the size of a chunk is {size!r}")
        if not int(size, 16):
            return body, _trailers(rest)
        chunk, rest = rest[: int(size, 16)], rest[int(size, 16) :]
        if not rest.startswith(b"\r\n"):
            raise Ambiguous(f"a chunk does not end where it should: {rest!r}")
        body, rest = body + chunk, rest[2:]


def _trailers(rest: bytes) -> bytes:
    """What follows the trailers."""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not line and end:
            return rest
        if not FIELD.fullmatch(line):
            raise Ambiguous(f"a line of the trailers is no field: {line!r}")


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS, DATA = 4, 1, 0
END_STREAM, END_HEADERS = 1, 4


def http2(fields: list[tuple[bytes, bytes]], body: bytes = b"") -> bytes:
    """A connection of HTTP/2 with one request, whose fields may be whatever a client of its own making wants them to
    be."""
    block = b"".join(b"\x00" + b"".join(bytes([len(word)]) + word for word in field) for field in fields)
    head = _frame(HEADERS, END_HEADERS | (0 if body else END_STREAM), 1, block)
    return PREFACE + _frame(SETTINGS, 0, 0, b"") + head + (_frame(DATA, END_STREAM, 1, body) if body else b"")


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def said(address: str, port: int, raw: bytes) -> bytes:
    """All that the server answers to these bytes, until it closes or falls silent."""
    answer = b""
    with socket.create_connection((address, port), timeout=QUIET) as connection:
        try:
            connection.sendall(raw)
            end = time.monotonic() + 10
            while time.monotonic() < end and (piece := connection.recv(65536)):
                answer += piece
        except OSError:
            pass
    return answer
