# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.strangers import (
    Sender,
    advert,
    find_strangers,
    hear_adverts,
)

BODY = bytes([0x31, 51, 254, 1, 0, 10, 0, 0])


def four(source="192.0.2.66", target="224.0.0.18", protocol=112, body=BODY, options=b""):
    head = bytes([0x45 + len(options) // 4, 0]) + struct.pack(
        "!HHHBBH", 20 + len(options) + len(body), 0, 0, 255, protocol, 0
    )
    return head + socket.inet_aton(source) + socket.inet_aton(target) + options + body


def six(source="fe80::66", target="ff02::12", protocol=112, body=BODY):
    head = struct.pack("!IHBB", 6 << 28, len(body), protocol, 255)
    return head + socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target) + body


# story, packet, what it says
PACKETS = [
    ("version 3", four(), ("192.0.2.66", 51)),
    ("version 2, or CARP", four(body=bytes([0x21, 7]) + BODY[2:]), ("192.0.2.66", 7)),
    ("options of IP", four(options=b"\x94\x04\0\0"), ("192.0.2.66", 51)),
    ("IPv6", six(), ("fe80::66", 51)),
    ("unicast", four(target="192.0.2.11"), None),
    ("unicast of IPv6", six(target="2001:db8::11"), None),
    ("another protocol", four(protocol=17), None),
    ("another protocol of IPv6", six(protocol=58), None),
    ("no advert", four(body=bytes([0x32, 51])), None),
    ("half of one", four(body=b"\x31"), None),
    ("half of a head", four()[:18], None),
    ("nothing", b"", None),
    ("no IP", b"\0\1\x08\0\6\4\0\1", None),
]
ROUTERS = [("eth0", 51), ("eth1", 52)]
NODES = ["192.0.2.11", "2001:DB8::11"]

# senders, who of them is a stranger
SENDERS = [
    ([], []),
    ([Sender("192.0.2.11", "eth0", 51), Sender("2001:db8::11", "eth0", 51)], []),
    ([Sender("192.0.2.66", "eth0", 52), Sender("192.0.2.66", "eth1", 51)], []),
    ([Sender("192.0.2.66", "eth0", 51)] * 3, [Sender("192.0.2.66", "eth0", 51)]),
]


@pytest.mark.parametrize(("packet", "said"), [row[1:] for row in PACKETS], ids=[row[0] for row in PACKETS])
def test_advert(packet, said):
    assert advert(packet) == said


@pytest.mark.parametrize(("heard", "found"), SENDERS)
def test_strangers(heard, found):
    assert find_strangers(heard, ROUTERS, NODES) == found


def test_an_interface_that_is_not_there():
    with pytest.raises(OSError, match=r"."):
        list(hear_adverts(["none0"], 0.01))
