# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find machines of a network segment that answer for a VIP although they are none of the cluster's nodes.

The questions are ARP probes of RFC 5227, whose sender address is 0.0.0.0, and neighbour solicitations; neither changes
what a machine remembers of the VIP. A machine does not hear its own questions, so addresses of this host get no
answer."""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from .._address import Placed, canonical, version_of

ETH_P_ARP = 0x0806
ARP_HEAD = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
"""A request about IPv4 addresses on Ethernet."""
ARP_LENGTH = 28
BROADCAST = b"\xff" * 6
SOLICITATION, ADVERTISEMENT = 135, 136
ICMP6_FILTER = 1
SOURCE_LINK_ADDRESS, TARGET_LINK_ADDRESS = 1, 2
HOPS = 255
"""Of messages that come from the same segment."""
VIRTUAL = ("00:00:5e:00:01:{:02x}", "00:00:5e:00:02:{:02x}")
"""MAC addresses of a virtual router in IPv4 and IPv6, where keepalived is told to use them."""
TRIES = 3
"""Questions for each address, as in RFC 5227; one of them can be lost."""


@dataclass(frozen=True)
class Answer:
    """A machine, by the MAC address of its network card, has answered for an address on an interface of this host."""

    address: str
    interface: str
    link_address: str


def build_arp_probe(mine: bytes, address: str) -> bytes:
    """A question for an IPv4 address by the network card with this MAC address, which claims no address."""
    return ARP_HEAD + mine + bytes(10) + socket.inet_aton(address)


def parse_arp(packet: bytes) -> tuple[str, str] | None:
    """Address and MAC address of the sender of an ARP packet, whether it replies or announces itself; None for what is
    none, and for a probe."""
    if len(packet) < ARP_LENGTH or packet[:6] != ARP_HEAD[:6] or packet[14:18] == bytes(4):
        return None
    return socket.inet_ntoa(packet[14:18]), packet[8:14].hex(":")


def build_solicitation(mine: bytes, address: str) -> bytes:
    """A question for an IPv6 address. The kernel adds the checksum."""
    target = socket.inet_pton(socket.AF_INET6, address)
    return struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + target + bytes([SOURCE_LINK_ADDRESS, 1]) + mine


def solicited_group(address: str) -> str:
    """The multicast group of the machines whose IPv6 address ends as this one does."""
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | int_of(address) & 0xFFFFFF))


def int_of(address: str) -> int:
    """The address as a number."""
    return int(ipaddress.ip_address(address))


def parse_advertisement(packet: bytes) -> tuple[str, str] | None:
    """Address and MAC address of a neighbour advertisement; None for what is none."""
    if len(packet) < 24 or packet[0] != ADVERTISEMENT:
        return None
    options = packet[24:]
    while len(options) >= 8 and options[1]:
        if options[0] == TARGET_LINK_ADDRESS:
            return str(ipaddress.IPv6Address(packet[8:24])), options[2:8].hex(":")
        options = options[options[1] * 8 :]
    return None


class Vip(Placed):
    """A VIP on an interface, and the virtual router id of its instance."""

    virtual_router_id: int


def find_foreign_owners(
    vips: Iterable[Vip], nodes: Iterable[str], link_addresses: Iterable[str], seconds: float
) -> list[Answer]:
    """Return who answers for a VIP and is no node: neither by a MAC address that answers for the address of a node, nor
    by one of C(link_addresses), nor by the virtual one of the VIP's own instance. Raises OSError."""
    routers = {(canonical(vip["address"]), vip["interface"]): vip["virtual_router_id"] for vip in vips}
    own = {canonical(node) for node in nodes}
    places: list[Placed] = [
        {"address": address, "interface": interface} for _vip, interface in routers for address in own
    ]
    places += [{"address": address, "interface": interface} for address, interface in routers]
    answers = ask_owners(places, seconds)
    known = {word.lower() for word in link_addresses} | {
        answer.link_address for answer in answers if answer.address in own
    }
    found = [
        answer
        for answer in answers
        if (router := routers.get((answer.address, answer.interface)))
        and answer.link_address not in known
        and answer.link_address not in (form.format(router) for form in VIRTUAL)
    ]
    return sorted(found, key=str)


def ask_owners(addresses: Iterable[Placed], seconds: float) -> set[Answer]:
    """Return who answers for the addresses, each asked for on its interface. Raises OSError if it cannot ask."""
    wanted = {(place["interface"], canonical(place["address"])) for place in addresses}
    with ExitStack() as stack:
        ears = {
            stack.enter_context(_Ear(interface, version)): {
                address for name, address in wanted if name == interface and version_of(address) == version
            }
            for interface, version in sorted({(name, version_of(address)) for name, address in wanted})
        }
        return {
            Answer(address, ear.interface, link_address)
            for ear, address, link_address in _hear_answers(ears, seconds)
            if address in ears[ear]
        }


class _Ear:
    """A socket that asks and hears on one interface, in one IP version."""

    def __init__(self, interface: str, version: int) -> None:
        self.interface = interface
        self.version = version

    def __enter__(self) -> _Ear:
        # The card's MAC address comes with any packet socket.
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as card:
            card.bind((self.interface, ETH_P_ARP))
            self.mine = card.getsockname()[4]
        if self.version == 4:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ARP))
            self.socket.bind((self.interface, ETH_P_ARP))
        else:
            self.socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode() + b"\0")
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOPS)
            passed = [0xFFFFFFFF] * 8
            passed[ADVERTISEMENT // 32] &= ~(1 << ADVERTISEMENT % 32)
            self.socket.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *passed))
        return self

    def __exit__(self, *reason: object) -> None:
        self.socket.close()

    def fileno(self) -> int:
        """The file descriptor, for select()."""
        return self.socket.fileno()

    def ask(self, address: str) -> None:
        """Ask all machines of the segment for an address, unless the interface has no MAC address, as a tunnel."""
        if len(self.mine) != len(BROADCAST):
            return
        if self.version == 4:
            self.socket.sendto(build_arp_probe(self.mine, address), (self.interface, ETH_P_ARP, 0, 0, BROADCAST))
        else:
            index = socket.if_nametoindex(self.interface)
            self.socket.sendto(build_solicitation(self.mine, address), (solicited_group(address), 0, 0, index))

    def hear(self) -> tuple[str, str] | None:
        """Read one packet; return the address that its sender has, and its MAC address."""
        packet = self.socket.recv(1500)
        return parse_arp(packet) if self.version == 4 else parse_advertisement(packet)


def _hear_answers(ears: dict[_Ear, set[str]], seconds: float) -> Iterator[tuple[_Ear, str, str]]:
    """Ask several times in this time, and yield each answer."""
    begin = time.monotonic()
    for turn in range(TRIES):
        for ear, addresses in ears.items():
            for address in addresses:
                ear.ask(address)
        while (left := begin + (turn + 1) * seconds / TRIES - time.monotonic()) > 0:
            for ear in select.select(list(ears), [], [], left)[0]:
                found = ear.hear()
                if found:
                    yield ear, *found
