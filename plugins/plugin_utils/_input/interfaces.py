# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interfaces of a host with their addresses and subnets, as Ansible's facts show them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Union

Facts = Mapping[str, Any]
LOOPBACK = "lo"
Address = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]


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


def list_addresses(interface: Mapping[str, Any]) -> list[str]:
    """The addresses of an interface."""
    return [item["address"] for item in _list_ipv4(interface) + interface.get("ipv6", [])]


def list_assigned(interface: Mapping[str, Any]) -> list[Address]:
    """The addresses of an interface, each with its subnet."""
    texts = [f"{item['address']}/{item['netmask']}" for item in _list_ipv4(interface)]
    texts += [f"{item['address']}/{item['prefix']}" for item in interface.get("ipv6", [])]
    return [ipaddress.ip_interface(text) for text in texts]


def list_networks(interface: Mapping[str, Any]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The subnets of one interface, without addresses that stand alone (/32, /128)."""
    networks = {item.network for item in list_assigned(interface)}
    return sorted((network for network in networks if network.num_addresses > 1), key=str)


def _list_ipv4(interface: Mapping[str, Any]) -> list[dict[str, Any]]:
    further: list[dict[str, Any]] = interface.get("ipv4_secondaries", [])
    return ([interface["ipv4"]] if interface.get("ipv4") else []) + further


def list_interfaces(facts: Facts) -> list[str]:
    """The names of the host's interfaces, in alphabetical order."""
    known = facts.get("interfaces", [])
    labels = {label for name in known for label in _list_labels(name, facts)}
    return sorted(name for name in known if name not in labels)


def list_devices(facts: Facts) -> list[str]:
    """The names of the interfaces other than lo."""
    return [name for name in list_interfaces(facts) if name != LOOPBACK]


def list_host_addresses(facts: Facts) -> list[Address]:
    """The addresses of all interfaces other than lo, each with its subnet."""
    return [item for name in list_devices(facts) for item in list_assigned(interface_facts(name, facts))]
