# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find settings of model.py's declaration that do not fit this host's network, as in Ansible's C(facts)."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Union

from ...module_utils._address import IPAddress, canonical, is_address, is_hosts, version_of
from .._input.interfaces import LOOPBACK, interface_facts, list_host_addresses, list_interfaces, list_networks
from .declared import Facts, Instance
from .instance import find_device, find_family, list_devices, list_instance_nodes, node_address, order_nodes
from .interfaces import find_interfaces, find_source_address

Interface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
NODE_ADDRESSES = ("address", "address6")


def find_missing_addresses(declared: dict[str, Any], facts: Facts) -> list[str]:
    """Addresses from which this node is to send adverts although it does not have them."""
    here = facts.get("all_ipv4_addresses", []) + facts.get("all_ipv6_addresses", [])
    places = [("keepalived_nodes", node, key) for node in declared["nodes"] for key in NODE_ADDRESSES]
    places += [
        (f"keepalived_instances: {item['name']}", node, "address")
        for item in declared["instances"]
        for node in list_instance_nodes(item, declared["nodes"])
        if node["name"] in (item.get("addresses") or {})
    ]
    return [
        f"{where}: {node['name']} has the address {node[key]}, which this host does not have; it has "
        f"{', '.join(here) or 'none'}. "
        "Peers must see the address from which it sends: set cluster_address where ansible_host is translated "
        "on the way"
        for where, node, key in places
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
    known = ", ".join(list_interfaces(facts)) or "none that are known"
    found = []
    anywhere = "vip_outside_subnets" in declared["accepted"]
    for address in item["virtual_ipaddress"]:
        found += _check_vip(address["address"], find_device(address, item["interface"]), others, facts, anywhere)
    for line in item["virtual_ipaddress_excluded"]:
        found += _check_excluded(line.split(), others, item, facts)
    for value in item["anycast"]:
        found += _check_anycast(value, others, facts)
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
    nodes = list_instance_nodes(item, declared["nodes"])
    if item["interface"] == LOOPBACK and not item["anycast"] and len(order_nodes(item, nodes)) > 1:
        return [
            f"interface is '{LOOPBACK}', on which no other node hears adverts: all nodes would hold the VIP. Set "
            "keepalived_interface, or the interface of the instance, to the interface on which the nodes reach each "
            f"other; an address that is to be on {LOOPBACK} has its own dev: {LOOPBACK}"
        ]
    address = find_source_address(nodes, declared["node"], find_family(item, nodes))
    homes = find_interfaces(address, facts)
    if not item["unicast"] or not homes or item["interface"] not in {*facts["interfaces"]} - {LOOPBACK}:
        return []
    if item["interface"] in homes:
        return _find_distant_peers(item, declared, facts)
    return [
        f"interface is '{item['interface']}', and the address {address} of {declared['node']} is on {homes[0]}: nodes "
        "would not hear each "
        f"other, and all would hold the VIP. Set addresses of the instance or cluster_address to the addresses on "
        f"{item['interface']}, or keepalived_interface to {homes[0]}, where a VIP that is to be on "
        f"{item['interface']} has dev: {item['interface']} in keepalived_instances"
    ]


def _find_distant_peers(item: Instance, declared: dict[str, Any], facts: Facts) -> list[str]:
    """Peers in another network than the interface, where a VIP of its network would be of no use; a router may be
    between nodes that move an address of a cloud."""
    nodes = list_instance_nodes(item, declared["nodes"])
    version = find_family(item, nodes)
    networks = [
        network for network in list_networks(interface_facts(item["interface"], facts)) if network.version == version
    ]
    near = [
        address["address"]
        for address in item["virtual_ipaddress"]
        if find_device(address, item["interface"]) == item["interface"]
        and any(_is_in(address["address"], network) for network in networks)
    ]
    far = [
        f"{node['name']} ({peer})"
        for node in nodes
        if node["name"] in order_nodes(item, nodes)
        and (peer := node_address(node, version))
        and not any(_is_in(peer, network) for network in networks)
    ]
    if item["anycast"] and far and declared["second_chance"]:
        return [
            f"interface is '{item['interface']}', and the address of {', '.join(far)} is in none of its subnets, which "
            f"are {', '.join(map(str, networks))}: a packet of a connection that another node has is passed on within "
            "one network only. Set keepalived_second_chance to false and keepalived_accept_lossy_anycast to true where "
            "the nodes are on different networks; connections then break when a node leaves or comes back"
        ]
    if not near or not far:
        return []
    return [
        f"interface is '{item['interface']}', and the address of {', '.join(far)} is in none of its subnets, which are "
        f"{', '.join(map(str, networks))}: such a node could not hold {near[0]}, and nodes that do not hear each other "
        "hold it all. Set addresses of the instance or cluster_address of every node to its address in that network, "
        "or keepalived_interface to the interface on which the nodes reach each other"
    ]


def _is_in(address: str, network: Network) -> bool:
    return version_of(address) == network.version and ipaddress.ip_interface(address).ip in network


def _check_vip(value: str, device: str, others: dict[str, str], facts: Facts, anywhere: bool) -> list[str]:
    if anywhere and "/" not in value and is_address(value):
        value = ipaddress.ip_interface(value).with_prefixlen
    wrong = find_address_problems("virtual_ipaddress", value)
    if wrong:
        return wrong
    virtual = ipaddress.ip_interface(value)
    taken = others.get(str(virtual.ip))
    taken = taken or _describe_place_on(virtual.ip, device, facts)
    if taken:
        return [f"virtual_ipaddress {value} is {taken}: choose an address that no host has"]
    return [] if anywhere else _refuse_outside_subnets(value, virtual, device, facts)


def _check_excluded(words: list[str], others: dict[str, str], item: Instance, facts: Facts) -> list[str]:
    """Refuse an address that is none or is taken. Whatever else the line says is keepalived's to check."""
    value = words[0] if words else ""
    address = value.partition("/")[0]
    if not is_address(address):
        return [f"virtual_ipaddress_excluded has '{value}': an address with prefix is needed, such as 192.0.2.10/24"]
    if "/" in value and (wrong := find_address_problems("virtual_ipaddress_excluded", value)):
        return wrong
    device: str = dict(zip(words[1:], words[2:])).get("dev") or item["interface"]
    taken = (
        others.get(canonical(address))
        or _describe_special_address(ipaddress.ip_interface(address))
        or _describe_place_on(ipaddress.ip_address(address), device, facts)
    )
    return [f"virtual_ipaddress_excluded {value} is {taken}: choose an address that no host has"] if taken else []


def _check_anycast(value: str, others: dict[str, str], facts: Facts) -> list[str]:
    """Refuse an address that a host or nobody can have. What has no such form is told with the instance."""
    if not version_of(value):
        return []
    address = ipaddress.ip_interface(value).ip
    own = [assigned for assigned in list_host_addresses(facts) if assigned.network.num_addresses > 1]
    taken = others.get(str(address)) or _describe_special_address(ipaddress.ip_interface(address))
    if not taken and address.is_link_local:
        taken = "an address of one link, which no router forwards"
    if not taken and any(address == assigned.ip for assigned in own):
        taken = "this host's own address"
    taken = taken or next(filter(None, (_describe_place(address, assigned.network) for assigned in own)), "")
    return [f"anycast has '{value}', which is {taken}: choose an address that no host has"] if taken else []


def _describe_place_on(address: IPAddress, device: str, facts: Facts) -> str:
    """Describe an address that no host of the interface's networks can have; empty for others."""
    networks = list_networks(interface_facts(device, facts))
    return next(filter(None, (_describe_place(address, network) for network in networks)), "")


def find_address_problems(where: str, value: str) -> list[str]:
    """A problem where the text is no address with prefix that a host can have, whatever the network."""
    if "/" not in value:
        return [f"{where} is '{value}': write it with its prefix, such as 192.0.2.10/24"]
    try:
        virtual = ipaddress.ip_interface(value)
    except ValueError:
        virtual = None
    if virtual is None or "%" in value:
        return [f"{where} is '{value}': an IPv4 or IPv6 address with prefix is needed, such as 192.0.2.10/24"]
    taken = _describe_special_address(virtual)
    if taken:
        return [f"{where} {value} is {taken}: choose an address that no host has"]
    if not re.fullmatch("0|[1-9][0-9]*", value.rpartition("/")[2]):
        return [f"{where} is '{value}': write its prefix instead of a netmask, {virtual.with_prefixlen}"]
    if virtual.network.prefixlen == 0:
        return [f"{where} is '{value}': the prefix of its network is needed, such as /24"]
    return []


def _list_networks(name: str, facts: Facts) -> list[Network]:
    return list_networks(interface_facts(name, facts))


def _refuse_outside_subnets(value: str, virtual: Interface, device: str, facts: Facts) -> list[str]:
    alone = virtual.network.num_addresses == 1
    of_link = virtual.version == 6 and virtual.is_link_local
    if alone or of_link or device not in facts.get("interfaces", []):
        return []
    networks = list_networks(interface_facts(device, facts))
    if not any(virtual.ip in network for network in networks):
        shown = ", ".join(str(network) for network in networks) or "none"
        others = [
            name
            for name in list_interfaces(facts)
            if name != LOOPBACK and any(virtual.ip in network for network in _list_networks(name, facts))
        ]
        elsewhere = (
            f"It is in a subnet of {others[0]}: adverts on {device} can move it if keepalived_instances has it with "
            f"dev: {others[0]}. Else choose"
            if others
            else "Choose"
        )
        return [
            f"virtual_ipaddress {value} is outside every subnet of {device}; its subnets are {shown}. "
            f"{elsewhere} an address of one of them, or set keepalived_interface or the dev of the address. "
            f"An address that is routed to the holder has the prefix /{virtual.network.max_prefixlen}. If the network "
            "knows the address without a subnet, set keepalived_accept_vip_outside_subnets to true"
        ]
    around = min((network.prefixlen for network in networks if virtual.ip in network), default=0)
    if virtual.network.prefixlen < around:
        return [
            f"virtual_ipaddress {value} has a shorter prefix than the subnet of {device}: its holder would look for "
            f"all of {virtual.network} there, and not behind the gateway; write {virtual.ip}/{around}"
        ]
    return []


def _describe_special_address(virtual: Interface) -> str:
    """Describe an address that no host can have; empty for others."""
    address, network = virtual.ip, virtual.network
    if not is_hosts(address):
        return "a loopback, multicast, broadcast or unspecified address"
    if address.version == 6 and address.ipv4_mapped:
        return f"the IPv4 address {address.ipv4_mapped} in IPv6"
    return _describe_place(address, network)


def _describe_place(address: IPAddress, network: Network) -> str:
    """Describe an address of the network that no host of it can have; empty for others."""
    if network.num_addresses > 2 and address == network.network_address:
        return f"the address of the network {network} itself"
    if network.version == 4 and network.num_addresses > 2 and address == network.broadcast_address:
        return f"the broadcast address of the network {network}"
    return ""
