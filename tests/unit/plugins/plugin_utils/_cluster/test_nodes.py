# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.nodes import (
    find_address,
    inspect_addresses,
    list_nodes,
)

ROUTE = {"default_ipv4": {"address": "192.0.2.4"}}

# Holders of the VIP from which the default route sends.
HOLDER6 = {
    "default_ipv6": {"address": "2001:db8::10", "interface": "br-lan"},
    "br_lan": {"ipv6": [{"address": "fe80::1"}, {"address": "2001:db8::10"}, {"address": "2001:db8::1"}]},
}
HOLDER4 = {
    "default_ipv4": {"address": "192.0.2.4", "interface": "eth0"},
    "eth0": {"ipv4": {"address": "192.0.2.4"}, "ipv4_secondaries": [{"address": "192.0.2.1"}]},
}

# name of the host, its variables, its address
KNOWN = [
    ("lb1", {"cluster_address": "192.0.2.1", "ansible_host": "192.0.2.2", "ansible_facts": ROUTE}, "192.0.2.1"),
    ("lb1", {"ansible_host": "192.0.2.2", "ansible_facts": ROUTE}, "192.0.2.2"),
    ("192.0.2.3", {"ansible_facts": ROUTE}, "192.0.2.3"),
    ("192.0.2.3", {"ansible_host": "lb1.example.com"}, "192.0.2.3"),
    ("lb1", {"ansible_facts": ROUTE}, "192.0.2.4"),
    ("lb1", {"ansible_host": "lb1.example.com", "ansible_facts": ROUTE}, "192.0.2.4"),
    ("lb1", {"cluster_address": "2001:db8::1"}, "2001:db8::1"),
    ("lb1", {"ansible_facts": {"default_ipv4": {}, "default_ipv6": {"address": "2001:db8::1"}}}, "2001:db8::1"),
    ("lb1", {"ansible_facts": {**ROUTE, "default_ipv6": {"address": "2001:db8::1"}}}, "192.0.2.4"),
    ("lb1", {"cluster_vip": "2001:DB8::10/64", "ansible_facts": HOLDER6}, "2001:db8::1"),
    ("lb1", {"cluster_vips": ["192.0.2.4/24"], "ansible_facts": HOLDER4}, "192.0.2.1"),
    ("lb1", {"ansible_facts": {"all_ipv4_addresses": ["192.0.2.1"], "default_ipv4": {}}}, "192.0.2.1"),
    ("lb1", {"ansible_facts": {"all_ipv6_addresses": ["fe80::1", "2001:db8::1"], "default_ipv6": {}}}, "2001:db8::1"),
    (
        "lb1",
        {"cluster_vip": "192.0.2.4/24", "ansible_facts": {"all_ipv4_addresses": ["192.0.2.4", "192.0.2.1"]}},
        "192.0.2.1",
    ),
]
UNKNOWN = [
    {},
    {"cluster_address": ""},
    {"cluster_address": 5},
    {"ansible_host": "lb1.example.com", "ansible_facts": {}},
    {"ansible_facts": {"default_ipv4": {}}},
    {"ansible_facts": {"all_ipv4_addresses": ["192.0.2.1", "198.51.100.1"]}},
    {"ansible_facts": {"default_ipv4": {}, "default_ipv6": {"address": "fe80::1"}}},
]


@pytest.mark.parametrize(("name", "variables", "expected"), KNOWN)
def test_address(name, variables, expected):
    assert find_address(name, variables) == expected
    assert inspect_addresses([name], {name: variables})["unknown"] == []


def test_facts_of_a_cache_are_no_addresses():
    variables = {"ansible_facts": {"default_ipv4": {"address": "192.0.2.99"}}}
    assert inspect_addresses(["lb1"], {"lb1": variables})["unstated"] == ["lb1"]
    assert inspect_addresses(["lb1"], {"lb1": {"cluster_address": "192.0.2.1"}})["unstated"] == []


@pytest.mark.parametrize("variables", UNKNOWN)
def test_no_address(variables):
    assert inspect_addresses(["lb1"], {"lb1": variables})["unknown"] == ["lb1"]
    with pytest.raises(ValueError, match="the address of host lb1 is unknown: set cluster_address"):
        find_address("lb1", variables)


@pytest.mark.parametrize("names", [["b", "a"], ["a", "b"], ["b"], []])
def test_nodes_keep_the_order_of_the_group(names):
    hostvars = {"a": {"cluster_address": "192.0.2.1"}, "b": {"cluster_address": "192.0.2.2"}, "c": {}}
    assert [node["name"] for node in list_nodes(names, hostvars)] == names


def test_nodes_have_a_port_where_it_is_asked_for():
    hostvars = {"a": {"cluster_address": "192.0.2.1"}}
    assert list_nodes(["a"], hostvars) == [{"name": "a", "address": "192.0.2.1"}]
    assert list_nodes(["a"], hostvars, port=80) == [{"name": "a", "address": "192.0.2.1", "port": 80}]


def test_nodes_name_the_host_without_address():
    with pytest.raises(ValueError, match="host c"):
        list_nodes(["a", "c"], {"a": {"cluster_address": "192.0.2.1"}, "c": {}})


OWN = {"all_ipv4_addresses": ["10.0.2.15"], "all_ipv6_addresses": ["2001:db8::15", "fe80::15"]}


@pytest.mark.parametrize(
    ("name", "variables", "stated"),
    [
        ("web1", {"ansible_host": "198.51.100.1", "ansible_facts": OWN}, "198.51.100.1"),
        ("2001:db8::16", {"ansible_facts": OWN}, "2001:db8::16"),
        ("web1", {"ansible_host": "10.0.2.15", "ansible_facts": OWN}, ""),
        ("2001:DB8::0015", {"ansible_facts": OWN}, ""),
        ("web1", {"cluster_address": "198.51.100.1", "ansible_facts": OWN}, ""),
        ("web1", {"ansible_host": "web1.example.com", "ansible_facts": OWN}, ""),
        ("web1", {"ansible_host": "198.51.100.1", "ansible_facts": {}}, ""),
        ("web1", {"ansible_host": "198.51.100.1"}, ""),
    ],
)
def test_an_address_that_the_host_does_not_have_is_reported_unless_it_is_meant(name, variables, stated):
    found = inspect_addresses([name], {name: variables})["problems"]
    assert len(found) == bool(stated)
    for problem in found:
        assert problem.startswith(f"{name}: load balancers would use its address {stated}, which is ansible_host")
        assert "it has 10.0.2.15, 2001:db8::15, fe80::15: set cluster_address" in problem


@pytest.mark.parametrize(
    ("text", "name", "address", "port"),
    [
        ("192.0.2.31", "192.0.2.31", "192.0.2.31", 80),
        ("192.0.2.31:8080", "192.0.2.31:8080", "192.0.2.31", 8080),
        ("2001:db8::31", "2001:db8::31", "2001:db8::31", 80),
        ("[2001:db8::31]", "2001:db8::31", "2001:db8::31", 80),
        ("[2001:db8::31]:8080", "2001:db8::31:8080", "2001:db8::31", 8080),
    ],
)
def test_a_server_by_its_address(text, name, address, port):
    assert list_nodes([text], {}, port=80) == [{"name": name, "address": address, "port": port}]


@pytest.mark.parametrize(
    "text", ["app1", "app1:8080", "", ":80", "192.0.2.31:", "192.0.2.31:http", "[192.0.2.31", "1:2"]
)
def test_what_is_no_address_is_no_server(text):
    with pytest.raises(ValueError, match="cluster_servers has"):
        list_nodes([text], {}, port=80)
