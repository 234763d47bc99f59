# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot work in the declaration of _vrrp_model: one line each, with variable, value and what is allowed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.evenkeel.ha_web.plugins.module_utils._problem import exposed_keys, not_an_address, repeated, suggestion
from ansible_collections.evenkeel.ha_web.plugins.module_utils._scalars import unprintable
from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_model import (
    HIGHEST_PRIORITY,
    TRACKED,
    advert_int,
    family,
    names,
    node_address,
    order,
    priorities,
    track_files,
    tracks,
    version_of,
    yield_files,
)

ADVERT_RANGE = {2: (1, 255), 3: (0.01, 40.95)}
RANGES = {"rt_priority": (0, 99), "firewall_min_ttl": (1, 255)}
LISTS = ("nodes", "instances", "sync_groups", "scripts", "track_files", "track_processes")
NAME = re.compile(r"""[^\s{}"'#!@$]+""")


def problems(declared: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    """One line for everything that keepalived would refuse or, worse, accept.

    C(facts) are Ansible's network facts of the node; an interface that they do not show is a problem."""
    texts = {**{name: declared[name] for name in LISTS}, **declared["texts"]}
    found = [problem for name, value in texts.items() for problem in unprintable(f"keepalived_{name}", value)]
    found += [
        f"keepalived_{name} is {value}: allowed are {RANGES[name][0]}-{RANGES[name][1]}"
        for name, value in declared["numbers"].items()
        if not RANGES[name][0] <= int(value) <= RANGES[name][1]
    ]
    found += _nodes(declared["nodes"], declared["node"]) + _names(declared)
    found += _own_addresses(declared, facts)
    known = set(names(declared["nodes"]))
    for item in declared["instances"]:
        where = f"keepalived_instances: {item['name']}"
        own = _order(item, declared["nodes"], known)
        found += [f"{where}: {problem}" for problem in own or _instance(item, declared, facts)]
    return found + _together(declared, known) + exposed_keys("keepalived_files", declared["files"])


def _nodes(nodes: list[dict], node: str) -> list[str]:
    known = names(nodes)
    found = repeated("keepalived_nodes", "name", known)
    found += repeated("keepalived_nodes", "address", [item[key] for item in nodes for key in ("address", "address6") if item.get(key)])
    for item in nodes:
        found += not_an_address(f"keepalived_nodes: the address of {item['name']}", item["address"])
        if item.get("address6") and version_of(item["address6"]) != 6:
            found.append(f"keepalived_nodes: the address6 of {item['name']} is '{item['address6']}': an IPv6 address is needed")
    if len(nodes) < 2:
        found.append(f"keepalived_nodes has {len(nodes)} node(s): a VIP needs at least two that can hold it")
    if len(nodes) > HIGHEST_PRIORITY:
        found.append(f"keepalived_nodes has {len(nodes)} nodes: VRRP has priorities for {HIGHEST_PRIORITY}")
    if node not in known:
        listed = ", ".join(known) or "none"
        found.append(f"keepalived_nodes does not name this host: keepalived_node_name is '{node}', the nodes are {listed}")
    return found


def _names(declared: dict[str, Any]) -> list[str]:
    found = []
    for variable in ("instances", "sync_groups", "scripts", "track_processes"):
        found += repeated(f"keepalived_{variable}", "name", names(declared[variable]))
    files = names(track_files(declared) + yield_files(declared))
    found += repeated("keepalived_track_files, _watched_units, _watched_urls and _yield_urls", "name", files)
    for variable in LISTS:
        found += [
            f"keepalived_{variable}: the name '{name}' is no single word: keepalived needs one without spaces, quotation marks and braces"
            for name in names(declared[variable])
            if not NAME.fullmatch(name)
        ]
    return found


def _own_addresses(declared: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    """Addresses from which this node is to send adverts although it does not have them."""
    here = facts.get("all_ipv4_addresses", []) + facts.get("all_ipv6_addresses", [])
    return [
        f"keepalived_nodes: {node['name']} has the address {node[key]}, which this host does not have; it has {', '.join(here) or 'none'}. "
        "Peers must see the address from which it sends: set cluster_address where ansible_host is translated on the way"
        for node in declared["nodes"]
        for key in ("address", "address6")
        if node["name"] == declared["node"] and version_of(node.get(key) or "") and _spelt(node[key]) not in map(_spelt, here)
    ]


def _spelt(address: str) -> str:
    """The address in the one spelling that facts have; what is none as it is."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def _order(item: dict, nodes: list[dict], known: set[str]) -> list[str]:
    """What is wrong with the nodes and priorities of an instance; the other rules rely on both."""
    ordered = order(item, nodes)
    found = [f"nodes has '{name}', which is not in keepalived_nodes{suggestion(name, known)}" for name in ordered if name not in known]
    found += repeated("nodes", "name", item.get("nodes") or [])
    if len(ordered) < 2 <= len(nodes):
        found.append(f"nodes is {', '.join(ordered)}: a VIP needs at least two nodes that can hold it")
    given = [int(priority) for priority in item.get("priorities") or []]
    if given and len(given) != len(ordered):
        found.append(f"priorities has {len(given)} values for the {len(ordered)} nodes {', '.join(ordered)}: one for each is needed")
    found += [f"priorities has {priority}: allowed are 1-{HIGHEST_PRIORITY}" for priority in given if not 1 <= priority <= HIGHEST_PRIORITY]
    if any(higher <= lower for higher, lower in zip(given, given[1:])):
        found.append(
            f"priorities are {', '.join(map(str, given))} for the nodes {', '.join(ordered)}: they have to go down in the order "
            "of the nodes; change that order by nodes"
        )
    return found


def _instance(item: dict, declared: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    nodes = declared["nodes"]
    found = []
    if not 1 <= int(item["virtual_router_id"]) <= 255:
        found.append(f"virtual_router_id is {item['virtual_router_id']}: allowed are 1-255")
    found += _families(item, nodes) + _advert(item, declared["timing"]) + _authentication(item)
    if not (item["virtual_ipaddress"] or item["virtual_ipaddress_excluded"] or _notices(item, declared["sync_groups"])):
        found.append("virtual_ipaddress is empty and there is no notify_master: nothing would happen on the node that becomes master")
    found += _tracked(item, declared) + _weights(item, declared)
    if declared["node"] in order(item, nodes):
        found += _places(item, facts)
    return found


def _families(item: dict, nodes: list[dict]) -> list[str]:
    version = family(item, nodes)
    if {version_of(address["address"]) for address in item["virtual_ipaddress"]} >= {4, 6}:
        return [
            "virtual_ipaddress has IPv4 and IPv6 addresses: adverts carry addresses of one version only; "
            "write an instance for each and name both in keepalived_sync_groups, so that they move together"
        ]
    found = [
        f"node {node['name']} has no IPv{version} address for the adverts of IPv{version} addresses: set its address{'6' * (version == 6)}"
        for node in nodes
        if node["name"] in order(item, nodes) and version_of(node["address"]) and not node_address(node, version)
    ]
    if version == 6 and int(item["version"]) == 2:
        found.append("version is 2: VRRP version 2 has no IPv6 addresses; use version 3")
    return found


def _advert(item: dict, timing: dict) -> list[str]:
    version = int(item["version"])
    if version not in ADVERT_RANGE:
        return [f"version is {version}: VRRP has versions 2 and 3"]
    seconds = advert_int(item, timing)
    least, most = ADVERT_RANGE[version]
    found = []
    if not least <= seconds <= most:
        found.append(f"advert_int is {seconds:g}: VRRP version {version} allows {least}-{most} seconds")
    elif version == 2 and seconds % 1:
        found.append(f"advert_int is {seconds:g}: VRRP version 2 counts whole seconds")
    elif abs(seconds * 100 - round(seconds * 100)) > 1e-6:
        found.append(f"advert_int is {seconds:g}: VRRP version 3 counts hundredths of a second")
    if item.get("preempt_delay") and not item["preempt"]:
        found.append(f"preempt_delay is {item['preempt_delay']} and preempt is false: a delay needs preempt: true")
    return found


def _authentication(item: dict) -> list[str]:
    secret = str(item["auth_pass"])
    if not secret:
        return []
    if int(item["version"]) != 2:
        return [f"auth_pass is set with version {item['version']}: only VRRP version 2 has authentication; the firewall guards version 3"]
    length = len(secret.encode())
    if length > 8:
        return [f"auth_pass has {length} bytes: VRRP sends the first 8 only, so use at most 8 letters and digits"]
    unreadable = set('"\\') & set(secret)
    return ["auth_pass has a quotation mark or a backslash, which keepalived cannot read"] if unreadable else []


def _notices(item: dict, groups: list[dict]) -> bool:
    """Whether somebody is told that the node has become master."""
    tellers = [item, *(group for group in groups if item["name"] in group["instances"])]
    return any(teller.get(word) for teller in tellers for word in ("notify_master", "notify"))


def _places(item: dict, facts: dict[str, Any]) -> list[str]:
    """Interfaces that this host does not have, and addresses outside their subnets."""
    interfaces = facts.get("interfaces", [])
    known = ", ".join(sorted(interfaces)) or "none that are known"
    found = []
    for address in item["virtual_ipaddress"]:
        found += _virtual_address(address["address"], address.get("dev") or item["interface"], facts)
    devices = [address.get("dev") or item["interface"] for address in item["virtual_ipaddress"]]
    watched = [entry.split()[0] for entry in item["track_interface"] if entry.split()]
    for device in dict.fromkeys([item["interface"], *devices, *watched]):
        if device not in interfaces:
            found.append(f"interface is '{device}', which this host does not have; it has {known}")
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


def _entries(item: dict, declared: dict[str, Any]) -> Iterator[tuple[str, str, int | None]]:
    """Kind and name of everything that the instance tracks, and the weight that its entry says, if it does."""
    files = {**declared, "track_files": track_files(declared)}
    for kind, entries in tracks(item, {kind: names(files[variable]) for kind, variable in TRACKED.items()}).items():
        for entry in entries:
            words = entry.split()
            weight = re.search(r"\sweight\s+([+-]?\d+)", entry)
            yield kind, words[0] if words else "", int(weight.group(1)) if weight else None


def _tracked(item: dict, declared: dict[str, Any]) -> list[str]:
    """What the instance tracks although nobody has declared it."""
    known = {kind: names(declared[variable]) for kind, variable in TRACKED.items()}
    known["track_file"] = names(track_files(declared))
    return [
        f"{kind} has '{name}', which does not exist{suggestion(name, known[kind])}"
        for kind, name, _weight in _entries(item, declared)
        if kind in known and name not in known[kind]
    ]


def _weights(item: dict, declared: dict[str, Any]) -> list[str]:
    """Weights with which the failure of what they belong to would not move the addresses."""
    own = {(kind, str(thing["name"])): int(thing["weight"]) for kind, variable in TRACKED.items() for thing in declared[variable]}
    weights = {(kind, name): own.get((kind, name), 0) if weight is None else weight for kind, name, weight in _entries(item, declared)}
    weights = {key: weight for key, weight in weights.items() if weight}
    if not weights:
        return []
    shown = ", ".join(f"{name} {weight:+}" for (_kind, name), weight in weights.items())
    if not item["preempt"] or item.get("preempt_delay"):
        keeps = "preempt_delay" if item["preempt"] else "preempt: false"
        return [
            f"the weights of {shown} together with {keeps} would keep the addresses on a node that has failed, because its peers "
            "accept the lower priority: leave the weights out, so that a failure means FAULT"
        ]
    if any(item["name"] in group["instances"] for group in declared["sync_groups"]):
        return [
            f"the weights of {shown} would be ignored in a group of keepalived_sync_groups: leave them out, so that a failure means FAULT"
        ]
    return _arithmetic(priorities(item, declared["nodes"]), weights)


def _arithmetic(ordered: dict[str, int], weights: dict[tuple[str, str], int]) -> list[str]:
    found = []
    neighbours = list(zip(ordered.items(), list(ordered.items())[1:]))
    if not neighbours:
        return found
    (one, high), (other, low) = max(neighbours, key=lambda pair: pair[0][1] - pair[1][1])
    gap = high - low
    for (kind, name), weight in weights.items():
        # A file's weight is multiplied by the number in the file.
        if abs(weight) <= gap and kind != "track_file":
            found.append(
                f"the weight {weight:+} of {name} is not larger than the gap of {gap} between the priorities {high} of {one} "
                f"and {low} of {other}: {one} would keep the addresses after its failure; use at least {gap + 1}, or priorities "
                "that are closer"
            )
    highest, lowest = max(ordered.values()), min(ordered.values())
    more = sum(weight for weight in weights.values() if weight > 0)
    less = sum(weight for weight in weights.values() if weight < 0)
    if highest + more > HIGHEST_PRIORITY or lowest + less < 1:
        found.append(
            f"the priorities {highest}-{lowest} with weights of {more:+} and {less:+} leave the range 1-{HIGHEST_PRIORITY}, where "
            "keepalived cuts them so that nodes become equal: set priorities, such as [101, 100]"
        )
    return found


def _together(declared: dict[str, Any], known: set[str]) -> list[str]:
    """Rules between instances."""
    nodes, instances = declared["nodes"], declared["instances"]
    ids = [f"{item['virtual_router_id']} ({item['interface']}, IPv{family(item, nodes)})" for item in instances]
    found = repeated("keepalived_instances", "virtual_router_id on an interface", ids)
    addresses = [_spelt(address["address"].split("/")[0]) for item in instances for address in item["virtual_ipaddress"]]
    found += repeated("keepalived_instances", "virtual_ipaddress", filter(None, addresses))
    if declared["node"] in known and instances and not any(declared["node"] in order(item, nodes) for item in instances):
        found.append(f"keepalived_instances: no instance names the node {declared['node']}: keepalived would have nothing to do there")
    members = [name for group in declared["sync_groups"] for name in group["instances"]]
    found += repeated("keepalived_sync_groups", "instance", members)
    for group in declared["sync_groups"]:
        found += [f"keepalived_sync_groups: {group['name']}: {problem}" for problem in _group(group, instances, nodes)]
    return found


def _group(group: dict, instances: list[dict], nodes: list[dict]) -> list[str]:
    known = {item["name"]: item for item in instances}
    found = [
        f"instances has '{name}', which is not in keepalived_instances{suggestion(name, known)}"
        for name in group["instances"]
        if name not in known
    ]
    if len(group["instances"]) < 2:
        found.append(f"instances has {len(group['instances'])}: a group needs at least two that move together")
    members = [known[name] for name in group["instances"] if name in known]
    same = {(tuple(priorities(item, nodes).items()), bool(item["preempt"])) for item in members}
    if len(same) > 1:
        found.append(
            f"the instances {', '.join(names(members))} differ in nodes, priorities or preempt: they would hand the addresses back "
            "and forth; give them the same"
        )
    return found
