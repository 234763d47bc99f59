# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of an instance that names none, derived from the addresses of the host that Ansible's facts show."""

from __future__ import annotations

import ipaddress
from typing import Any

from ...module_utils._address import canonical
from .declared import Facts, Instance, Item, Node
from .instance import find_family, list_instance_nodes, node_address

LOOPBACK = "lo"


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
    home = find_interface(find_source_address(nodes, node, version), facts)
    around = _interfaces_of_vip(item, facts)
    if home in around or not around:
        routes = [f"default_ipv{version}", "default_ipv4", "default_ipv6"]
        return home or next(
            (facts[route]["interface"] for route in routes if facts.get(route, {}).get("interface")), ""
        )
    return around[0]


def find_source_address(nodes: list[Node], node: str, version: int) -> str:
    """The address from which the node sends adverts; empty if it has none."""
    return next((node_address(item, version) for item in nodes if item["name"] == node), "")


def find_interface(address: str, facts: Facts) -> str:
    """The interface that has the address, which is not loopback; empty if none has."""
    wanted = canonical(address)
    return next(
        (
            name
            for name in _list_devices(facts)
            if wanted in map(canonical, list_addresses(interface_facts(name, facts)))
        ),
        "",
    )


def interface_facts(name: str, facts: Facts) -> dict[str, Any]:
    """Ansible's facts of the interface, with the addresses that have a label such as C(eth0:web)."""
    found = _read_facts(name, facts)
    labelled = [item for label in _list_labels(name, facts) for item in _list_ipv4(_read_facts(label, facts))]
    return {**found, "ipv4_secondaries": found.get("ipv4_secondaries", []) + labelled} if labelled else found


def _list_labels(name: str, facts: Facts) -> list[str]:
    """The labels of addresses of the interface, which Ansible lists as interfaces, such as C(eth0_web), that are no
    device."""
    return [
        label
        for label in facts.get("interfaces", [])
        if label.startswith(f"{name}_") and "device" not in _read_facts(label, facts)
    ]


def _read_facts(name: str, facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = facts.get(name.replace("-", "_"), {})
    return found


def list_addresses(interface: dict[str, Any]) -> list[str]:
    """The addresses of an interface."""
    return [item["address"] for item in _list_ipv4(interface) + interface.get("ipv6", [])]


def list_networks(interface: dict[str, Any]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The subnets of one interface as Ansible's facts show them, without addresses that stand alone (/32, /128)."""
    texts = [f"{item['address']}/{item['netmask']}" for item in _list_ipv4(interface)]
    texts += [f"{item['address']}/{item['prefix']}" for item in interface.get("ipv6", [])]
    networks = {ipaddress.ip_interface(text).network for text in texts}
    return sorted((network for network in networks if network.num_addresses > 1), key=str)


def _list_ipv4(interface: dict[str, Any]) -> list[Item]:
    further: list[Item] = interface.get("ipv4_secondaries", [])
    return ([interface["ipv4"]] if interface.get("ipv4") else []) + further


def list_interfaces(facts: Facts) -> list[str]:
    """The names of the host's interfaces, in alphabetical order."""
    known = facts.get("interfaces", [])
    labels = {label for name in known for label in _list_labels(name, facts)}
    return sorted(name for name in known if name not in labels)


def _list_devices(facts: Facts) -> list[str]:
    return [name for name in list_interfaces(facts) if name != LOOPBACK]


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
        for name in _list_devices(facts)
        if any(virtual in network for network in list_networks(interface_facts(name, facts)))
    ]
