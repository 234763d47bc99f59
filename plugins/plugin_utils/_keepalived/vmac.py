# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual MAC address of an instance: the interface of keepalived that has it, its directives, and what cannot work
together with it."""

from __future__ import annotations

import re
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._keepalived.shapes import read_vmac_name
from .._input.rules import find_repeated
from .declared import Instance, Node
from .instance import find_family, list_instance_nodes, order_nodes

WORDS = ("vmac_name", "vmac_addr", "vmac_xmit_base")
"""Settings that need use_vmac."""

NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")
LINK_ADDRESS = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}", re.IGNORECASE)
"""A MAC address that is no multicast one."""

PREFIX = {4: "vrrp", 6: "vrrp6"}
"""How keepalived begins the names of its interfaces, by the IP version of the adverts."""


def find_vmac_interface(item: Instance, nodes: list[Node]) -> str:
    """The interface with the virtual MAC address; empty if the instance has none. It may be written in the lines."""
    written = [line.split()[1:] for line in item["lines"] if line.split()[:1] == ["use_vmac"]]
    if not written and not boolean(item["use_vmac"]):
        return ""
    name = read_vmac_name(written[-1]) if written else item["vmac_name"]
    return name or default_name(find_family(item, list_instance_nodes(item, nodes)), item["virtual_router_id"])


def default_name(version: int, virtual_router_id: object) -> str:
    """The name that keepalived gives the interface, by the IP version of the adverts."""
    return f"{PREFIX[version]}.{virtual_router_id}"


def list_directives(item: Instance, nodes: list[Node]) -> dict[str, str]:
    """The directives of the instance by their words."""
    if not boolean(item["use_vmac"]):
        return {}
    words = [find_vmac_interface(item, nodes), item["vmac_addr"]]
    base = {"vmac_xmit_base": ""} if boolean(item.get("vmac_xmit_base", item["unicast"])) else {}
    return {"use_vmac": " ".join(filter(None, words)), **base}


def problems(item: Instance, declared: dict[str, Any]) -> list[str]:
    """One line for every setting that keepalived would ignore, or with which packets would reach the wrong node."""
    if not find_vmac_interface(item, declared["nodes"]):
        return [f"{word} is set and use_vmac is not: set use_vmac to true" for word in WORDS if item.get(word)]
    found = []
    name, address = item["vmac_name"], item["vmac_addr"]
    if name and not NAME.fullmatch(name):
        found.append(f"vmac_name is '{name}': at most 15 letters, digits and any of _.- are needed, such as vrrp.51")
    if name and name == item["interface"]:
        found.append(f"vmac_name is '{name}', the interface of the instance: choose another, such as vrrp.51")
    if address and not LINK_ADDRESS.fullmatch(address):
        found.append(f"vmac_addr is '{address}': a MAC address of one host is needed, such as 00:00:5e:00:01:33")
    if boolean(item["unicast"]) and not boolean(item.get("vmac_xmit_base", True)):
        found.append(
            "vmac_xmit_base is false with unicast true: keepalived sends unicast adverts from the interface itself "
            "only; leave it out, or set unicast to false"
        )
    if item["anycast"]:
        found.append("use_vmac is set with anycast addresses, which all nodes have at the same time: leave it out")
    elif declared["second_chance"] and len(order_nodes(item, declared["nodes"])) > 1:
        found.append(
            "use_vmac is set with the second chance: all nodes would take packets that a switch sends to every port, "
            "because all of them have the MAC address and, for the second chance, the VIP; set "
            "keepalived_second_chance to false"
        )
    return found


def find_repeated_names(instances: list[Instance], nodes: list[Node]) -> list[str]:
    """A problem for every interface that two instances on the same node would create."""
    names = [find_vmac_interface(item, nodes) for item in instances]
    return find_repeated("keepalived_instances", "vmac_name", filter(None, names))
