# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of an instance that names none, derived from the addresses of the host that Ansible's facts show."""

from __future__ import annotations

import ipaddress

from ...module_utils._address import canonical
from .._input.interfaces import interface_facts, list_addresses, list_devices, list_networks
from .declared import Facts, Instance, Node
from .instance import find_family, list_instance_nodes, node_address


def add_interfaces(instances: list[Instance], nodes: list[Node], node: str, facts: Facts) -> list[Instance]:
    """The same instances, each with its C(interface); empty where none can be derived."""
    return [
        item if item["interface"] else {**item, "interface": derive_interface(item, nodes, node, facts)}
        for item in instances
    ]


def derive_interface(item: Instance, nodes: list[Node], node: str, facts: Facts) -> str:
    """The interface that has the node's address in the VIP's network, else the one in whose network the VIP is, else
    the one with the node's address, else that of the default route."""
    nodes = list_instance_nodes(item, nodes)
    version = find_family(item, nodes)
    homes = find_interfaces(find_source_address(nodes, node, version), facts)
    around = _interfaces_of_vip(item, facts)
    home = next((name for name in homes if name in around), next(iter(homes), ""))
    if home in around or not around:
        routes = [f"default_ipv{version}", "default_ipv4", "default_ipv6"]
        return home or next(
            (facts[route]["interface"] for route in routes if facts.get(route, {}).get("interface")), ""
        )
    return around[0]


def find_source_address(nodes: list[Node], node: str, version: int) -> str:
    """The address from which the node sends adverts; empty if it has none."""
    return next((node_address(item, version) for item in nodes if item["name"] == node), "")


def find_interfaces(address: str, facts: Facts) -> list[str]:
    """The interfaces that have the address, without loopback. Several have it where networks have no address of their
    own to spare."""
    wanted = canonical(address)
    return [
        name for name in list_devices(facts) if wanted in map(canonical, list_addresses(interface_facts(name, facts)))
    ]


def _interfaces_of_vip(item: Instance, facts: Facts) -> list[str]:
    """The interfaces in whose networks the first VIP is that names no interface itself."""
    texts = [address["address"].partition("/")[0] for address in item["virtual_ipaddress"] if not address.get("dev")]
    try:
        virtual = ipaddress.ip_address(texts[0]) if texts else None
    except ValueError:
        virtual = None
    if virtual is None or virtual.is_link_local:
        return []
    return [
        name
        for name in list_devices(facts)
        if any(virtual in network for network in list_networks(interface_facts(name, facts)))
    ]
