# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who passes packets on to whom."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.model import build_blocks
from samples.keepalived import declaration, instance, vip

THREE = [
    {"name": f"lb{number}", "address": f"192.0.2.1{number}", "address6": f"2001:db8::1{number}"} for number in (1, 2, 3)
]


def chance(*instances, node="lb1", nodes=THREE):
    return build_blocks(declaration(list(instances), node=node, nodes=nodes))["second_chance"]


@pytest.mark.parametrize(("node", "ring"), [("lb1", ["12", "13"]), ("lb2", ["13", "11"]), ("lb3", ["11", "12"])])
def test_the_peers_are_tried_in_a_ring(node, ring):
    (table,) = chance(instance(), node=node)["tables"]
    (service,) = table["services"]
    assert service["peers"] == [f"192.0.2.{last}" for last in ring]
    assert service["hops"] == 2
    assert sorted(table["peers"]) == sorted(service["peers"])


def test_each_ip_version_has_its_table():
    both = chance(instance(name="four"), instance(vip("2001:db8::10/64"), name="six"))
    assert [(table["family"], table["services"][0]["addresses"]) for table in both["tables"]] == [
        ("ip", ["192.0.2.10"]),
        ("ip6", ["2001:db8::10"]),
    ]
    assert both["addresses"] == ["192.0.2.10/32", "2001:db8::10/128"]
    assert both["heartbeats"] == [
        {"source": "192.0.2.11", "peers": ["192.0.2.12", "192.0.2.13"]},
        {"source": "2001:db8::11", "peers": ["2001:db8::12", "2001:db8::13"]},
    ]


def test_an_address_of_all_nodes_needs_no_vip():
    shared = chance(instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"]))
    assert shared["addresses"] == ["198.51.100.80/32"]
    assert shared["interfaces"] == ["eth0"]
    assert [service["peers"] for table in shared["tables"] for service in table["services"]] == [
        ["192.0.2.12", "192.0.2.13"]
    ]


def test_an_ipv6_address_of_all_nodes_goes_to_ipv6_peers():
    shared = chance(instance(virtual_ipaddress=[], version=2, anycast=["2001:db8:5::80/128"]))
    assert [table["family"] for table in shared["tables"]] == ["ip6"]
    assert shared["heartbeats"] == [{"source": "2001:db8::11", "peers": ["2001:db8::12", "2001:db8::13"]}]


def test_every_address_is_served_where_it_is():
    mine = instance(
        vip("192.0.2.10/24", dev="eth1"),
        vip("192.0.2.12/24"),
        virtual_ipaddress_excluded=["192.0.2.14/32 dev eth2 label x"],
    )
    assert chance(mine)["addresses"] == ["192.0.2.10/32", "192.0.2.12/32", "192.0.2.14/32"]
    assert chance(mine)["interfaces"] == ["eth1", "eth0", "eth2"]


def test_how_adverts_are_sent_does_not_matter():
    assert chance(instance(unicast=False)) == chance(instance())


def test_a_peer_of_several_instances_is_one_peer():
    two = chance(instance(name="one"), instance(vip("192.0.2.20/24"), name="two", nodes=["lb2", "lb1"]))
    (table,) = two["tables"]
    assert table["peers"] == ["192.0.2.12", "192.0.2.13"]
    assert [service["peers"] for service in table["services"]] == [["192.0.2.12", "192.0.2.13"], ["192.0.2.12"]]


@pytest.mark.parametrize(
    "mine",
    [
        instance(nodes=["lb1"]),
        instance(virtual_ipaddress=[], notify_master="/bin/true"),
        instance(vip("192.0.2.10/32", dev="lo")),
    ],
    ids=["no other node", "no address", "on lo"],
)
def test_instances_without_a_second_chance(mine):
    assert chance(mine) == {"addresses": [], "interfaces": [], "heartbeats": [], "tables": []}
