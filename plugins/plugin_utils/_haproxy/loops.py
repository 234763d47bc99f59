# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find wrong servers: HAProxy itself, which would send requests to itself until it is full, and servers that are
listed twice."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._address import canonical, is_address, unmap
from .declared import SOCKETS, Item, Sections, Variables
from .listeners import WILDCARDS, parse_ports
from .sections import find_targets, merge_binds

REMEDY = "set cluster_address of the intended host to the address at which the load balancers reach it"
ALIKE = ("cookie", "name")
"""Options that differ between otherwise equal servers."""


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    balancers = {canonical(node["address"]) for node in variables["haproxy_nodes"]}
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            for bind in merge_binds(variables, section):
                for where, server in _list_servers(kind, section, sections):
                    yield from _find_loop(where, server, bind, section["name"], balancers)
    # In plain mode, the sections are what their owner wrote for HAProxy.
    for kind in () if boolean(variables["haproxy_plain"]) else ("backend", "listen"):
        for section in sections[kind]:
            yield from _find_repeated_servers(f"haproxy_{kind}s: {section['name']}", section)


def _list_servers(kind: str, section: Item, sections: Sections) -> Iterator[tuple[str, Item]]:
    """The servers that get requests of the frontend or listen."""
    named = find_targets(section)
    for other_kind in ("backend", "listen"):
        for other in sections[other_kind]:
            if other["name"] in named or (kind == other_kind == "listen" and other["name"] == section["name"]):
                for server in other.get("servers", []):
                    yield (
                        f"haproxy_{other_kind}s: {other['name']}",
                        {**server, "port": server.get("port") or other.get("port")},
                    )


def _find_loop(where: str, server: Item, bind: Item, name: str, balancers: set[str]) -> Iterator[str]:
    address, listened = _unmap(str(server["address"]).strip("[]")), str(bind.get("address", "*"))
    if listened.startswith(SOCKETS) or not server["port"] or int(server["port"]) not in parse_ports(bind.get("port")):
        return
    at_home = (
        address in balancers or _means_itself(address)
        if listened in WILDCARDS
        else address == _unmap(listened.strip("[]"))
    )
    if at_home:
        yield (
            f"{where}: server {server['name']} is {address} port {server['port']}, where {name} of a load balancer "
            f"listens: haproxy would send requests to itself until it is full; {REMEDY}"
        )


def _unmap(address: str) -> str:
    """The canonical address, in IPv4 if it is an IPv4 address in IPv6."""
    return str(unmap(ipaddress.ip_address(address))) if is_address(address) else address


def _means_itself(address: str) -> bool:
    """Return whether every host means itself by the address: the unspecified one is that which the client asked."""
    if not is_address(address):
        return address == "localhost"
    found = ipaddress.ip_address(address)
    return found.is_loopback or found.is_unspecified


def _find_repeated_servers(where: str, section: Item) -> Iterator[str]:
    """Servers that differ in their names alone."""
    seen: dict[str, str] = {}
    for server in section.get("servers", []):
        rest: dict[str, Any] = {key: value for key, value in server.items() if key not in ALIKE}
        place = repr(sorted({**rest, "address": canonical(str(server["address"]))}.items()))
        if seen.get(place, server["name"]) != server["name"]:
            yield f"{where}: the servers {seen[place]} and {server['name']} are both {server['address']}; {REMEDY}"
        seen.setdefault(place, server["name"])
