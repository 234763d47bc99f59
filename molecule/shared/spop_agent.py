"""An agent that speaks SPOP 2.0: C(spop_agent.py ADDRESS PORT).

It reads the argument C(path) of every message. It answers C(/denied) with the action C(deny), all else with C(allow),
and does not answer C(/unanswered) at all."""

from __future__ import annotations

import socketserver
import struct
import sys
from typing import Any

HELLO, DISCONNECT, NOTIFY = 1, 2, 3
ANSWER = 100
"""A frame of the agent has the type of the one that it answers, and this."""
COMPLETE = 1
TRANSACTION = 2
"""Scope of the variable that is set."""
UINT32, STRING = 3, 8
SIZES = {6: 4, 7: 16}


class Reader:
    """Reads the values of a frame one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read_bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def read_number(self) -> int:
        value = self.read_bytes(1)[0]
        if value < 240:
            return value
        shift, byte = 4, 128
        while byte >= 128:
            byte = self.read_bytes(1)[0]
            value += byte << shift
            shift += 7
        return value

    def read_text(self) -> str:
        return self.read_bytes(self.read_number()).decode()

    def read_value(self) -> Any:
        """A value of any type; an address is given as its bytes."""
        kind = self.read_bytes(1)[0]
        if kind & 15 < 2:
            return bool(kind & 16)
        if kind & 15 < 6:
            return self.read_number()
        return self.read_bytes(SIZES.get(kind & 15) or self.read_number())

    def is_read(self) -> bool:
        return self.at >= len(self.data)


def write_number(value: int) -> bytes:
    if value < 240:
        return bytes([value])
    found, value = [value & 255 | 240], (value - 240) >> 4
    while value >= 128:
        found.append(value & 255 | 128)
        value = (value - 128) >> 7
    return bytes([*found, value])


def write_text(text: str) -> bytes:
    return write_number(len(text.encode())) + text.encode()


def write_frame(kind: int, stream: int, frame: int, payload: bytes) -> bytes:
    body = struct.pack("!BI", kind + ANSWER, COMPLETE) + write_number(stream) + write_number(frame) + payload
    return struct.pack("!I", len(body)) + body


def write_pairs(**pairs: str | int) -> bytes:
    return b"".join(
        write_text(name.replace("_", "-"))
        + (bytes([STRING]) + write_text(value) if isinstance(value, str) else bytes([UINT32]) + write_number(value))
        for name, value in pairs.items()
    )


class Agent(socketserver.BaseRequestHandler):
    """One connection of haproxy."""

    def handle(self) -> None:
        while len(length := self._receive(4)) == 4:
            reader = Reader(self._receive(struct.unpack("!I", length)[0]))
            kind = reader.read_bytes(5)[0]
            stream, frame = reader.read_number(), reader.read_number()
            if kind == HELLO:
                self._answer(kind, stream, frame, version="2.0", max_frame_size=16380, capabilities="pipelining")
            elif kind == DISCONNECT:
                self._answer(kind, stream, frame, status_code=0, message="bye")
                return
            elif kind == NOTIFY and (path := read_path(reader)) != "/unanswered":
                action = "deny" if path == "/denied" else "allow"
                set_variable = bytes([1, 3, TRANSACTION]) + write_pairs(action=action)
                self.request.sendall(write_frame(kind, stream, frame, set_variable))

    def _answer(self, kind: int, stream: int, frame: int, **pairs: str | int) -> None:
        self.request.sendall(write_frame(kind, stream, frame, write_pairs(**pairs)))

    def _receive(self, count: int) -> bytes:
        """As many bytes, fewer if the connection ends."""
        found = b""
        while len(found) < count and (part := self.request.recv(count - len(found))):
            found += part
        return found


def read_path(reader: Reader) -> str:
    """The argument C(path) of the messages of a frame."""
    found = ""
    while not reader.is_read():
        reader.read_text()
        for _argument in range(reader.read_bytes(1)[0]):
            name, value = reader.read_text(), reader.read_value()
            found = value.decode() if name == "path" else found
    return found


class Server(socketserver.ThreadingTCPServer):
    """Serves every connection in a thread of its own."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server((sys.argv[1], int(sys.argv[2])), Agent).serve_forever()
