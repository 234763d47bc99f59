"""Asks who has an address with 0.0.0.0 as the sender, as hosts do that look for a duplicate: python3 arp.py CARD
ADDRESS...

Prints for each address the cards that answer within a second."""

import socket
import sys
import time


def ask(card, addresses):
    """Return the cards that have answered for each address."""
    found = {address: set() for address in addresses}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x806)) as wire:
        wire.bind((card, 0x806))
        mine = wire.getsockname()[4]
        head = b"\xff" * 6 + mine + bytes.fromhex("0806 0001 0800 06 04 0001") + mine + bytes(10)
        for address in addresses:
            wire.send(head + socket.inet_aton(address))
        end = time.monotonic() + 1
        while (left := end - time.monotonic()) > 0:
            wire.settimeout(left)
            try:
                packet = wire.recv(64)
            except TimeoutError:
                break
            sender = socket.inet_ntoa(packet[28:32])
            if packet[20:22] == b"\0\2" and sender in found:
                found[sender].add(packet[22:28].hex(":"))
    return found


if __name__ == "__main__":
    for answered in ask(sys.argv[1], sys.argv[2:]).values():
        print(*sorted(answered))
