# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived import neighbours
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.neighbours import (
    Answer,
    ask_owners,
    build_arp_probe,
    build_solicitation,
    find_foreign_owners,
    parse_advertisement,
    parse_arp,
    solicited_group,
)

MINE, THEIRS = bytes.fromhex("0242c0000211"), bytes.fromhex("0242c0000263")
SHOWN = "02:42:c0:00:02:63"


def arp(operation=2, sender="192.0.2.10", link_address=THEIRS, head=b"\0\1\x08\0\6\4", padding=bytes(18)):
    body = struct.pack("!H", operation) + link_address + socket.inet_aton(sender) + MINE + bytes(4)
    return head + body + padding


def advertisement(options, kind=136, target="2001:db8::10"):
    return struct.pack("!BBHI", kind, 0, 0, 0x60000000) + socket.inet_pton(socket.AF_INET6, target) + options


LINK = b"\2\1" + THEIRS

# story, packet, address and MAC address of the sender
ARP = [
    ("a reply", arp(), ("192.0.2.10", SHOWN)),
    ("a request of somebody with the address, such as an announcement", arp(operation=1), ("192.0.2.10", SHOWN)),
    ("another probe", arp(operation=1, sender="0.0.0.0"), None),
    ("without padding", arp(padding=b""), ("192.0.2.10", SHOWN)),
    ("half of one", arp(padding=b"")[:20], None),
    ("of another network", arp(head=b"\0\x06\x08\0\6\4"), None),
    ("of another protocol", arp(head=b"\0\1\x08\6\6\4"), None),
    ("nothing", b"", None),
]
NEIGHBOURS = [
    ("an advertisement", advertisement(LINK), ("2001:db8::10", SHOWN)),
    ("after another option", advertisement(b"\x0e\1" + bytes(6) + LINK), ("2001:db8::10", SHOWN)),
    ("without a MAC address", advertisement(b""), None),
    ("an option of no length", advertisement(b"\x0e\0" + bytes(6) + LINK), None),
    ("half of an option", advertisement(LINK[:5]), None),
    ("a solicitation", advertisement(LINK, kind=135), None),
    ("half of one", advertisement(b"")[:20], None),
    ("nothing", b"", None),
]


@pytest.mark.parametrize(("packet", "said"), [row[1:] for row in ARP], ids=[row[0] for row in ARP])
def test_arp(packet, said):
    assert parse_arp(packet) == said


@pytest.mark.parametrize(("packet", "said"), [row[1:] for row in NEIGHBOURS], ids=[row[0] for row in NEIGHBOURS])
def test_neighbour_advertisement(packet, said):
    assert parse_advertisement(packet) == said


def test_a_probe_claims_no_address():
    probe = build_arp_probe(MINE, "192.0.2.10")
    assert probe == bytes.fromhex("0001 0800 06 04 0001 0242c0000211 00000000 000000000000 c000020a")
    assert parse_arp(probe) is None


def test_a_solicitation_goes_to_the_group_of_the_address():
    assert build_solicitation(MINE, "2001:db8::10").hex() == (
        "87000000" + "00000000" + "20010db8" + "0" * 22 + "10" + "0101" + MINE.hex()
    )
    assert solicited_group("2001:db8::12:3456") == "ff02::1:ff12:3456"


def vip(address="192.0.2.10", interface="eth0", virtual_router_id=51):
    return {"address": address, "interface": interface, "virtual_router_id": virtual_router_id}


STRANGER = Answer("192.0.2.10", "eth0", SHOWN)

# story, VIPs, answers, who of them is a stranger
ANSWERS = [
    ("nobody", [vip()], [], []),
    ("a stranger", [vip()], [STRANGER], [STRANGER]),
    ("a node that holds the VIP", [vip()], [STRANGER, Answer("192.0.2.12", "eth0", SHOWN)], []),
    ("a node beside a stranger", [vip()], [STRANGER, Answer("192.0.2.12", "eth0", "02:00:00:00:00:01")], [STRANGER]),
    ("a node that is known by facts", [vip()], [Answer("192.0.2.10", "eth0", "02:00:00:00:00:0a")], []),
    ("the virtual router itself", [vip()], [Answer("192.0.2.10", "eth0", "00:00:5e:00:01:33")], []),
    (
        "another virtual router",
        [vip()],
        [Answer("192.0.2.10", "eth0", "00:00:5e:00:01:34")],
        [Answer("192.0.2.10", "eth0", "00:00:5e:00:01:34")],
    ),
    (
        "two strangers",
        [vip()],
        [Answer("192.0.2.10", "eth0", "02:00:00:00:00:02"), STRANGER],
        [Answer("192.0.2.10", "eth0", "02:00:00:00:00:02"), STRANGER],
    ),
]


@pytest.mark.parametrize(("vips", "answers", "found"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_who_is_a_stranger(monkeypatch, vips, answers, found):
    monkeypatch.setattr(neighbours, "ask_owners", lambda _places, _seconds: set(answers))
    assert find_foreign_owners(vips, ["192.0.2.11", "192.0.2.12"], ["02:00:00:00:00:0A"], 0) == found


def test_the_nodes_are_asked_for_on_the_interfaces_of_the_vips(monkeypatch):
    asked = []
    monkeypatch.setattr(neighbours, "ask_owners", lambda places, _seconds: asked.extend(places) or set())
    find_foreign_owners([vip(), vip("2001:db8::10", "eth1")], ["192.0.2.11"], [], 0)
    assert sorted((place["address"], place["interface"]) for place in asked) == [
        ("192.0.2.10", "eth0"),
        ("192.0.2.11", "eth0"),
        ("192.0.2.11", "eth1"),
        ("2001:db8::10", "eth1"),
    ]


def test_an_interface_that_is_not_there():
    with pytest.raises(OSError, match=r"."):
        ask_owners([{"address": "192.0.2.10", "interface": "none0"}], 0.01)


SEGMENT = """
set -e
unshare --net sleep 60 & other=$!
trap 'kill $other' EXIT
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
there() { nsenter --net=/proc/$other/ns/net "$@"; }
sysctl -qw net.ipv6.conf.default.accept_dad=0
there sysctl -qw net.ipv6.conf.default.accept_dad=0
ip link add eth0 type veth peer name eth0 address 02:42:c0:00:02:63 netns $other
for address in 192.0.2.66/24 192.0.2.10/32 2001:db8::66/64 2001:db8::10/128; do
    there ip address add $address dev eth0
done
there sysctl -qw net.ipv4.conf.eth0.arp_ignore=1
there ip address add 192.0.2.30/32 dev lo
there ip address add 2001:db8::30/128 dev lo
there ip link set lo up
there ip link set eth0 up
ip link set eth0 up
ip address add 192.0.2.11/24 dev eth0
"$@"
there ip neighbour show 192.0.2.11 >&2
there ip neighbour show 192.0.2.10 >&2
"""
"""Runs a command on a segment with another machine, which has two addresses on its network card and two on lo; what
that machine then remembers of an asker and of an address is written to stderr."""

ASK = """
import json, sys
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.neighbours import find_foreign_owners
vips = [{"address": address, "interface": "eth0", "virtual_router_id": 51} for address in sys.argv[2:]]
print(json.dumps([vars(answer) for answer in find_foreign_owners(vips, sys.argv[1].split(), [], 1)]))
"""


@pytest.mark.parametrize(
    ("nodes", "answers"), [("192.0.2.11", ["192.0.2.10", "2001:db8::10"]), ("192.0.2.66", [])], ids=["stranger", "node"]
)
def test_a_machine_of_the_segment_answers_for_the_addresses_of_its_card_and_remembers_nobody(nodes, answers):
    if subprocess.run(["unshare", "--map-root-user", "--net", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not have a network of its own")
    asked = ["192.0.2.10", "192.0.2.20", "192.0.2.30", "192.0.2.11", "2001:db8::10", "2001:db8::20", "2001:db8::30"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", SEGMENT, "sh", sys.executable, "-c", ASK, nodes, *asked],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = [{"address": address, "interface": "eth0", "link_address": SHOWN} for address in answers]
    assert json.loads(done.stdout) == found
    assert done.stderr == ""
