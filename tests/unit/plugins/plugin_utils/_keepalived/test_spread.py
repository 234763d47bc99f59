# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.spread import spread_instances


def test_several_addresses_are_spread_over_the_nodes():
    instances = spread_instances(
        ["192.0.2.10/24", "192.0.2.20/24", "192.0.2.30/24", "192.0.2.40/24"], ["lb1", "lb2", "lb3"], virtual_router_id=7
    )
    assert [item["nodes"] for item in instances] == [
        ["lb1", "lb2", "lb3"],
        ["lb2", "lb3", "lb1"],
        ["lb3", "lb1", "lb2"],
        ["lb1", "lb2", "lb3"],
    ]
    assert [item["virtual_router_id"] for item in instances] == [7, 8, 9, 10]
    assert [item["name"] for item in instances] == ["cluster_vip", "cluster_vip_2", "cluster_vip_3", "cluster_vip_4"]
    assert {(item["preempt"], item["preempt_delay"]) for item in instances} == {(True, 60)}


def test_anycast_addresses_have_an_instance_for_each_ip_version():
    given = ["198.51.100.80/32", "2001:db8:5::80/128", "198.51.100.81/32"]
    both = {"version": 2}
    assert spread_instances(["192.0.2.10/24"], ["lb1", "lb2"], anycast=given)[1:] == [
        {**both, "name": "cluster_anycast", "virtual_router_id": 52, "anycast": [given[0], given[2]]},
        {**both, "name": "cluster_anycast6", "virtual_router_id": 53, "anycast": given[1:2]},
    ]
    assert [item["name"] for item in spread_instances([], ["lb1"], anycast=given[:1])] == ["cluster_anycast"]


def test_without_nodes_the_rules_say_what_is_missing():
    assert [item["nodes"] for item in spread_instances(["192.0.2.10/24", "192.0.2.20/24"], [])] == [[], []]


def test_one_address_stays_where_it_is():
    assert spread_instances(["192.0.2.10/24"], ["lb1", "lb2"]) == [
        {
            "name": "cluster_vip",
            "virtual_router_id": 51,
            "nodes": ["lb1", "lb2"],
            "virtual_ipaddress": [{"address": "192.0.2.10/24"}],
        }
    ]
