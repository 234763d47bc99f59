"""End requests that wait for a web server that hangs, so that haproxy sends them to another one or answers with an
error.

usage: hung_servers.py SOCKET SECONDS

SOCKET is haproxy's admin socket. A server hangs if it has been DOWN for SECONDS because its health checks get no answer
in time, and another one of its backend is UP. A request waits for it if SECONDS have passed since the last byte went to
the server and nothing has come back. The kernel then closes the connection (SOCK_DESTROY). haproxy 2.6 and 3.0 take
that for a connection that the server has broken: they send a GET, HEAD or OPTIONS to another server, and answer
everything else with 502. haproxy's own "shutdown sessions" cuts downloads as well, and makes 3.0 close the client's
connection without an answer.

A connection on which bytes have moved in that time is left alone, as is one that owes no answer: downloads, uploads,
idle connections."""

from __future__ import annotations

import csv
import errno
import os
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

INTERVAL = 0.5
"""Seconds between two questions to haproxy."""
LONGEST = 64 * 1024 * 1024
"""Bytes of an answer of haproxy, at the most."""
TIMED_OUT = {"L4TOUT", "L6TOUT", "L7TOUT"}
"""The results of health checks that mean silence."""

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/tcp.h.
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, SOCK_DESTROY = 4, 20, 21
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
TCP_ESTABLISHED = 1
INET_DIAG_INFO = 2
HEADER = struct.Struct("=IHHII")
QUERY = struct.Struct("=BBBBI")
ATTRIBUTE = struct.Struct("=HH")
SOCKET_ID = slice(4, 52)
"""Offset of ports, addresses, interface and cookie of the socket in a message."""
MESSAGE = 72
INFO = struct.Struct("=44xI4xI72xQ20xI")
"""Of tcp_info: milliseconds since data was sent and received, bytes received, segments of data sent."""

Endpoint = tuple[str, int]


@dataclass(frozen=True)
class Connection:
    """An established connection: its identity for the kernel, its peer, and what has happened on it."""

    family: int
    identity: bytes
    peer: Endpoint
    sent: int
    """Milliseconds since data was sent."""
    received: int
    """Milliseconds since data was received, or since the connection was established."""
    bytes_received: int
    segments_sent: int

    def is_stuck(self, seconds: float) -> bool:
        """Return whether data was sent, none has come back since, and both are at least so many seconds ago."""
        unanswered = self.segments_sent > 0 and (self.received > self.sent or self.bytes_received == 0)
        return unanswered and min(self.sent, self.received) >= 1000 * seconds


def split_endpoint(text: str) -> Endpoint | None:
    """Address and port of C(192.0.2.21:80) or C([2001:db8::21]:80), None for all that is no such address."""
    address, _colon, port = text.rpartition(":")
    address = address.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, address)), int(port)
    except (OSError, ValueError):
        return None


def find_hung(statistics: str, seconds: float) -> dict[Endpoint, str]:
    """The servers that hang, by endpoint, in haproxy's C(show stat).

    One that is UP in another backend does not hang. Where none of a backend is UP, all are busy rather than hung, and
    none could answer. Sessions are not counted: those of workers that a reload has replaced are not in the answer."""
    rows = {(row["pxname"], row["svname"]): row for row in csv.DictReader(statistics.removeprefix("# ").splitlines())}
    up = [(row["pxname"], split_endpoint(row["addr"])) for row in rows.values() if row["status"].startswith("UP")]
    serving, well = {backend for backend, _endpoint in up}, {endpoint for _backend, endpoint in up}
    hung = {}
    for (backend, server), row in rows.items():
        check = rows.get(tuple(row["tracked"].split("/", 1)), row)["check_status"].strip("* ")
        silent = row["status"] == "DOWN" and check in TIMED_OUT and int(row["lastchg"]) >= seconds
        endpoint = split_endpoint(row["addr"])
        if silent and backend in serving and endpoint and endpoint not in well:
            hung[endpoint] = f"{backend}/{server}"
    return hung


def ask(path: str, command: str) -> str:
    """Return haproxy's answer to a command. Raises OSError, also for an answer that does not end."""
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(5)
        cli.connect(path)
        cli.sendall(f"{command}\n".encode())
        answer = bytearray()
        while piece := cli.recv(65536):
            answer += piece
            if len(answer) > LONGEST:
                raise OSError(f"the answer to '{command}' has more than {LONGEST} bytes")
    return answer.decode()


def call(kind: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """Send one message to the kernel; yields type and content of each answer, and raises what it refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.sendall(HEADER.pack(HEADER.size + len(body), kind, REQUEST | flags, 1, 0) + body)
        while True:
            data = kernel.recv(1 << 20)
            while data:
                length, answer, _flags, _number, _port = HEADER.unpack_from(data)
                content, data = data[HEADER.size : length], data[(length + 3) & ~3 :]
                if answer == NLMSG_DONE:
                    return
                if answer == NLMSG_ERROR:
                    code = -struct.unpack_from("=i", content)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                yield answer, content


def parse_connection(message: bytes) -> Connection | None:
    """The connection that an inet_diag_msg describes; None without a tcp_info that is long enough."""
    family = message[0]
    identity = message[SOCKET_ID]
    size = 16 if family == socket.AF_INET6 else 4
    peer = (
        socket.inet_ntop(family, identity[20 : 20 + size]).removeprefix("::ffff:"),
        struct.unpack_from("!H", identity, 2)[0],
    )
    attributes = message[MESSAGE:]
    while len(attributes) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(attributes)
        if kind == INET_DIAG_INFO and length >= ATTRIBUTE.size + INFO.size:
            return Connection(family, identity, peer, *INFO.unpack_from(attributes, ATTRIBUTE.size))
        attributes = attributes[max((length + 3) & ~3, ATTRIBUTE.size) :]
    return None


def list_connections(port: int) -> Iterator[Connection]:
    """The established connections of this host to any peer's port."""
    identity = struct.pack("!HH44x", 0, port)
    for family in (socket.AF_INET, socket.AF_INET6):
        query = QUERY.pack(family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, 1 << TCP_ESTABLISHED)
        for _kind, message in call(SOCK_DIAG_BY_FAMILY, DUMP, query + identity):
            if connection := parse_connection(message):
                yield connection


def close(connection: Connection) -> None:
    """Have the kernel close the connection, unless it is gone already."""
    query = QUERY.pack(connection.family, socket.IPPROTO_TCP, 0, 0, 1 << TCP_ESTABLISHED)
    try:
        for _answer in call(SOCK_DESTROY, ACK, query + connection.identity):
            pass
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def end_requests(path: str, seconds: float) -> Counter[str]:
    """Close the connections of requests that wait for a server that hangs; returns how many of each server."""
    hung = find_hung(ask(path, "show stat -1 4 -1"), seconds)
    ended: Counter[str] = Counter()
    for port in {port for _address, port in hung}:
        for connection in list(list_connections(port)):
            if connection.peer in hung and connection.is_stuck(seconds):
                close(connection)
                ended[hung[connection.peer]] += 1
    return ended


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def main() -> None:
    path, seconds = sys.argv[1], float(sys.argv[2])
    say_ready()
    problem = ""
    while True:
        # haproxy may be down, about to start, or busy.
        said = problem
        try:
            for server, number in end_requests(path, seconds).items():
                print(f"{server} hangs: ended {number} requests that waited for its answer", flush=True)
            problem = ""
        except (OSError, KeyError, ValueError) as error:
            problem = f"{path}: cannot end requests of servers that hang: {error!r}"
        if problem and problem != said:
            print(problem, file=sys.stderr, flush=True)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
