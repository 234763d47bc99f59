# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from samples.keepalived import DUAL, FACTS, NODES, SIX, found, instance, mistaken, vip

LAN_ADDRESSES = {"lb1": "198.51.100.2", "lb2": "198.51.100.3", "lb3": "198.51.100.4"}
GOOD = [
    ([instance(vip("192.0.2.10"))], {"accepted": ["vip_outside_subnets"]}),
    ([instance(vip("10.1.2.3/16"))], {"accepted": ["vip_outside_subnets"]}),
    (
        [instance(vip("198.51.100.10/25"), interface="br-lan", addresses=LAN_ADDRESSES)],
        {},
    ),
    ([instance(), instance(vip("198.51.100.10/25"), name="lan", interface="br-lan", unicast=False)], {}),
    ([instance(vip("198.51.100.10/25", dev="br-lan"))], {}),
    ([instance(vip("198.51.100.10/25"), interface="eth0.7", unicast=False)], {}),
    ([instance(vip("192.0.2.10/32"))], {}),
    ([instance(vip("203.0.113.66/32", dev="lo"))], {}),
    ([instance(vip("192.0.2.254/31"))], {}),
    # Nobody else has to hear the adverts of a single node.
    ([instance(vip("192.0.2.10/32"), interface="lo")], {"nodes": NODES[:1], "accepted": ["single_node"]}),
    ([instance(vip("192.0.2.10/32", dev="lo"), virtual_ipaddress_excluded=["192.0.2.20/32 dev lo"])], {}),
    ([instance(virtual_ipaddress_excluded=["192.0.2.20", "2001:db8::20/64 dev eth0", "192.0.2.22/24"])], {}),
    ([instance(virtual_ipaddress=[], version=2, anycast=["203.0.113.5/32"])], {}),
    ([instance(vip("2001:db8::ffff:ffff:ffff:ffff/64"))], {"nodes": DUAL}),
    ([instance(vip("fe80::10/64"), vip("2001:db8::10/64"))], {"nodes": DUAL}),
    ([instance(vip("2001:db8::10/64"))], {"nodes": [{"name": "lb1", "address": "2001:DB8:0::11"}, SIX[1]]}),
]

# what is wrong, the instances, further keys of the declaration, what the problem says
BAD = [
    ("no VIP", [instance(vip(""))], {}, ["web: virtual_ipaddress is ''", "such as 192.0.2.10/24"]),
    ("no prefix", [instance(vip("192.0.2.10"))], {}, ["web: virtual_ipaddress is '192.0.2.10'", "with its prefix"]),
    (
        "no address",
        [instance(vip("vip/24"))],
        {},
        ["web: virtual_ipaddress is 'vip/24'", "an IPv4 or IPv6 address with prefix"],
    ),
    (
        "no such prefix",
        [instance(vip("192.0.2.10/33"))],
        {},
        ["web: virtual_ipaddress is '192.0.2.10/33'", "with prefix is needed"],
    ),
    (
        "an IPv4 address of the link",
        [instance(vip("169.254.7.10/16"))],
        {},
        ["web: virtual_ipaddress 169.254.7.10/16 is outside every subnet of eth0"],
    ),
    (
        "no such interface",
        [instance(interface="eth7")],
        {},
        ["web: interface is 'eth7'", "it has br-lan, eth0, eth0.7, lo"],
    ),
    (
        "no such device",
        [instance(vip("192.0.2.10/24", dev="eth7"))],
        {},
        ["web: interface is 'eth7'", "it has br-lan, eth0, eth0.7, lo"],
    ),
    (
        "no such watched interface",
        [instance(track_interface=["eth8 weight 0"])],
        {},
        ["web: interface is 'eth8'", "does not have"],
    ),
    (
        "outside the subnets",
        [instance(vip("198.51.100.10/24"))],
        {},
        [
            "web: virtual_ipaddress 198.51.100.10/24 is outside every subnet of eth0",
            "192.0.2.0/24, 2001:db8::/64",
            "It is in a subnet of br-lan: adverts on eth0 can move it if keepalived_instances has it with dev: br-lan",
            "has the prefix /32",
        ],
    ),
    (
        "a subnet of one address",
        [instance(vip("203.0.113.5/24"))],
        {},
        ["203.0.113.5/24 is outside every subnet of eth0"],
    ),
    (
        "no subnet at all",
        [instance(interface="lo")],
        {},
        ["192.0.2.10/24 is outside every subnet of lo", "interface is 'lo', on which no other node hears adverts"],
    ),
    *(
        (
            f"adverts on loopback of {address}",
            [instance(vip(address), interface="lo", unicast=unicast)],
            {"nodes": DUAL},
            ["web: interface is 'lo', on which no other node hears adverts: all nodes would hold the VIP. Set keepal"],
        )
        for address in ("192.0.2.10/32", "2001:db8::10/128")
        for unicast in (True, False)
    ),
    *(
        (
            f"an anycast address that is {what}",
            [instance(virtual_ipaddress=[], version=2, anycast=[address])],
            {"nodes": DUAL},
            [f"web: anycast has '{address}', which is {what}: choose an address that no host has"],
        )
        for address, what in (
            ("192.0.2.12/32", "the address of node lb2"),
            ("2001:DB8:0::12/128", "the address of node lb2"),
            ("192.0.2.1/32", "the gateway of the default route"),
            ("2001:db8::1/128", "the gateway of the default route"),
            ("198.51.100.2/32", "this host's own address"),
            ("192.0.2.255/32", "the broadcast address of the network 192.0.2.0/24"),
            ("2001:db8::/128", "the address of the network 2001:db8::/64 itself"),
            ("127.0.0.1/32", "a loopback, multicast, broadcast or unspecified address"),
            ("::1/128", "a loopback, multicast, broadcast or unspecified address"),
            ("169.254.7.10/32", "an address of one link, which no router forwards"),
            ("fe80::10/128", "an address of one link, which no router forwards"),
        )
    ),
    (
        "second VIP",
        [instance(vip("192.0.2.10/24"), vip("vip"))],
        {},
        ["web: virtual_ipaddress is 'vip'", "with its prefix"],
    ),
    (
        "no interface",
        [instance(interface="")],
        {},
        ["web: interface is empty, and none could be derived", "set keepalived_interface"],
    ),
    (
        "adverts on another interface",
        [instance(vip("198.51.100.10/25"), interface="br-lan")],
        {},
        [
            (
                "web: interface is 'br-lan', and the address 192.0.2.11 of lb1 is on eth0: nodes would not hear each "
                "other, and all would hold"
            ),
            "Set addresses of the instance or cluster_address to the addresses on br-lan, or keepalived_interface",
        ],
    ),
    (
        "a peer in another network",
        [instance()],
        {"nodes": [NODES[0], {"name": "lb2", "address": "198.51.100.12"}]},
        [
            "web: interface is 'eth0', and the address of lb2 (198.51.100.12) is in none of its subnets, which are "
            "192.0.2.0/24",
            "Set addresses of the instance or cluster_address of every node",
        ],
    ),
    ("a netmask", [instance(vip("192.0.2.10/255.255.255.0"))], {}, ["instead of a netmask, 192.0.2.10/24"]),
    (
        "this node's address",
        [instance(vip("192.0.2.11/24"))],
        {},
        ["web: virtual_ipaddress 192.0.2.11/24 is the address of node lb1"],
    ),
    (
        "another node's address",
        [instance(vip("192.0.2.13/32"))],
        {},
        ["virtual_ipaddress 192.0.2.13/32 is the address of node lb3"],
    ),
    (
        "a node's IPv6 address",
        [instance(vip("2001:DB8::12/64"))],
        {"nodes": DUAL},
        ["2001:DB8::12/64 is the address of node lb2"],
    ),
    ("the gateway", [instance(vip("192.0.2.1/24"))], {}, ["192.0.2.1/24 is the gateway of the default route: choose"]),
    (
        "the IPv6 gateway",
        [instance(vip("2001:db8::1/64"))],
        {"nodes": DUAL},
        ["2001:db8::1/64 is the gateway of the default route"],
    ),
    (
        "the network",
        [instance(vip("192.0.2.0/24"))],
        {},
        ["192.0.2.0/24 is the address of the network 192.0.2.0/24 itself"],
    ),
    (
        "the IPv6 network",
        [instance(vip("2001:db8::/64"))],
        {"nodes": DUAL},
        ["2001:db8::/64 is the address of the network"],
    ),
    (
        "broadcast",
        [instance(vip("192.0.2.255/24"))],
        {},
        ["192.0.2.255/24 is the broadcast address of the network 192.0.2.0/24"],
    ),
    (
        "broadcast of the host's network, with the prefix of one address",
        [instance(vip("192.0.2.255/32"))],
        {},
        ["192.0.2.255/32 is the broadcast address of the network 192.0.2.0/24"],
    ),
    (
        "the host's network, with the prefix of one address",
        [instance(vip("192.0.2.0/32"))],
        {},
        ["192.0.2.0/32 is the address of the network 192.0.2.0/24 itself"],
    ),
    (
        "the host's IPv6 network, with the prefix of one address",
        [instance(vip("2001:db8::/128"))],
        {"nodes": DUAL},
        ["2001:db8::/128 is the address of the network 2001:db8::/64 itself"],
    ),
    (
        "an address of a node that the adverts leave out",
        [instance(virtual_ipaddress_excluded=["2001:DB8:0::12/64 dev eth0"])],
        {"nodes": DUAL},
        ["virtual_ipaddress_excluded 2001:DB8:0::12/64 is the address of node lb2"],
    ),
    (
        "loopback that the adverts leave out",
        [instance(virtual_ipaddress_excluded=["127.0.0.9 dev eth0", "fe80::9/64"])],
        {},
        ["virtual_ipaddress_excluded 127.0.0.9 is a loopback, multicast, broadcast or unspecified address"],
    ),
    *(
        (
            f"{value} that the adverts leave out",
            [instance(virtual_ipaddress_excluded=[value])],
            {"nodes": DUAL},
            [f"web: virtual_ipaddress_excluded {said}"],
        )
        for value, said in (
            ("192.0.2.255/24", "192.0.2.255/24 is the broadcast address of the network 192.0.2.0/24"),
            ("192.0.2.255 dev eth0", "192.0.2.255 is the broadcast address of the network 192.0.2.0/24"),
            (
                "198.51.100.127/32 dev br-lan",
                "198.51.100.127/32 is the broadcast address of the network 198.51.100.0/25",
            ),
            ("2001:db8::/64", "2001:db8::/64 is the address of the network 2001:db8::/64 itself"),
            ("192.0.2.20/255.255.255.0", "is '192.0.2.20/255.255.255.0': write its prefix instead of a netmask"),
        )
    ),
    (
        "this network",
        [instance(vip("0.0.0.5/32"))],
        {},
        ["0.0.0.5/32 is a loopback, multicast, broadcast or unspecified address"],
    ),
    (
        "prefix of more than the subnet",
        [instance(vip("192.0.2.10/16"))],
        {},
        ["virtual_ipaddress 192.0.2.10/16 has a shorter prefix than the subnet of eth0", "write 192.0.2.10/24"],
    ),
    ("no prefix", [instance(vip("192.0.2.10/0"))], {}, ["'192.0.2.10/0': the prefix of its network is needed"]),
    (
        "IPv4 in IPv6",
        [instance(vip("::ffff:192.0.2.10/120"))],
        {"nodes": DUAL},
        ["::ffff:192.0.2.10/120 is the IPv4 address 192.0.2.10 in IPv6"],
    ),
    (
        "broadcast",
        [instance(vip("255.255.255.255/32"))],
        {},
        ["255.255.255.255/32 is a loopback, multicast, broadcast"],
    ),
    (
        "loopback",
        [instance(vip("127.0.0.5/32"))],
        {},
        ["127.0.0.5/32 is a loopback, multicast, broadcast or unspecified address"],
    ),
    (
        "multicast",
        [instance(vip("ff02::1/128"))],
        {"nodes": DUAL},
        ["ff02::1/128 is a loopback, multicast, broadcast or unspecified address"],
    ),
    (
        "an address that is translated on the way",
        [instance()],
        {"nodes": [{"name": "lb1", "address": "203.0.113.99"}, NODES[1]]},
        [
            "keepalived_nodes: lb1 has the address 203.0.113.99",
            "this host does not have; it has 192.0.2.11, 203.0.113.5",
            "cluster_address",
        ],
    ),
    (
        "an IPv6 address that this host does not have",
        [instance()],
        {"nodes": [{**NODES[0], "address6": "2001:db8::99"}, NODES[1]]},
        ["keepalived_nodes: lb1 has the address 2001:db8::99", "which this host does not have"],
    ),
]


@pytest.mark.parametrize(("instances", "keys"), GOOD)
def test_no_problem(instances, keys):
    assert found(instances, **keys) == []


@pytest.mark.parametrize(("instances", "keys", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(instances, keys, parts):
    assert mistaken(found(instances, **keys), parts) == []


def test_facts_without_interfaces():
    (address, interface) = found([instance()], facts={})
    assert address.startswith(
        "keepalived_nodes: lb1 has the address 192.0.2.11, which this host does not have; it has none."
    )
    assert (
        "interface is 'eth0', which this host does not have; it has none that are known: set keepalived_interface"
        in interface
    )


def test_the_interfaces_of_other_nodes_are_not_looked_for_here():
    elsewhere = instance(
        vip("203.0.113.66/24"), name="other", virtual_router_id=52, interface="eth7", nodes=["lb2", "lb3"]
    )
    assert found([instance(), elsewhere]) == []


def test_an_interface_that_shares_its_address_with_another_one():
    shared = {**FACTS, "br_lan": FACTS["eth0"]}
    assert [found([instance(interface=name)], facts=shared) for name in ("eth0", "br-lan")] == [[], []]
