# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of an instance in the declaration of model.py, with defaults: possible holders and tracked objects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._address import version_of
from .declared import File, Instance, Item, Node, Timing

HIGHEST_PRIORITY = 254
ADDRESS_OWNER = 255
"""The priority of a node that keepalived takes for the owner of the addresses: weights and nopreempt have no effect
there, and keepalived -t refuses both."""
STEP = 10
"""Between two nodes, where there is room: with 1, jitter is larger than the difference of their skews, and decides who
takes over."""
LOWEST_WEIGHT = -253
"""keepalived takes a file that lowers a priority by more for a FAULT."""
TRACKED = {"track_script": "scripts", "track_file": "track_files", "track_process": "track_processes"}


def list_names(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the items, in their order."""
    return [str(item["name"]) for item in items]


def list_track_files(declared: dict[str, Any]) -> list[File]:
    """The files that are watched for all: those of the inventory and those that are written on the host."""
    own: list[File] = declared["track_files"]
    return _list_report_files(declared["reports"]) + own


def list_yield_files(declared: dict[str, Any]) -> list[File]:
    """The files with which a node gives way. How far, each instance says."""
    return _list_report_files(declared["yields"]) + _list_report_files(declared["busy"])


def _list_report_files(reports: dict[str, list[str]]) -> list[File]:
    return [
        {"name": name, "file": f"{folder}/{name}", "weight": 0, "init_file": 0}
        for folder, reported in reports.items()
        for name in reported
    ]


def list_yield_entries(instance: Instance, declared: dict[str, Any]) -> list[str]:
    """The entries by which a node comes behind all others, so that it loses the address if another one holds it as
    well.

    None where the others would take an address away from a holder for that, at once. Being busy is no reason even after
    a delay: the load follows the address, which would go back and forth."""
    if instance["preempt"] and not instance.get("preempt_delay"):
        return []
    ordered = assign_priorities(instance, declared["nodes"]).values()
    weight = max(min(ordered) - max(ordered) - STEP, LOWEST_WEIGHT)
    files = _list_report_files(declared["yields"]) if instance["preempt"] else list_yield_files(declared)
    return [f"{name} weight {weight}" for name in list_names(files)]


def standby_file(instance: Instance) -> str:
    """The name of the instance's file of planned moves."""
    return f"standby_{instance['name']}"


def order_nodes(instance: Instance, nodes: list[Node]) -> list[str]:
    """The names of the nodes that can hold the instance's addresses, the preferred one first."""
    return list(instance.get("nodes") or list_names(nodes))


def rotate_after(all_names: list[str], mine: str) -> list[str]:
    """The other names, those behind mine first."""
    place = all_names.index(mine)
    return all_names[place + 1 :] + all_names[:place]


def assign_priorities(instance: Instance, nodes: list[Node]) -> dict[str, int]:
    """The priority of every node of the instance, in the order in which they take over."""
    ordered = order_nodes(instance, nodes)
    step = min(STEP, max(1, HIGHEST_PRIORITY // len(ordered)))
    given = instance.get("priorities") or range(HIGHEST_PRIORITY, HIGHEST_PRIORITY - step * len(ordered), -step)
    return {name: int(priority) for name, priority in zip(ordered, given)}


def find_address_owner(instance: Instance, nodes: list[Node]) -> str:
    """The node that keepalived takes for the owner of the addresses; empty if there is none."""
    given = zip(order_nodes(instance, nodes), instance.get("priorities") or [])
    return next((name for name, priority in given if int(priority) == ADDRESS_OWNER), "")


def list_instance_nodes(instance: Instance, nodes: list[Node]) -> list[Node]:
    """The nodes with the addresses that they have for this instance, such as those on another interface."""
    own = instance.get("addresses") or {}
    return [{**node, "address": own[node["name"]]} if node["name"] in own else node for node in nodes]


def find_family(instance: Instance, nodes: list[Node]) -> int:
    """The IP version in which the instance's adverts are: that of its addresses, else that of the nodes."""
    addresses = [item["address"] for item in instance["virtual_ipaddress"]] or [item["address"] for item in nodes]
    return next(filter(None, map(version_of, addresses)), 4)


def find_served_family(instance: Instance, nodes: list[Node]) -> int:
    """The IP version of the instance's addresses, in which packets of their connections are passed on."""
    shared = [version_of(address) for address in instance["anycast"]]
    return shared[0] if shared else find_family(instance, nodes)


def node_address(node: Node, version: int) -> str:
    """The node's address of that IP version, empty if it has none."""
    return next(
        (address for address in (node["address"], node.get("address6")) if address and version_of(address) == version),
        "",
    )


def advert_int(instance: Instance, timing: Timing) -> float:
    """The seconds between adverts; where only the profile says it, rounded up for VRRP 2, which counts whole
    seconds."""
    if "advert_int" in instance:
        return float(instance["advert_int"])
    seconds = float(timing["advert_int"])
    return float(math.ceil(seconds)) if int(instance["version"]) == 2 else seconds


def list_devices(instance: Instance) -> list[str]:
    """The interfaces that the instance's addresses are on, each once."""
    return list(dict.fromkeys(find_device(address, instance["interface"]) for address in instance["virtual_ipaddress"]))


def find_device(address: Item, interface: str) -> str:
    """The interface that an address is on: its own, or else the instance's."""
    return address.get("dev") or interface


def list_trackable(declared: dict[str, Any]) -> dict[str, list[str]]:
    """The names of what is declared to be tracked, by the kinds of TRACKED."""
    declared = {**declared, "track_files": list_track_files(declared)}
    return {kind: list_names(declared[variable]) for kind, variable in TRACKED.items()}


def list_tracks(instance: Instance, declared: dict[str, Any]) -> dict[str, list[str]]:
    """The entries of the instance's track blocks; where it names none of a kind, everything of that kind.

    Its own interface is left out, because keepalived watches that anyhow and objects to being told."""
    known = {"track_interface": list_devices(instance), **list_trackable(declared)}
    if "tracking" in declared["left_out"]:
        known = {kind: [] for kind in known}
    entries = {kind: list(map(str, instance.get(kind, those))) for kind, those in known.items()}
    return {
        **entries,
        "track_interface": [entry for entry in entries["track_interface"] if entry != instance["interface"]],
    }
