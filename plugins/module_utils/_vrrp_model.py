# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived runs on one node, derived from what an inventory declares for all nodes.

The declaration is one dictionary; all items have their defaults already::

    nodes            ordered list of name, address and perhaps address6; the first is preferred
    node             the name of the node whose configuration is wanted
    timing           the words of TIMING that the profile sets
    instances        ... sync_groups, scripts, track_files, track_processes: the lists of the role's variables
    reports          names of track files that systemd or the watcher writes, by their folders
    yields           the same of those that make the node give way to another holder, and are no failure
    state_directory  the folder of the track files with which a node is told to stand by, one for each instance
    files            the further files of the set
    numbers          ... and numbers, by their variables without the prefix
    texts            further variables without their prefix, which have to be of one line each
"""

from __future__ import annotations

import ipaddress
import math
from typing import Any

from ansible_collections.evenkeel.ha_web.plugins.module_utils._second_chance import second_chance

HIGHEST_PRIORITY = 254
STEP = 10
"""Between two nodes, where there is room: with 1, jitter is larger than the difference of their skews, and decides who takes over."""
TIMING = (
    "advert_int",
    "down_timer_adverts",
    "preempt_delay",
    "garp_master_delay",
    "garp_master_repeat",
    "garp_master_refresh",
    "garp_master_refresh_repeat",
)
NOTIFY = ("notify_master", "notify_backup", "notify_fault", "notify_stop", "notify")
LOWEST_WEIGHT = -253
"""keepalived takes a file that lowers a priority by more for a FAULT."""
TRACKED = {"track_script": "scripts", "track_file": "track_files", "track_process": "track_processes"}
VERBATIM = ("virtual_ipaddress_excluded", "virtual_routes", "virtual_rules")


def model(declared: dict[str, Any]) -> dict[str, list[dict]]:
    """The blocks of one node's keepalived.conf, every key present: what the template prints.

    An instance that does not name the node is left out, and so is a group of such instances."""
    files = track_files(declared)
    tracked = {"track_script": names(declared["scripts"]), "track_file": names(files), "track_process": names(declared["track_processes"])}
    placed = [_instance(item, declared, tracked) for item in declared["instances"] if declared["node"] in order(item, declared["nodes"])]
    here = set(names(placed))
    groups = [_group(group, declared, here) for group in declared["sync_groups"] if here.intersection(group["instances"])]
    return {
        "instances": placed,
        "sync_groups": groups,
        "scripts": [_script(item) for item in declared["scripts"]],
        "track_files": files + yield_files(declared) + standby_files(declared),
        "track_processes": declared["track_processes"],
        "second_chance": second_chance(placed),
        "multicast": [{word: item[word] for word in ("interface", "virtual_router_id")} for item in placed if not item["unicast"]],
    }


def spread(addresses: list[str], nodes: list[str], address6: str = "", virtual_router_id: int = 51) -> list[dict]:
    """One instance for each address. The order of the nodes begins one further with each, so that all of them work.

    With several addresses a node takes its own back when it is well again; a minute later, so that it has settled.
    C(address6) is the IPv6 address of the first one's service; its instance has the same nodes."""
    several = {"preempt": True, "preempt_delay": 60} if len(addresses) > 1 else {}
    placed = [
        {
            "name": f"cluster_vip_{number + 1}" if number else "cluster_vip",
            "virtual_router_id": virtual_router_id + number,
            "nodes": [*nodes[first:], *nodes[:first]],
            "virtual_ipaddress": [{"address": address}],
            **several,
        }
        for number, address in enumerate(addresses)
        for first in [number % max(len(nodes), 1)]
    ]
    second = [{**placed[0], "name": "cluster_vip6", "virtual_ipaddress": [{"address": address6}]}] if address6 else []
    return placed + second


def names(items: list[dict]) -> list[str]:
    """The names of the items, in their order."""
    return [str(item["name"]) for item in items]


def track_files(declared: dict[str, Any]) -> list[dict]:
    """The files that are watched for all: those of the inventory and those that are written on the host."""
    return _reported(declared["reports"]) + declared["track_files"]


def yield_files(declared: dict[str, Any]) -> list[dict]:
    """The files with which a node gives way. How far, each instance says."""
    return _reported(declared["yields"])


def yields(instance: dict, declared: dict[str, Any]) -> list[str]:
    """The entries by which a node comes behind all others, so that it loses the address if another one holds it as well.

    None where the others would take an address away from a holder for that, at once."""
    if instance["preempt"] and not instance.get("preempt_delay"):
        return []
    ordered = priorities(instance, declared["nodes"]).values()
    weight = max(min(ordered) - max(ordered) - STEP, LOWEST_WEIGHT)
    return [f"{name} weight {weight}" for name in names(yield_files(declared))]


def standby_files(declared: dict[str, Any]) -> list[dict]:
    """The files of planned moves: other than 0, an instance's addresses go to another node. Each instance tracks its own."""
    return [
        {"name": name, "file": f"{declared['state_directory']}/{name}", "weight": 0, "init_file": 0}
        for item in declared["instances"]
        if declared["node"] in order(item, declared["nodes"])
        for name in [standby(item)]
    ]


def _reported(reports: dict[str, list[str]]) -> list[dict]:
    return [
        {"name": name, "file": f"{folder}/{name}", "weight": 0, "init_file": 0} for folder, reported in reports.items() for name in reported
    ]


def standby(instance: dict) -> str:
    """The name of the instance's file of planned moves."""
    return f"standby_{instance['name']}"


def order(instance: dict, nodes: list[dict]) -> list[str]:
    """The names of the nodes that can hold the instance's addresses, the preferred one first."""
    return list(instance.get("nodes") or names(nodes))


def after(all_names: list[str], mine: str) -> list[str]:
    """The other names, those behind mine first."""
    place = all_names.index(mine)
    return all_names[place + 1 :] + all_names[:place]


def priorities(instance: dict, nodes: list[dict]) -> dict[str, int]:
    """The priority of every node of the instance, in the order in which they take over."""
    ordered = order(instance, nodes)
    step = min(STEP, max(1, HIGHEST_PRIORITY // len(ordered)))
    given = instance.get("priorities") or range(HIGHEST_PRIORITY, HIGHEST_PRIORITY - step * len(ordered), -step)
    return {name: int(priority) for name, priority in zip(ordered, given)}


def version_of(address: str) -> int:
    """4 or 6, whatever follows the address; 0 for what is no address."""
    try:
        return ipaddress.ip_interface(address).version
    except ValueError:
        return 0


def family(instance: dict, nodes: list[dict]) -> int:
    """The IP version in which the instance's adverts are: that of its addresses, else that of the nodes."""
    addresses = [item["address"] for item in instance["virtual_ipaddress"]] or [item["address"] for item in nodes]
    return next(filter(None, map(version_of, addresses)), 4)


def node_address(node: dict, version: int) -> str:
    """The node's address of that IP version, empty if it has none."""
    return next((address for address in (node["address"], node.get("address6")) if address and version_of(address) == version), "")


def advert_int(instance: dict, timing: dict) -> float:
    """The seconds between adverts; where only the profile says it, rounded up for VRRP 2, which counts whole seconds."""
    if "advert_int" in instance:
        return float(instance["advert_int"])
    seconds = float(timing["advert_int"])
    return float(math.ceil(seconds)) if int(instance["version"]) == 2 else seconds


def tracks(instance: dict, tracked: dict[str, list[str]]) -> dict[str, list[str]]:
    """The entries of the instance's track blocks; where it names none of a kind, everything of that kind.

    Its own interface is left out, because keepalived watches that anyhow and objects to being told."""
    entries = {"track_interface": [entry for entry in instance["track_interface"] if entry != instance["interface"]]}
    return {**entries, **{kind: list(map(str, instance.get(kind, known))) for kind, known in tracked.items()}}


def _instance(item: dict, declared: dict[str, Any], tracked: dict[str, list[str]]) -> dict:
    nodes, mine = declared["nodes"], declared["node"]
    version = family(item, nodes)
    addresses = {node["name"]: node_address(node, version) for node in nodes}
    ordered = priorities(item, nodes)
    placed = [_placed(address, item["interface"]) for address in item["virtual_ipaddress"]]
    seconds = advert_int(item, declared["timing"])
    timing = {**declared["timing"], **item, "advert_int": seconds}
    if seconds != float(declared["timing"]["advert_int"]):
        timing["down_timer_adverts"] = item.get("down_timer_adverts")
    if not item["preempt"]:
        timing.pop("preempt_delay", None)
    tracking = tracks(item, tracked)
    tracking["track_file"].append(standby(item))
    # In a group, keepalived ignores the weights of the members and takes those of the group.
    if not any(item["name"] in group["instances"] for group in declared["sync_groups"]):
        tracking["track_file"] += yields(item, declared)
    source = {"unicast_src_ip": addresses[mine], "unicast_ttl": 255} if item["unicast"] else {"mcast_src_ip": addresses[mine]}
    settings = {**{word: _number(timing[word]) for word in TIMING if timing.get(word) is not None}, **source}
    blocks = {
        "authentication": ["auth_type PASS", f'auth_pass "{item["auth_pass"]}"'] if item["auth_pass"] else [],
        "unicast_peer": [addresses[name] for name in addresses if name in ordered and name != mine] if item["unicast"] else [],
        "virtual_ipaddress": [address["line"] for address in placed],
        **{word: item[word] for word in VERBATIM},
        **tracking,
    }
    return {
        **_notified(item),
        "priority": ordered[mine],
        "virtual_ipaddress": placed,
        "held": [f"{address['address']} dev {address['dev']}" for address in placed]
        + [_held(line, item["interface"]) for line in item["virtual_ipaddress_excluded"]],
        "source": addresses[mine],
        "ring": [addresses[name] for name in after(list(addresses), mine) if name in ordered],
        "settings": settings,
        "blocks": {word: lines for word, lines in blocks.items() if lines},
    }


def _group(group: dict, declared: dict[str, Any], here: set[str]) -> dict:
    members = [item for item in declared["instances"] if item["name"] in here.intersection(group["instances"])]
    blocks = {"group": [name for name in group["instances"] if name in here], "track_file": yields(members[0], declared)}
    return {**_notified(group), "blocks": {word: lines for word, lines in blocks.items() if lines}}


def _placed(address: dict, interface: str) -> dict:
    """The address with its device, and the line that says both."""
    dev = address.get("dev") or interface
    words = [address["address"], "dev", dev]
    for word in ("label", "scope"):
        words += [word, address[word]] if address.get(word) else []
    return {**address, "dev": dev, "line": " ".join([*words, *address.get("options", [])])}


def _held(line: str, interface: str) -> str:
    """What C(ip address delete) has to be told of an address that is written as keepalived writes it."""
    address, *words = line.split() or [""]
    return f"{address} dev {dict(zip(words, words[1:])).get('dev', interface)}"


def _script(item: dict) -> dict:
    """The script with its command as it stands between quotation marks."""
    command = item["script"].replace("\\", "\\\\").replace('"', '\\"')
    times = {word: _number(item[word]) for word in ("interval", "timeout")}
    return {**item, **times, "script": command}


def _notified(item: dict) -> dict:
    """The instance or group with its notify directives in one place."""
    return {**item, "notify": {word: item[word] for word in NOTIFY if item.get(word)}}


def _number(value: Any) -> int | float:
    """Without a point where it is whole, as keepalived wants it."""
    number = float(value)
    return int(number) if number.is_integer() else number
