# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VRRP instances: priorities and peers derived from the ordered list of nodes, and what cannot work."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible_collections.evenkeel.ha_web.plugins.module_utils._problem import not_an_address, repeated

HIGHEST_PRIORITY = 254
ADVERT_RANGE = {2: (1, 255), 3: (0.01, 40.95)}


def instances(declared: list[dict], defaults: dict, nodes: list[dict], node: str) -> list[dict]:
    """The instances as one node has to run them.

    C(nodes) is the ordered list of C(name) and C(address), the first is preferred: priorities go down from 254.
    Every instance gets C(priority), C(unicast_src_ip) and C(unicast_peers), the addresses of the other nodes."""
    names = [item["name"] for item in nodes]
    addresses = [item["address"] for item in nodes]
    if node not in names:
        return []
    mine = names.index(node)
    derived = {
        "priority": HIGHEST_PRIORITY - mine,
        "unicast_src_ip": addresses[mine],
        "unicast_peers": addresses[:mine] + addresses[mine + 1 :],
        "lines": [],
    }
    return [_placed({**defaults, **derived, **instance}) for instance in declared]


def _placed(instance: dict) -> dict:
    """The instance with C(dev) and C(label) of every address; the instance's interface carries what names none."""
    addresses = [{"dev": instance["interface"], "label": "", **address} for address in instance["virtual_ipaddress"]]
    return {**instance, "virtual_ipaddress": addresses}


def problems(declared: list[dict], defaults: dict, nodes: list[dict], node: str, facts: dict[str, Any]) -> list[str]:
    """One line for everything that keepalived would refuse or, worse, accept.

    C(facts) are Ansible's network facts of the node; an interface that they do not show is a problem."""
    found = _nodes(nodes, node)
    found += repeated("keepalived_instances", "name", [item["name"] for item in declared])
    whole = [{**defaults, **item} for item in declared]
    found += repeated(
        "keepalived_instances",
        "virtual_router_id on an interface",
        [f"{item['virtual_router_id']} ({item['interface']})" for item in whole],
    )
    found += _families(whole, nodes)
    for item in whole:
        found += [f"keepalived_instances: {item['name']}: {problem}" for problem in _instance(item, facts)]
    return found


def _families(whole: list[dict], nodes: list[dict]) -> list[str]:
    families = {":" in item["address"] for item in nodes}
    return [
        f"keepalived_instances: {item['name']}: virtual_ipaddress {address['address']} and the addresses of keepalived_nodes are of "
        "different IP versions: unicast adverts carry addresses of their own version only; use node addresses of that version"
        for item in whole
        if item["unicast"] and len(families) == 1
        for address in item["virtual_ipaddress"]
        if (":" in address["address"]) not in families
    ]


def _nodes(nodes: list[dict], node: str) -> list[str]:
    names = [item["name"] for item in nodes]
    found = repeated("keepalived_nodes", "name", names)
    found += repeated("keepalived_nodes", "address", [item["address"] for item in nodes])
    for item in nodes:
        found += not_an_address(f"keepalived_nodes: the address of {item['name']}", item["address"])
    if len(nodes) < 2:
        found.append(f"keepalived_nodes has {len(nodes)} node(s): a VIP needs at least two that can hold it")
    if len(nodes) > HIGHEST_PRIORITY:
        found.append(f"keepalived_nodes has {len(nodes)} nodes: VRRP has priorities for {HIGHEST_PRIORITY}")
    if node not in names:
        known = ", ".join(names) or "none"
        found.append(f"keepalived_nodes does not name this host: keepalived_node_name is '{node}', the nodes are {known}")
    return found


def _instance(item: dict, facts: dict[str, Any]) -> list[str]:
    found = []
    if not 1 <= int(item["virtual_router_id"]) <= 255:
        found.append(f"virtual_router_id is {item['virtual_router_id']}: allowed are 1-255")
    if "priority" in item and not 1 <= int(item["priority"]) <= HIGHEST_PRIORITY:
        found.append(f"priority is {item['priority']}: allowed are 1-{HIGHEST_PRIORITY}")
    found += _advert(item) + _authentication(item)
    for address in item["virtual_ipaddress"]:
        found += _virtual_address(address, address.get("dev", item["interface"]), facts)
    return found


def _advert(item: dict) -> list[str]:
    version = int(item["version"])
    if version not in ADVERT_RANGE:
        return [f"version is {version}: VRRP has versions 2 and 3"]
    least, most = ADVERT_RANGE[version]
    if not least <= float(item["advert_int"]) <= most:
        return [f"advert_int is {item['advert_int']}: VRRP version {version} allows {least}-{most} seconds"]
    if version == 2 and float(item["advert_int"]) % 1:
        return [f"advert_int is {item['advert_int']}: VRRP version 2 counts whole seconds"]
    return []


def _authentication(item: dict) -> list[str]:
    secret = item.get("auth_pass")
    if not secret:
        return []
    if int(item["version"]) != 2:
        return [f"auth_pass is set with version {item['version']}: only VRRP version 2 has authentication; the firewall guards version 3"]
    if len(secret) > 8:
        return [f"auth_pass has {len(secret)} characters: VRRP sends the first 8 only, so use at most 8"]
    return []


def _virtual_address(address: dict, device: str, facts: dict[str, Any]) -> list[str]:
    value = address["address"]
    if "/" not in value:
        return [f"virtual_ipaddress is '{value}': write it with its prefix, such as 192.0.2.10/24"]
    try:
        virtual = ipaddress.ip_interface(value)
    except ValueError:
        return [f"virtual_ipaddress is '{value}': an IPv4 or IPv6 address with prefix is needed, such as 192.0.2.10/24"]
    if device not in facts.get("interfaces", []):
        known = ", ".join(sorted(facts.get("interfaces", [])))
        return [f"interface is '{device}', which this host does not have; it has {known or 'none that are known'}"]
    networks = interface_networks(facts.get(device.replace("-", "_"), {}))
    if not any(virtual.ip in network for network in networks):
        shown = ", ".join(str(network) for network in networks) or "none"
        return [f"virtual_ipaddress {value} is outside every subnet of {device}; its subnets are {shown}"]
    return []


def interface_networks(interface: dict[str, Any]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The subnets of one interface as Ansible's facts show them, without addresses that stand alone (/32, /128)."""
    four = [interface["ipv4"]] if interface.get("ipv4") else []
    four += interface.get("ipv4_secondaries", [])
    texts = [f"{item['address']}/{item['netmask']}" for item in four]
    texts += [f"{item['address']}/{item['prefix']}" for item in interface.get("ipv6", [])]
    networks = {ipaddress.ip_interface(text).network for text in texts}
    return sorted((network for network in networks if network.num_addresses > 1), key=str)
