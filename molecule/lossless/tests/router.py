"""What a router says of a packet that is too big for its next link."""

from __future__ import annotations

import socket
import struct

from rogue import checksum


def too_big(server: str, client: tuple[str, int], sequence: int, mtu: int) -> None:
    """Tell the HTTP server that a packet of its connection with the client, with this sequence number, was longer than
    the MTU."""
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 1500, 1, 0x4000, 63, socket.IPPROTO_TCP, 0)
    ip += socket.inet_aton(server) + socket.inet_aton(client[0])
    tcp = struct.pack("!HHI", 80, client[1], sequence)
    body = struct.pack("!HH", 0, mtu) + ip + tcp
    head = struct.pack("!BB", 3, 4)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as router:
        router.sendto(head + struct.pack("!H", checksum(head + b"\0\0" + body)) + body, (server, 0))
