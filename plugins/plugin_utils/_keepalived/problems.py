# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find invalid values in the declaration of model.py. Each problem is one line with variable, value and accepted
values."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ...module_utils._address import canonical, version_of
from ...module_utils._suggestion import suggestion
from .._input.rules import find_file_problems, find_repeated, refuse_no_address
from . import subnets, tracking, virtual_servers, vmac
from .declared import Facts, Instance, Item, Node, Timing
from .instance import (
    ADDRESS_OWNER,
    HIGHEST_PRIORITY,
    advert_int,
    assign_priorities,
    find_family,
    list_instance_nodes,
    list_names,
    list_track_files,
    list_yield_files,
    node_address,
    order_nodes,
)

NODE_ADDRESS = {
    4: "cluster_address of the host to its IPv4 address, and cluster_address6 to its IPv6 address",
    6: "cluster_address6 of the host, or its address6 in keepalived_nodes",
}
"""What says the address of a node."""
ADVERT_RANGE = {2: (1, 255), 3: (0.01, 40.95)}
RANGES = {"rt_priority": (0, 99), "firewall_min_ttl": (1, 255)}
LISTS = ("nodes", "instances", "sync_groups", "scripts", "track_files", "track_processes")
NAME = re.compile(r"""[^\s{}"'#!@$/\\]+""")
WORDS = {
    "script_user": (re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*"), "the name of a user"),
    "metrics_directory": (re.compile(r"/[A-Za-z0-9/_.:@+-]*"), "an absolute path of letters, digits and any of _.:@+-"),
}
"""Accepted values of variables that are written to systemd units and shell commands, which have a syntax of their
own."""
URL_KINDS = ("watched", "yield")
REPORTED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*")
KINDS_OF_UNITS = re.compile(r"(?P<name>.+)\.(service|socket|target|timer|mount|automount|path|slice|scope|swap|device)")
HTTP = r"http://[!-~]+"
TCP = r"tcp://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):[0-9]+"
URLS = {
    "watched": (HTTP, "one that begins with http:// is needed, without spaces and of ASCII alone"),
    "yield": (
        f"{HTTP}|{TCP}",
        "http:// without spaces and of ASCII alone, or tcp:// with an address and a port is needed",
    ),
    "script": (
        r"http://[!#-&(-\[\]-~]+",
        "one that begins with http:// is needed, without spaces, quotation marks and backslashes",
    ),
}
"""URLs that a watch or a check script accepts. An open port does not show a hung process: the kernel keeps accepting
connections."""


EFFECTS = (
    *("virtual_ipaddress", "virtual_ipaddress_excluded", "virtual_routes", "virtual_rules"),
    *("anycast", "lines"),
)
"""What an instance can give to the node that becomes master."""

TOLD = ("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop", "smtp_alert")
"""What tells somebody that the state of an instance or a group has changed."""

FOLLOWERS = (["lvs_sync_daemon"], ["notify_fifo"], ["vrrp_notify_fifo"])
"""Lines of the whole service that follow the states of instances."""


def problems(declared: dict[str, Any], facts: Facts) -> list[str]:
    """One line for everything that keepalived would refuse or, worse, accept.

    C(facts) are Ansible's network facts of the node; an interface that they do not show is a problem."""
    found = [
        f"keepalived_{name} is {value}: allowed are {RANGES[name][0]}-{RANGES[name][1]}"
        for name, value in declared["numbers"].items()
        if not RANGES[name][0] <= int(value) <= RANGES[name][1]
    ]
    found += [
        f"keepalived_quic_ports has {port}: a port is 1-65535"
        for port in declared["quic_ports"]
        if not 1 <= int(port) <= 65535
    ]
    found += _nodes(declared) + _names(declared) + _check_words(declared) + _check_watches(declared)
    found += subnets.find_missing_addresses(declared, facts)
    known = set(list_names(declared["nodes"]))
    for item in declared["instances"]:
        where = f"keepalived_instances: {item['name']}"
        own = _check_order(item, declared, known)
        found += [f"{where}: {problem}" for problem in own or _instance(item, declared, facts)]
    found += virtual_servers.problems(declared["virtual_servers"]) + _check_alerts(declared)
    return found + _check_all_instances(declared, known) + find_file_problems("keepalived_files", declared["files"])


def _check_alerts(declared: dict[str, Any]) -> list[str]:
    """Problems of alerts by mail, which keepalived would not send."""
    alerts = declared["smtp_alerts"]
    if alerts and not alerts.get("to"):
        return ["keepalived_smtp_alerts: to is missing: name the addresses that get the alerts"]
    if not alerts:
        return [
            f"keepalived_instances: {item['name']}: smtp_alert is set and keepalived_smtp_alerts is empty: name the "
            "addresses that get the alerts there"
            for item in declared["instances"]
            if item.get("smtp_alert")
            and not any(line.startswith("notification_email") for line in declared["global_lines"])
        ]
    return []


def _nodes(declared: dict[str, Any]) -> list[str]:
    nodes, node = declared["nodes"], declared["node"]
    known = list_names(nodes)
    found = find_repeated("keepalived_nodes", "name", known)
    found += find_repeated(
        "keepalived_nodes", "address", [item[key] for item in nodes for key in ("address", "address6") if item.get(key)]
    )
    for item in nodes:
        found += refuse_no_address(f"keepalived_nodes: the address of {item['name']}", item["address"])
        if item.get("address6") and version_of(item["address6"]) != 6:
            found.append(
                f"keepalived_nodes: the address6 of {item['name']} is '{item['address6']}': an IPv6 address is needed"
            )
    if len(nodes) < 2 and not (nodes and "single_node" in declared["accepted"]):
        remedy = "; set keepalived_accept_single_node to true if one is meant" if nodes else ""
        found.append(f"keepalived_nodes has {len(nodes)} node(s): a VIP needs at least two that can hold it{remedy}")
    if len(nodes) > HIGHEST_PRIORITY:
        found.append(f"keepalived_nodes has {len(nodes)} nodes: VRRP has priorities for {HIGHEST_PRIORITY}")
    if node not in known:
        listed = ", ".join(known) or "none"
        found.append(
            f"keepalived_nodes does not name this host: keepalived_node_name is '{node}', the nodes are {listed}"
        )
    return found


def _names(declared: dict[str, Any]) -> list[str]:
    found = []
    for variable in ("instances", "sync_groups", "scripts", "track_processes"):
        found += find_repeated(f"keepalived_{variable}", "name", list_names(declared[variable]))
    files = list_names(list_track_files(declared) + list_yield_files(declared))
    found += find_repeated(
        "keepalived_track_files, keepalived_watched_units, keepalived_watched_urls and keepalived_yield_urls",
        "name",
        files,
    )
    for variable in LISTS:
        found += [
            (
                f"keepalived_{variable}: the name '{name}' is no single word: keepalived needs one without spaces, "
                "quotation marks and braces"
            )
            for name in list_names(declared[variable])
            if not NAME.fullmatch(name)
        ]
    return found


def _check_words(declared: dict[str, Any]) -> list[str]:
    """Find values that a unit, command or request would split or interpret."""
    texts = declared["texts"]
    found = [
        (
            f"keepalived_scripts: {item['name']} has "
            f"{'script and url' if item['url'] else 'no script and no url'}: one of them is needed"
        )
        for item in declared["scripts"]
        if bool(item["script"]) == bool(item["url"])
    ]
    found += [
        f"keepalived_{name} is '{texts[name]}': {what} is needed"
        for name, (pattern, what) in WORDS.items()
        if name in texts and not pattern.fullmatch(texts[name])
    ]
    found += [
        f"keepalived_watched_units, keepalived_watched_urls and keepalived_yield_urls: the name '{name}' stands in "
        "units and commands: one of letters, digits and any of _.:@- is needed"
        for folders in (declared["reports"], declared["yields"])
        for names_of in folders.values()
        for name in map(str, names_of)
        if not REPORTED.fullmatch(name)
    ]
    found += [
        f"keepalived_{kind}_urls: the status of {item['name']} is {item['status']}: "
        + ("a port has none, leave it out" if item["url"].startswith("tcp:") else "allowed are 100-599")
        for kind, items in declared["urls"].items()
        for item in items
        if "status" in item and (item["url"].startswith("tcp:") or not 100 <= int(item["status"]) <= 599)
    ]
    asked = {
        "keepalived_watched_urls": ("watched", declared["urls"]["watched"]),
        "keepalived_yield_urls": ("yield", declared["urls"]["yield"]),
        "keepalived_scripts": ("script", [item for item in declared["scripts"] if item["url"]]),
    }
    return found + [
        f"{variable}: the url of {item['name']} is '{item['url']}': {URLS[kind][1]}"
        for variable, (kind, items) in asked.items()
        for item in items
        if not re.fullmatch(URLS[kind][0], item["url"])
    ]


def _check_watches(declared: dict[str, Any]) -> list[str]:
    """Find settings with which the service keepalived-watch, or the drop-in of a watched unit, would see nothing."""
    found = [
        f"keepalived_watched_units has '{name}': the name of a service without its suffix is needed, such as "
        f"{match['name']}"
        for names in declared["reports"].values()
        for name in names
        if (match := KINDS_OF_UNITS.fullmatch(str(name)))
    ]
    items = [(f"keepalived_{kind}_urls: {item['name']}", item) for kind in URL_KINDS for item in declared["urls"][kind]]
    for where, item in [("keepalived_watch_defaults", declared["watch_defaults"]), *items]:
        found += [
            f"{where}: {word} is {item[word]}: more than 0 is needed"
            for word in ("interval", "timeout", "rise")
            if word in item and float(item[word]) <= 0
        ]
    items += [(f"keepalived_scripts: {item['name']}", item) for item in declared["scripts"] if item["url"]]
    return found + [
        f"{where}: the url is '{item['url']}': its host or port is none; an IPv6 address needs brackets, and a port is "
        "1-65535"
        for where, item in items
        if not _has_place(item["url"])
    ]


def _has_place(url: str) -> bool:
    """Return whether the URL has a host, and a port if any."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not (parts.netloc or ":").endswith(":")
    except ValueError:
        return False


def _check_order(item: Instance, declared: dict[str, Any], known: set[str]) -> list[str]:
    """Find problems of the nodes and priorities of an instance; the other rules rely on both."""
    nodes = declared["nodes"]
    ordered = order_nodes(item, nodes)
    found = [
        f"nodes has '{name}', which is not in keepalived_nodes{suggestion(name, known)}"
        for name in ordered
        if name not in known
    ]
    for name, address in (item.get("addresses") or {}).items():
        if name not in known:
            found.append(f"addresses has '{name}', which is not in keepalived_nodes{suggestion(name, known)}")
        found += refuse_no_address(f"addresses.{name}", address)
    found += find_repeated("nodes", "name", item.get("nodes") or [])
    if len(ordered) < 2 <= len(nodes) and "single_node" not in declared["accepted"]:
        found.append(
            f"nodes is {', '.join(ordered)}: a VIP needs at least two nodes that can hold it; set "
            "keepalived_accept_single_node to true if one is meant"
        )
    given = [int(priority) for priority in item.get("priorities") or []]
    if given and len(given) != len(ordered):
        found.append(
            f"priorities has {len(given)} values for the {len(ordered)} nodes {', '.join(ordered)}: one for each "
            "is needed"
        )
    found += [
        f"priorities has {priority}: allowed are 1-{ADDRESS_OWNER}"
        for priority in given
        if not 1 <= priority <= ADDRESS_OWNER
    ]
    if given.count(ADDRESS_OWNER) > 1:
        found.append(
            f"priorities has {ADDRESS_OWNER} for {given.count(ADDRESS_OWNER)} nodes: keepalived takes such a node for "
            f"the owner of the addresses, and there can be one; use at most {HIGHEST_PRIORITY} for the others"
        )
    if any(higher < lower for higher, lower in zip(given, given[1:])):
        found.append(
            f"priorities are {', '.join(map(str, given))} for the nodes {', '.join(ordered)}: they must not go up in "
            "the order of the nodes; change that order by nodes"
        )
    return found


def _instance(item: Instance, declared: dict[str, Any], facts: Facts) -> list[str]:
    nodes = declared["nodes"]
    found = []
    if not 1 <= int(item["virtual_router_id"]) <= 255:
        found.append(f"virtual_router_id is {item['virtual_router_id']}: allowed are 1-255")
    found += _check_anycast(item, declared)
    found += _families(item, nodes) + _advert(item, declared["timing"]) + _authentication(item)
    if not _has_effect(item, declared):
        found.append(
            "virtual_ipaddress is empty and there is no notify_master: nothing would happen on the node that "
            "becomes master"
        )
    elif not item["virtual_ipaddress"] and not item["anycast"] and int(item["version"]) != 2:
        found.append(
            f"virtual_ipaddress is empty with version {item['version']}: keepalived runs an instance without a VIP in "
            "VRRP version 2 only; set version: 2"
        )
    found += tracking.problems(item, declared) + vmac.problems(item, declared)
    if declared["node"] in order_nodes(item, nodes):
        found += subnets.problems(item, declared, facts)
    return found


def _check_anycast(item: Instance, declared: dict[str, Any]) -> list[str]:
    if not item["anycast"]:
        return []
    found = [
        f"anycast has '{value}': an address with the prefix /32 or, for IPv6, /128 is needed, such as 198.51.100.80/32"
        for value in item["anycast"]
        if not version_of(value) or value.partition("/")[2] != {4: "32", 6: "128"}[version_of(value)]
    ]
    versions = sorted(set(map(version_of, item["anycast"])) - {0})
    if len(versions) > 1:
        found.append("anycast has IPv4 and IPv6 addresses: write an instance for each")
    found += [
        f"node {node['name']} has no IPv{version} address for packets to the anycast addresses: set "
        f"{NODE_ADDRESS[version]}"
        for version in versions
        for node in list_instance_nodes(item, declared["nodes"])
        if node["name"] in order_nodes(item, declared["nodes"]) and not node_address(node, version)
    ]
    if int(item["version"]) != 2:
        found.append(
            f"anycast is set with version {item['version']}: keepalived runs an instance without a VIP in VRRP version "
            "2 only; set version: 2"
        )
    if item["virtual_ipaddress"]:
        found.append(
            "anycast and virtual_ipaddress are both set: all nodes have the first at the same time, and one node has "
            "the second; write an instance for each"
        )
    if not declared["second_chance"] and "lossy_anycast" not in declared["accepted"]:
        found.append(
            "anycast is set without the second chance: whenever a node leaves or comes back, routers send packets of "
            "connections to nodes that do not know them, and these connections break. Set keepalived_second_chance to "
            "true and keepalived_firewall_min_ttl to 255, or keepalived_accept_lossy_anycast to true"
        )
    return found


def _families(item: Instance, nodes: list[Node]) -> list[str]:
    nodes = list_instance_nodes(item, nodes)
    version = find_family(item, nodes)
    if {version_of(address["address"]) for address in item["virtual_ipaddress"]} >= {4, 6}:
        return [
            "virtual_ipaddress has IPv4 and IPv6 addresses: adverts carry addresses of one version only; "
            "write an instance for each and name both in keepalived_sync_groups, so that they move together"
        ]
    found = [
        (
            f"node {node['name']} has no IPv{version} address for the adverts of IPv{version} addresses: set "
            f"{NODE_ADDRESS[version]}"
        )
        for node in nodes
        if node["name"] in order_nodes(item, nodes) and version_of(node["address"]) and not node_address(node, version)
    ]
    if version == 6 and int(item["version"]) == 2:
        found.append("version is 2: VRRP version 2 has no IPv6 addresses; use version 3")
    return found


def _advert(item: Instance, timing: Timing) -> list[str]:
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


def _authentication(item: Instance) -> list[str]:
    secret = str(item["auth_pass"])
    if not secret:
        return []
    if int(item["version"]) != 2:
        return [
            (
                f"auth_pass is set with version {item['version']}: only VRRP version 2 has authentication; the "
                "firewall guards version 3"
            )
        ]
    length = len(secret.encode())
    if length > 8:
        return [f"auth_pass has {length} bytes: VRRP sends the first 8 only, so use at most 8 letters and digits"]
    if set('"\\') & set(secret):
        return ["auth_pass has a quotation mark or a backslash, which keepalived cannot read"]
    return (
        ["auth_pass is a closing brace alone, which ends the block in spite of quotation marks"]
        if secret == "}"
        else []
    )


def _has_effect(item: Instance, declared: dict[str, Any]) -> bool:
    """Return whether something happens when the state of the instance changes."""
    tellers = [item, *(group for group in declared["sync_groups"] if item["name"] in group["instances"])]
    everywhere = any(str(line).split()[:1] in FOLLOWERS for line in declared["global_lines"])
    return (
        everywhere
        or any(item[kind] for kind in EFFECTS)
        or any(teller.get(word) for teller in tellers for word in TOLD)
    )


def _check_all_instances(declared: dict[str, Any], known: set[str]) -> list[str]:
    """Rules between instances."""
    nodes, instances = declared["nodes"], declared["instances"]
    ids = [f"{item['virtual_router_id']} ({item['interface']}, IPv{find_family(item, nodes)})" for item in instances]
    found = find_repeated("keepalived_instances", "virtual_router_id on an interface", ids)
    addresses = [
        canonical(address.split("/")[0])
        for item in instances
        for address in [
            *(address["address"] for address in item["virtual_ipaddress"]),
            *(line.split()[0] for line in item["virtual_ipaddress_excluded"] if line.split()),
        ]
    ]
    found += find_repeated("keepalived_instances", "virtual_ipaddress", filter(None, addresses))
    anycast = [address for item in instances for address in item["anycast"]]
    found += find_repeated("keepalived_instances", "anycast address", anycast)
    found += vmac.find_repeated_names(
        [item for item in instances if declared["node"] in order_nodes(item, nodes)], nodes
    )
    if (
        declared["node"] in known
        and instances
        and not any(declared["node"] in order_nodes(item, nodes) for item in instances)
    ):
        found.append(
            f"keepalived_instances: no instance names the node {declared['node']}: keepalived would have nothing to "
            "do there"
        )
    members = [name for group in declared["sync_groups"] for name in group["instances"]]
    found += find_repeated("keepalived_sync_groups", "instance", members)
    for group in declared["sync_groups"]:
        found += [f"keepalived_sync_groups: {group['name']}: {problem}" for problem in _group(group, instances, nodes)]
    return found


def _group(group: Item, instances: list[Instance], nodes: list[Node]) -> list[str]:
    known = {item["name"]: item for item in instances}
    found = [
        f"instances has '{name}', which is not in keepalived_instances{suggestion(name, known)}"
        for name in group["instances"]
        if name not in known
    ]
    if not group["instances"]:
        found.append("instances is empty: name at least one")
    members = [known[name] for name in group["instances"] if name in known]
    same = {(tuple(assign_priorities(item, nodes).items()), bool(item["preempt"])) for item in members}
    if len(same) > 1:
        found.append(
            f"the instances {', '.join(list_names(members))} differ in nodes, priorities or preempt: they would hand "
            "the addresses back and forth; give them the same"
        )
    return found
