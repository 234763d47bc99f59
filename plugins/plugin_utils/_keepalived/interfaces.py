# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of an instance that names none, derived from the addresses of the host that Ansible's facts show."""

from __future__ import annotations

import ipaddress
from typing import Any

from ...module_utils._address import canonical
from .instance import family, node_address

LOOPBACK = "lo"


def with_interfaces(instances: list[dict], nodes: list[dict], node: str, facts: dict[str, Any]) -> list[dict]:
    """The same instances, each with its C(interface); empty where none can be derived."""
    return [
        item if item["interface"] else {**item, "interface": derived_interface(item, nodes, node, facts)}
        for item in instances
    ]


def derived_interface(item: dict, nodes: list[dict], node: str, facts: dict[str, Any]) -> str:
    """The interface that has the node's address in the VIP's network, else the one in whose network the VIP is, else
    the one with the node's address, else that of the default route."""
    version = family(item, nodes)
    home = interface_of(sending_address(nodes, node, version), facts)
    around = _around(item, facts)
    if home in around or not around:
        routes = [f"default_ipv{version}", "default_ipv4", "default_ipv6"]
        return home or next(
            (facts[route]["interface"] for route in routes if facts.get(route, {}).get("interface")), ""
        )
    return around[0]


def sending_address(nodes: list[dict], node: str, version: int) -> str:
    """The address from which the node sends adverts; empty if it has none."""
    return next((node_address(item, version) for item in nodes if item["name"] == node), "")


def interface_of(address: str, facts: dict[str, Any]) -> str:
    """The interface that has the address, which is not loopback; empty if none has."""
    wanted = canonical(address)
    return next(
        (name for name in _names(facts) if wanted in map(canonical, interface_addresses(interface_facts(name, facts)))),
        "",
    )


def interface_facts(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return Ansible's facts of the interface."""
    return facts.get(name.replace("-", "_"), {})


def interface_addresses(interface: dict[str, Any]) -> list[str]:
    """The addresses of an interface."""
    return [item["address"] for item in _four(interface) + interface.get("ipv6", [])]


def interface_networks(interface: dict[str, Any]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The subnets of one interface as Ansible's facts show them, without addresses that stand alone (/32, /128)."""
    texts = [f"{item['address']}/{item['netmask']}" for item in _four(interface)]
    texts += [f"{item['address']}/{item['prefix']}" for item in interface.get("ipv6", [])]
    networks = {ipaddress.ip_interface(text).network for text in texts}
    return sorted((network for network in networks if network.num_addresses > 1), key=str)


def _four(interface: dict[str, Any]) -> list[dict]:
    return ([interface["ipv4"]] if interface.get("ipv4") else []) + interface.get("ipv4_secondaries", [])


def _names(facts: dict[str, Any]) -> list[str]:
    return [name for name in facts.get("interfaces", []) if name != LOOPBACK]


def _around(item: dict, facts: dict[str, Any]) -> list[str]:
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
        for name in _names(facts)
        if any(virtual in network for network in interface_networks(interface_facts(name, facts)))
    ]
