# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_model import instances, interface_networks, problems

NODES = [{"name": f"lb{number}", "address": f"192.0.2.1{number}"} for number in (1, 2, 3)]
DEFAULTS = {"interface": "eth0", "version": 3, "advert_int": 0.1, "unicast": False, "auth_pass": "", "lines": []}
ETH0 = {
    "device": "eth0",
    "ipv4": {"address": "192.0.2.11", "netmask": "255.255.255.0", "prefix": "24"},
    "ipv4_secondaries": [{"address": "203.0.113.5", "netmask": "255.255.255.255"}],
    "ipv6": [{"address": "2001:db8::11", "prefix": "64"}],
}
LAN = {"ipv4": {"address": "198.51.100.2", "netmask": "255.255.255.128"}}
# As Ansible names them: "-" becomes "_" in the key of an interface, "." stays.
FACTS = {"interfaces": ["lo", "eth0", "br-lan", "eth0.7"], "eth0": ETH0, "br_lan": LAN, "eth0.7": LAN, "lo": {}}


def vip(address, **keys):
    return {"address": address, **keys}


def instance(*addresses, **keys):
    virtual = [vip("192.0.2.10/24"), *addresses] if not addresses else list(addresses)
    return {"name": "web", "virtual_router_id": 51, "virtual_ipaddress": virtual, **keys}


def found(declared, nodes=NODES, node="lb1", facts=None):
    return problems(declared, DEFAULTS, nodes, node, FACTS if facts is None else facts)


GOOD = [
    [],
    [instance()],
    [instance(virtual_router_id=1), instance(name="two", virtual_router_id=255)],
    [instance(), instance(vip("198.51.100.10/25"), name="lan", interface="br-lan")],
    [instance(vip("198.51.100.10/25", dev="br-lan"))],
    [instance(vip("198.51.100.10/25"), interface="eth0.7")],
    [instance(vip("192.0.2.10/32"))],
    [instance(vip("2001:db8::10/64"))],
    [instance(priority=1)],
    [instance(priority=254)],
    [instance(advert_int=0.01)],
    [instance(advert_int=40.95)],
    [instance(version=2, advert_int=1)],
    [instance(version=2, advert_int=255, auth_pass="12345678")],
]

# what is wrong, the instances, what the problem says
BAD = [
    ("name twice", [instance(), instance(virtual_router_id=52)], ["keepalived_instances: the name web is used 2 times", "once"]),
    (
        "router id twice on one interface",
        [instance(), instance(name="two", interface="eth0")],
        ["keepalived_instances: the virtual_router_id on an interface 51 (eth0)", "once"],
    ),
    ("router id 0", [instance(virtual_router_id=0)], ["keepalived_instances: web: virtual_router_id is 0", "1-255"]),
    ("router id 256", [instance(virtual_router_id=256)], ["keepalived_instances: web: virtual_router_id is 256", "1-255"]),
    ("priority 0", [instance(priority=0)], ["keepalived_instances: web: priority is 0", "1-254"]),
    ("priority 255", [instance(priority=255)], ["keepalived_instances: web: priority is 255", "1-254"]),
    ("version", [instance(version=4)], ["keepalived_instances: web: version is 4", "versions 2 and 3"]),
    ("adverts too often", [instance(advert_int=0.001)], ["web: advert_int is 0.001", "version 3 allows 0.01-40.95 seconds"]),
    ("adverts too rarely", [instance(advert_int=41)], ["web: advert_int is 41", "0.01-40.95"]),
    ("half seconds", [instance(version=2, advert_int=1.5)], ["web: advert_int is 1.5", "whole seconds"]),
    ("version 2 too often", [instance(version=2)], ["web: advert_int is 0.1", "version 2 allows 1-255 seconds"]),
    ("version 2 too rarely", [instance(version=2, advert_int=256)], ["web: advert_int is 256", "1-255"]),
    ("password in version 3", [instance(auth_pass="word")], ["web: auth_pass is set with version 3", "only VRRP version 2"]),
    ("long password", [instance(version=2, advert_int=1, auth_pass="123456789")], ["web: auth_pass has 9 characters", "at most 8"]),
    ("no VIP", [instance(vip(""))], ["web: virtual_ipaddress is ''", "such as 192.0.2.10/24"]),
    ("no prefix", [instance(vip("192.0.2.10"))], ["web: virtual_ipaddress is '192.0.2.10'", "with its prefix"]),
    ("no address", [instance(vip("vip/24"))], ["web: virtual_ipaddress is 'vip/24'", "an IPv4 or IPv6 address with prefix"]),
    ("no such prefix", [instance(vip("192.0.2.10/33"))], ["web: virtual_ipaddress is '192.0.2.10/33'", "with prefix is needed"]),
    ("no such interface", [instance(interface="eth7")], ["web: interface is 'eth7'", "it has br-lan, eth0, eth0.7, lo"]),
    ("no such device", [instance(vip("192.0.2.10/24", dev="eth7"))], ["web: interface is 'eth7'", "it has br-lan, eth0, eth0.7, lo"]),
    (
        "outside the subnets",
        [instance(vip("198.51.100.10/24"))],
        ["web: virtual_ipaddress 198.51.100.10/24 is outside every subnet of eth0", "192.0.2.0/24, 2001:db8::/64"],
    ),
    ("a subnet of one address", [instance(vip("203.0.113.5/24"))], ["203.0.113.5/24 is outside every subnet of eth0"]),
    ("no subnet at all", [instance(interface="lo")], ["192.0.2.10/24 is outside every subnet of lo", "its subnets are none"]),
    ("second VIP", [instance(vip("192.0.2.10/24"), vip("vip"))], ["web: virtual_ipaddress is 'vip'", "with its prefix"]),
]

# what is wrong, the nodes, what the problem says
BAD_NODES = [
    ("one node", NODES[:1], ["keepalived_nodes has 1 node(s)", "at least two"]),
    ("name twice", [*NODES, {**NODES[0], "address": "192.0.2.14"}], ["keepalived_nodes: the name lb1 is used 2 times", "once"]),
    ("address twice", [*NODES, {**NODES[0], "name": "lb4"}], ["keepalived_nodes: the address 192.0.2.11 is used 2 times", "once"]),
    (
        "a name for an address",
        [*NODES, {"name": "lb4", "address": "lb4"}],
        ["keepalived_nodes: the address of lb4 is 'lb4'", "IPv4 or IPv6"],
    ),
    ("this host is missing", NODES[1:], ["keepalived_nodes does not name this host", "'lb1'", "the nodes are lb2, lb3"]),
    (
        "more nodes than priorities",
        [{"name": f"lb{number}", "address": f"10.0.0.{number}"} for number in range(1, 256)],
        ["keepalived_nodes has 255 nodes", "254"],
    ),
]


@pytest.mark.parametrize("declared", GOOD)
def test_no_problem(declared):
    assert found(declared) == []


@pytest.mark.parametrize(("declared", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(declared, parts):
    (problem,) = found(declared)
    assert [part for part in parts if part not in problem] == []


@pytest.mark.parametrize(("nodes", "parts"), [row[1:] for row in BAD_NODES], ids=[row[0] for row in BAD_NODES])
def test_problem_of_nodes(nodes, parts):
    (problem,) = found([instance()], nodes)
    assert [part for part in parts if part not in problem] == []


def test_no_nodes():
    assert found([instance()], []) == [
        "keepalived_nodes has 0 node(s): a VIP needs at least two that can hold it",
        "keepalived_nodes does not name this host: keepalived_node_name is 'lb1', the nodes are none",
    ]


def test_facts_without_interfaces():
    (problem,) = found([instance()], facts={})
    assert problem.endswith("interface is 'eth0', which this host does not have; it has none that are known")


def test_a_password_is_never_shown():
    assert "unutterable" not in str(found([instance(version=2, advert_int=1, auth_pass="unutterable")]))


@pytest.mark.parametrize(
    ("node", "priority", "peers"),
    [
        ("lb1", 254, ["192.0.2.12", "192.0.2.13"]),
        ("lb2", 253, ["192.0.2.11", "192.0.2.13"]),
        ("lb3", 252, ["192.0.2.11", "192.0.2.12"]),
    ],
)
def test_the_place_in_the_list_decides(node, priority, peers):
    (mine,) = instances([instance()], DEFAULTS, NODES, node)
    assert mine["priority"] == priority
    assert mine["unicast_src_ip"] == NODES[254 - priority]["address"]
    assert mine["unicast_peers"] == peers


def test_two_instances_share_the_derived_values():
    one, two = instances([instance(), instance(name="two", virtual_router_id=52)], DEFAULTS, NODES, "lb2")
    assert (one["priority"], one["unicast_peers"]) == (two["priority"], two["unicast_peers"])


def test_an_unknown_node_has_no_instances():
    assert instances([instance()], DEFAULTS, NODES, "web1") == []


def test_what_an_instance_says_wins_over_defaults_and_derived_values():
    (mine,) = instances([instance(priority=7, advert_int=2, lines=["debug 1"])], DEFAULTS, NODES, "lb1")
    assert (mine["priority"], mine["advert_int"], mine["lines"], mine["version"]) == (7, 2, ["debug 1"], 3)


def test_an_address_is_on_the_interface_of_its_instance_unless_it_says():
    declared = [instance(vip("192.0.2.10/24"), vip("198.51.100.10/25", dev="br-lan", label="br-lan:vip"))]
    (mine,) = instances(declared, DEFAULTS, NODES, "lb1")
    assert mine["virtual_ipaddress"] == [
        {"address": "192.0.2.10/24", "dev": "eth0", "label": ""},
        {"address": "198.51.100.10/25", "dev": "br-lan", "label": "br-lan:vip"},
    ]
    assert declared[0]["virtual_ipaddress"][0] == {"address": "192.0.2.10/24"}


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
    assert [str(network) for network in interface_networks(interface)] == networks


SIX = [{"name": f"lb{number}", "address": f"2001:db8::1{number}"} for number in (1, 2)]


@pytest.mark.parametrize(("address", "nodes"), [("192.0.2.10/24", NODES), ("2001:db8::10/64", SIX)])
def test_unicast_within_one_ip_version_is_no_problem(address, nodes):
    assert found([instance(vip(address), unicast=True)], nodes=nodes) == []


@pytest.mark.parametrize(("address", "nodes"), [("192.0.2.10/24", SIX), ("2001:db8::10/64", NODES)])
def test_unicast_cannot_carry_the_other_ip_version(address, nodes):
    (problem,) = found([instance(vip(address), unicast=True)], nodes=nodes)
    assert f"web: virtual_ipaddress {address} and the addresses of keepalived_nodes are of different IP versions" in problem
