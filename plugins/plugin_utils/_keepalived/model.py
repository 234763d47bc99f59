# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""keepalived's configuration on one node, derived from the declaration for all nodes.

The declaration is one dictionary; all items have their defaults already::

    nodes            ordered list of name, address and perhaps address6; the first is preferred
    node             the name of the node whose configuration is wanted
    timing           the words of TIMING that the profile sets
    instances        ... sync_groups, scripts, track_files, track_processes: the lists of the role's variables
    reports          names of track files that systemd or the watcher writes, by their folders
    yields           the same of those that make the node give way to another holder, and are no failure
    busy             the same of those that say that the answers to a watched URL are late
    state_directory  the folder of the track files with which a node is told to stand by, one for each instance
    files            the further files of the set
    watch_defaults   what the watched ones are merged over
    urls             what the watcher asks, each with name and url: {watched, yield}
    numbers          ... and numbers, by their variables without the prefix
    left_out         the names of the role's additions that plain mode leaves out
    texts            further variables without their prefix, which have to be of one line each
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._keepalived.paths import ASK, STATE
from . import virtual_servers, vmac
from .declared import File, Instance, Item
from .instance import (
    advert_int,
    assign_priorities,
    find_address_owner,
    find_device,
    find_family,
    find_served_family,
    list_instance_nodes,
    list_names,
    list_track_files,
    list_tracks,
    list_yield_entries,
    list_yield_files,
    node_address,
    order_nodes,
    rotate_after,
    standby_file,
)
from .second_chance import build_second_chance
from .tracking import list_unweighted_tracks

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
ASK_TIMEOUT = 60
"""Seconds that keepalived gives the script ASK: what it has to end counts as failed, and a busy host is late in running
it."""
VERBATIM = ("virtual_ipaddress_excluded", "virtual_routes", "virtual_rules")


def build_blocks(declared: dict[str, Any]) -> dict[str, Any]:
    """The blocks of one node's keepalived.conf, every key present: what the template prints.

    An instance that does not name the node is left out, and so is a group of such instances."""
    placed = [
        _build_instance(item, declared)
        for item in declared["instances"]
        if declared["node"] in order_nodes(item, declared["nodes"])
    ]
    here = set(list_names(placed))
    groups = [
        _build_group(group, declared, here)
        for group in declared["sync_groups"]
        if here.intersection(group["instances"])
    ]
    return {
        "instances": placed,
        "sync_groups": groups,
        "scripts": [_build_script(item) for item in declared["scripts"]],
        "track_files": list_track_files(declared) + list_yield_files(declared) + _standby_files(declared),
        "track_processes": declared["track_processes"],
        "virtual_servers": virtual_servers.build(declared["virtual_servers"]),
        "second_chance": build_second_chance(placed),
        "multicast": [
            {word: item[word] for word in ("interface", "virtual_router_id")} for item in placed if not item["unicast"]
        ],
    }


def _standby_files(declared: dict[str, Any]) -> list[File]:
    """The files of planned moves: other than 0, an instance's addresses go to another node. Each instance tracks its
    own."""
    return [
        {"name": name, "file": f"{declared['state_directory']}/{name}", "weight": 0, "init_file": 0}
        for item in declared["instances"]
        if declared["node"] in order_nodes(item, declared["nodes"])
        for name in [standby_file(item)]
    ]


def _build_instance(item: Instance, declared: dict[str, Any]) -> Item:
    nodes, mine = list_instance_nodes(item, declared["nodes"]), declared["node"]
    version = find_family(item, nodes)
    addresses = {node["name"]: node_address(node, version) for node in nodes}
    places = {node["name"]: node_address(node, find_served_family(item, nodes)) for node in nodes}
    ordered = assign_priorities(item, nodes)
    placed = [_place_address(address, item["interface"]) for address in item["virtual_ipaddress"]]
    owner = find_address_owner(item, declared["nodes"]) == mine
    settings = {**_build_timing(item, declared), **_build_source(item, declared, addresses[mine])}
    blocks = {
        "authentication": ["auth_type PASS", f'auth_pass "{item["auth_pass"]}"'] if item["auth_pass"] else [],
        "unicast_peer": [addresses[name] for name in addresses if name in ordered and name != mine]
        if item["unicast"]
        else [],
        "virtual_ipaddress": [address["line"] for address in placed],
        **{word: item[word] for word in VERBATIM},
        **_build_tracking(item, declared, owner),
    }
    written = _first_words(item["lines"])
    head = {
        "state": "BACKUP",
        "interface": item["interface"],
        **vmac.list_directives(item, declared["nodes"]),
        "virtual_router_id": item["virtual_router_id"],
        "version": item["version"],
        "priority": ordered[mine],
        **({} if item["preempt"] or owner else {"nopreempt": ""}),
        **({"smtp_alert": str(boolean(item["smtp_alert"])).lower()} if "smtp_alert" in item else {}),
    }
    return {
        **_collect_notifies(item),
        "head": [f"{word} {value}".rstrip() for word, value in head.items() if word not in written],
        "priority": ordered[mine],
        "virtual_ipaddress": placed,
        "held": [
            _format_held_address(line, item["interface"], vmac.find_vmac_interface(item, declared["nodes"]))
            for line in [*(address["line"] for address in placed), *item["virtual_ipaddress_excluded"]]
        ],
        "source": places[mine],
        "ring": [places[name] for name in rotate_after(list(places), mine) if name in ordered],
        "settings": {word: value for word, value in settings.items() if word not in written},
        "blocks": {word: lines for word, lines in blocks.items() if lines},
    }


def _build_timing(item: Instance, declared: dict[str, Any]) -> Item:
    """The settings of time. An interval of the instance's own has no use for the profile's number of adverts."""
    seconds = advert_int(item, declared["timing"])
    timing = {**declared["timing"], **item, "advert_int": seconds}
    if seconds != float(declared["timing"]["advert_int"]):
        timing["down_timer_adverts"] = item.get("down_timer_adverts")
    if not item["preempt"]:
        timing.pop("preempt_delay", None)
    return {word: _trim_number(timing[word]) for word in TIMING if timing.get(word) is not None}


def _build_source(item: Instance, declared: dict[str, Any], address: str) -> Item:
    """The settings of the address from which the adverts come."""
    sources = "sources" not in declared["left_out"]
    if item["unicast"]:
        return {"unicast_src_ip": address, **({"unicast_ttl": 255} if sources else {})}
    return {"mcast_src_ip": address} if sources else {}


def _build_tracking(item: Instance, declared: dict[str, Any], owner: bool) -> dict[str, list[str]]:
    """The blocks of what the instance tracks. What an address owner tracks has no weight."""
    tracking = list_unweighted_tracks(item, declared) if owner else list_tracks(item, declared)
    tracking["track_file"].append(standby_file(item))
    # In a group, keepalived ignores the weights of the members and takes those of the group.
    if not owner and not any(item["name"] in group["instances"] for group in declared["sync_groups"]):
        tracking["track_file"] += list_yield_entries(item, declared)
    return tracking


def _first_words(lines: list[str]) -> set[str]:
    """The settings that the inventory writes itself, instead of the role. keepalived joins blocks that stand twice."""
    found, depth = set(), 0
    for line in lines:
        if not depth and line.split():
            found.add(line.split()[0])
        depth += line.count("{") - line.count("}")
    return found


def _build_group(group: Item, declared: dict[str, Any], here: set[str]) -> Item:
    members = [item for item in declared["instances"] if item["name"] in here.intersection(group["instances"])]
    owner = find_address_owner(members[0], declared["nodes"]) == declared["node"]
    blocks = {
        "group": [name for name in group["instances"] if name in here],
        "track_file": [] if owner else list_yield_entries(members[0], declared),
    }
    return {**_collect_notifies(group), "blocks": {word: lines for word, lines in blocks.items() if lines}}


def _place_address(address: Item, interface: str) -> Item:
    """The address with its device, and the line that says both."""
    dev = find_device(address, interface)
    words = [address["address"], "dev", dev]
    for word in ("label", "scope"):
        words += [word, address[word]] if address.get(word) else []
    return {**address, "dev": dev, "line": " ".join([*words, *address.get("options", [])])}


def _format_held_address(line: str, interface: str, vmac_interface: str) -> str:
    """Convert an address in keepalived's syntax to the arguments of C(ip address delete). An address on the instance's
    interface is on that of its virtual MAC address."""
    address, *words = line.split() or [""]
    device = dict(zip(words, words[1:])).get("dev", interface)
    return f"{address} dev {(vmac_interface or device) if device == interface else device}"


def _build_script(item: Item) -> Item:
    """The script with its command as it stands between quotation marks.

    What asks a URL keeps the time itself and needs to see other processes."""
    times: dict[str, Any] = {word: _trim_number(item[word]) for word in ("interval", "timeout") if word in item}
    if item["url"]:
        verdict = f"{STATE}/{quote(item['name'], safe='')}.verdict"
        command = f"{ASK} {verdict} {item['url']} {times.get('timeout', 1) / 2:g}"
        return {**item, **times, "timeout": ASK_TIMEOUT, "user": "root", "script": command}
    return {**item, **times, "script": item["script"].replace("\\", "\\\\").replace('"', '\\"')}


def _collect_notifies(item: Item) -> Item:
    """The instance or group with its notify directives in one place."""
    return {**item, "notify": {word: item[word] for word in NOTIFY if item.get(word)}}


def _trim_number(value: Any) -> int | float:
    """Without a point where it is whole, as keepalived wants it."""
    number = float(value)
    return int(number) if number.is_integer() else number
