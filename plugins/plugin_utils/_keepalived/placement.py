# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the declaration of model.py does not fit this host, whose network C(facts) of Ansible's show."""

from __future__ import annotations

import ipaddress
from typing import Any

from ...module_utils._address import canonical, version_of
from .instance import device, devices


def own_addresses(declared: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    """Addresses from which this node is to send adverts although it does not have them."""
    here = facts.get("all_ipv4_addresses", []) + facts.get("all_ipv6_addresses", [])
    return [
        f"keepalived_nodes: {node['name']} has the address {node[key]}, which this host does not have; it has {', '.join(here) or 'none'}. "
        "Peers must see the address from which it sends: set cluster_address where ansible_host is translated on the way"
        for node in declared["nodes"]
        for key in ("address", "address6")
        if node["name"] == declared["node"] and version_of(node.get(key) or "") and canonical(node[key]) not in map(canonical, here)
    ]


def problems(item: dict, facts: dict[str, Any]) -> list[str]:
    """Interfaces that this host does not have, and addresses outside their subnets."""
    interfaces = facts.get("interfaces", [])
    known = ", ".join(sorted(interfaces)) or "none that are known"
    found = []
    for address in item["virtual_ipaddress"]:
        found += _virtual_address(address["address"], device(address, item["interface"]), facts)
    watched = [entry.split()[0] for entry in item.get("track_interface", []) if entry.split()]
    for name in dict.fromkeys([item["interface"], *devices(item), *watched]):
        if name not in interfaces:
            found.append(f"interface is '{name}', which this host does not have; it has {known}")
    return found


def _virtual_address(value: str, device: str, facts: dict[str, Any]) -> list[str]:
    if "/" not in value:
        return [f"virtual_ipaddress is '{value}': write it with its prefix, such as 192.0.2.10/24"]
    try:
        virtual = ipaddress.ip_interface(value)
    except ValueError:
        return [f"virtual_ipaddress is '{value}': an IPv4 or IPv6 address with prefix is needed, such as 192.0.2.10/24"]
    alone = virtual.network.num_addresses == 1
    if alone or virtual.is_link_local or device not in facts.get("interfaces", []):
        return []
    networks = interface_networks(facts.get(device.replace("-", "_"), {}))
    if not any(virtual.ip in network for network in networks):
        shown = ", ".join(str(network) for network in networks) or "none"
        return [
            f"virtual_ipaddress {value} is outside every subnet of {device}; its subnets are {shown}. "
            f"An address that is routed to the holder has the prefix /{virtual.network.max_prefixlen}"
        ]
    return []


def interface_networks(interface: dict[str, Any]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The subnets of one interface as Ansible's facts show them, without addresses that stand alone (/32, /128)."""
    four = [interface["ipv4"]] if interface.get("ipv4") else []
    four += interface.get("ipv4_secondaries", [])
    texts = [f"{item['address']}/{item['netmask']}" for item in four]
    texts += [f"{item['address']}/{item['prefix']}" for item in interface.get("ipv6", [])]
    networks = {ipaddress.ip_interface(text).network for text in texts}
    return sorted((network for network in networks if network.num_addresses > 1), key=str)
