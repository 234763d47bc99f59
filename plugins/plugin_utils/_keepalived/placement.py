# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find settings of model.py's declaration that do not fit this host's network, as in Ansible's C(facts)."""

from __future__ import annotations

import ipaddress
from typing import Any, Union

from ...module_utils._address import canonical, version_of
from .declared import Facts, Instance
from .instance import find_device, find_family, list_devices
from .interfaces import LOOPBACK, find_interface, find_source_address, interface_facts, list_networks

Interface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
NODE_ADDRESSES = ("address", "address6")


def find_missing_addresses(declared: dict[str, Any], facts: Facts) -> list[str]:
    """Addresses from which this node is to send adverts although it does not have them."""
    here = facts.get("all_ipv4_addresses", []) + facts.get("all_ipv6_addresses", [])
    return [
        f"keepalived_nodes: {node['name']} has the address {node[key]}, which this host does not have; it has "
        f"{', '.join(here) or 'none'}. "
        "Peers must see the address from which it sends: set cluster_address where ansible_host is translated "
        "on the way"
        for node in declared["nodes"]
        for key in NODE_ADDRESSES
        if node["name"] == declared["node"]
        and version_of(node.get(key) or "")
        and canonical(node[key]) not in map(canonical, here)
    ]


def problems(item: Instance, declared: dict[str, Any], facts: Facts) -> list[str]:
    """Interfaces that this host does not have, addresses outside their subnets, and those that somebody else has."""
    others = {
        canonical(node[key]): f"the address of node {node['name']}"
        for node in declared["nodes"]
        for key in NODE_ADDRESSES
        if node.get(key)
    }
    for route in ("default_ipv4", "default_ipv6"):
        others[canonical(facts.get(route, {}).get("gateway", ""))] = "the gateway of the default route"
    interfaces = facts.get("interfaces", [])
    known = ", ".join(sorted(interfaces)) or "none that are known"
    found = []
    for address in item["virtual_ipaddress"]:
        found += _check_vip(address["address"], find_device(address, item["interface"]), others, facts)
    watched = [entry.split()[0] for entry in item.get("track_interface", []) if entry.split()]
    for name in dict.fromkeys([item["interface"], *list_devices(item), *watched]):
        if name not in interfaces:
            what = (
                f"interface is '{name}', which this host does not have"
                if name
                else "interface is empty, and none could be derived"
            )
            found.append(
                f"{what}; it has {known}: set keepalived_interface, or the interface of the instance or address"
            )
    return found + _find_unheard_adverts(item, declared, facts)


def _find_unheard_adverts(item: Instance, declared: dict[str, Any], facts: Facts) -> list[str]:
    """Adverts that no peer would hear, because keepalived sends them from an address of another interface."""
    address = find_source_address(declared["nodes"], declared["node"], find_family(item, declared["nodes"]))
    home = find_interface(address, facts)
    if (
        not item["unicast"]
        or home in ("", item["interface"])
        or item["interface"] not in {*facts["interfaces"]} - {LOOPBACK}
    ):
        return []
    return [
        f"interface is '{item['interface']}', and the address {address} of {declared['node']} is on {home}: nodes "
        "would not hear each "
        f"other, and all would hold the VIP. Set cluster_address to the addresses on {item['interface']}, or "
        f"keepalived_interface to {home}"
    ]


def _check_vip(value: str, device: str, others: dict[str, str], facts: Facts) -> list[str]:
    if "/" not in value:
        return [f"virtual_ipaddress is '{value}': write it with its prefix, such as 192.0.2.10/24"]
    try:
        virtual = ipaddress.ip_interface(value)
    except ValueError:
        return [f"virtual_ipaddress is '{value}': an IPv4 or IPv6 address with prefix is needed, such as 192.0.2.10/24"]
    taken = others.get(str(virtual.ip)) or _describe_special_address(virtual)
    if taken:
        return [f"virtual_ipaddress {value} is {taken}: choose an address that no host has"]
    return _refuse_netmask(value, virtual) or _refuse_outside_subnets(value, virtual, device, facts)


def _refuse_netmask(value: str, virtual: Interface) -> list[str]:
    if value.rpartition("/")[2].isdigit():
        return []
    return [f"virtual_ipaddress is '{value}': write its prefix instead of a netmask, {virtual.with_prefixlen}"]


def _refuse_outside_subnets(value: str, virtual: Interface, device: str, facts: Facts) -> list[str]:
    alone = virtual.network.num_addresses == 1
    if alone or virtual.is_link_local or device not in facts.get("interfaces", []):
        return []
    networks = list_networks(interface_facts(device, facts))
    if not any(virtual.ip in network for network in networks):
        shown = ", ".join(str(network) for network in networks) or "none"
        return [
            f"virtual_ipaddress {value} is outside every subnet of {device}; its subnets are {shown}. "
            "Choose an address of one of them, or set keepalived_interface or the dev of the address. "
            f"An address that is routed to the holder has the prefix /{virtual.network.max_prefixlen}"
        ]
    return []


def _describe_special_address(virtual: Interface) -> str:
    """Describe an address that no host can have; empty for others."""
    address, network = virtual.ip, virtual.network
    if address.is_loopback or address.is_multicast or address.is_unspecified:
        return "a loopback, multicast or unspecified address"
    if network.num_addresses > 2 and address == network.network_address:
        return f"the address of the network {network} itself"
    if network.version == 4 and network.num_addresses > 2 and address == network.broadcast_address:
        return f"the broadcast address of the network {network}"
    return ""
