# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find other users of a virtual router id on a network segment: multicast adverts, received before any firewall."""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

VRRP = 112
ADVERT = 1
GROUPS = (ipaddress.ip_address("224.0.0.18"), ipaddress.ip_address("ff02::12"))
LINK_ADDRESSES = (bytes.fromhex("01005e000012"), bytes.fromhex("333300000012"))
"""Multicast MAC addresses of GROUPS."""

ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_MULTICAST = 263, 1, 0


@dataclass(frozen=True)
class Sender:
    """Somebody who has said on an interface to be master of a virtual router."""

    address: str
    interface: str
    virtual_router_id: int


def advert(packet: bytes) -> tuple[str, int] | None:
    """Sender and virtual router id of an IP packet; None for what is no advert to all, of whatever version, CARP's
    among them."""
    four = packet[:1] and packet[0] >> 4 == 4
    try:
        protocol, source, target, body = (
            (packet[9], packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4 :])
            if four
            else (packet[6], packet[8:24], packet[24:40], packet[40:])
        )
        if protocol == VRRP and ipaddress.ip_address(target) in GROUPS and body[0] & 15 == ADVERT:
            return str(ipaddress.ip_address(source)), body[1]
    except (IndexError, ValueError):
        pass
    return None


def find_strangers(heard: Iterable[Sender], wanted: Iterable[tuple[str, int]], nodes: Iterable[str]) -> list[Sender]:
    """Those who use one of the wanted pairs of interface and virtual router id and are none of the nodes, each once."""
    pairs = set(wanted)
    known = {str(ipaddress.ip_address(node)) for node in nodes}
    found = [
        sender
        for sender in heard
        if (sender.interface, sender.virtual_router_id) in pairs and sender.address not in known
    ]
    return list(dict.fromkeys(found))


def hear_adverts(interfaces: Iterable[str], seconds: float) -> Iterator[Sender]:
    """Yield the senders of multicast adverts on the interfaces. Raises OSError if it cannot listen."""
    end = time.monotonic() + seconds
    with ExitStack() as stack:
        ears = {stack.enter_context(_open_socket(interface)): interface for interface in sorted(set(interfaces))}
        while (left := end - time.monotonic()) > 0:
            for ear in select.select(list(ears), [], [], left)[0]:
                found = advert(ear.recv(256))
                if found:
                    yield Sender(found[0], ears[ear], found[1])


def _open_socket(interface: str) -> socket.socket:
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    ear.bind((interface, ETH_P_ALL))
    for address in LINK_ADDRESSES:
        request = struct.pack("iHH8s", socket.if_nametoindex(interface), PACKET_MR_MULTICAST, len(address), address)
        ear.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
    return ear
