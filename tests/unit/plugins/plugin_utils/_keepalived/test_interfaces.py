# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.interfaces import list_networks
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.interfaces import add_interfaces
from samples.keepalived import DUAL, ETH0, FACTS, LAN, NODES, SIX, instance, vip

ROUTE4 = {"default_ipv4": {"interface": "eth9"}, "default_ipv6": {}}
ROUTE6 = {"default_ipv4": {}, "default_ipv6": {"interface": "eth8"}}
NOWHERE = {
    "interfaces": ["lo", "eth9"],
    "lo": {"ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.255"}},
    **ROUTE4,
}


LABELLED = {
    "interfaces": ["br-lan_web", "lo", "br-lan"],
    "br_lan": {"device": "br-lan"},
    "br_lan_web": {"ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.0"}},
    "lo": {"device": "lo"},
}
"""An address with the label br-lan:web is its interface's only one."""


def place(name, address="192.0.2.11", **more):
    """The facts of a host with one interface besides lo, and no default route."""
    four = {"address": address, "netmask": "255.255.255.0"}
    return {
        "interfaces": ["lo", name],
        name.replace("-", "_"): {"ipv4": four, **more},
        "default_ipv4": {},
        "default_ipv6": {},
    }


SHARED = {
    "interfaces": ["eth0", "eth1", "lo"],
    "eth0": {"ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.255"}},
    "eth1": {"ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.0"}},
}
"""One address on two interfaces, as where networks have none to spare."""

# what the host has, the instance, nodes, facts, its interface
CASES = [
    ("the node's address and the VIP", instance(), NODES, FACTS, "eth0"),
    ("no default route", instance(), NODES, place("eth1"), "eth1"),
    ("a VLAN", instance(), NODES, place("bond0.7"), "bond0.7"),
    ("a bridge", instance(), NODES, place("br-lan"), "br-lan"),
    ("a label", instance(), NODES, LABELLED, "br-lan"),
    ("a name with an @", instance(), NODES, place("veth@peer"), "veth@peer"),
    ("IPv6", instance(vip("2001:db8::10/64")), DUAL, {**FACTS, **ROUTE4}, "eth0"),
    ("IPv6 only", instance(vip("2001:db8::10/64")), SIX, {**FACTS, **ROUTE6}, "eth0"),
    ("the VIP's network on another interface", instance(vip("198.51.100.10/25")), NODES, FACTS, "br-lan"),
    ("a VIP that has its interface", instance(vip("198.51.100.10/25", dev="br-lan")), NODES, FACTS, "eth0"),
    ("a VIP that is routed", instance(vip("203.0.113.66/32")), NODES, {**FACTS, **ROUTE4}, "eth0"),
    ("no VIP", {**instance(), "virtual_ipaddress": []}, NODES, {**FACTS, **ROUTE4}, "eth0"),
    ("a VIP that is none", instance(vip("vip/24")), NODES, FACTS, "eth0"),
    ("an address elsewhere", instance(vip("203.0.113.66/32")), NODES, NOWHERE, "eth9"),
    ("the IPv6 route alone", instance(vip("203.0.113.66/32")), NODES, {"interfaces": ["lo", "eth8"], **ROUTE6}, "eth8"),
    ("nothing", instance(), NODES, {}, ""),
    ("an address of two interfaces", instance(), NODES, SHARED, "eth1"),
    ("its own", instance(interface="eth7"), NODES, FACTS, "eth7"),
]


@pytest.mark.parametrize(
    ("item", "nodes", "facts", "interface"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_the_interface_of_an_instance(item, nodes, facts, interface):
    given = {**item, "interface": item["interface"] if interface == "eth7" else ""}
    assert add_interfaces([given], nodes, "lb1", facts) == [{**item, "interface": interface}]


@pytest.mark.parametrize(
    ("interface", "networks"),
    [
        ({}, []),
        ({"ipv4": {}}, []),
        (ETH0, ["192.0.2.0/24", "2001:db8::/64"]),
        (LAN, ["198.51.100.0/25"]),
        ({**LAN, "ipv4_secondaries": [{"address": "198.51.100.3", "netmask": "255.255.255.128"}]}, ["198.51.100.0/25"]),
    ],
)
def test_interface_networks(interface, networks):
    assert [str(network) for network in list_networks(interface)] == networks
