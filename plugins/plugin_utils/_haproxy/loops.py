# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find wrong servers: HAProxy itself, which would send requests to itself until it is full, and servers that are
listed twice."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._address import canonical, is_address, unmap, version_of
from .declared import SOCKETS, Item, Sections, Variables
from .listeners import WILDCARDS, parse_ports
from .sections import find_targets, merge_binds

REMEDY = "set cluster_address of the intended host to the address at which the load balancers reach it"
REMEDY_OF_VIP = "it is a VIP or an anycast address of the load balancers; name the server's own address instead"
ALIKE = ("cookie", "name")
"""Options that differ between otherwise equal servers."""

FAMILY = re.compile("(ipv|tcp)[46]@|tcp@")
"""What may stand before an address and says what it is."""

ITSELF = ("localhost", "ip6-localhost", "ip6-loopback")
"""Names by which every host means itself."""

Place = tuple[str, range]
"""An address with its ports."""


def problems(variables: Variables, sections: Sections, held: Collection[str] = ()) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults, C(held) the addresses that keepalived can
    give to this host."""
    balancers = {canonical(node["address"]) for node in variables["haproxy_nodes"]}
    places = [
        (_bare(str(bind.get("address", "*"))), parse_ports(bind.get("port")))
        for kind in ("frontend", "listen")
        for section in sections[kind]
        for bind in merge_binds(variables, section)
    ]
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            for bind in merge_binds(variables, section):
                for where, server in _list_servers(kind, section, sections):
                    yield from _find_loop(where, server, bind, section["name"], balancers, held, places)
    # In plain mode, the sections are what their owner wrote for HAProxy.
    for kind in () if boolean(variables["haproxy_plain"]) else ("backend", "listen"):
        for section in sections[kind]:
            yield from _find_repeated_servers(f"haproxy_{kind}s: {section['name']}", section)


def _list_servers(kind: str, section: Item, sections: Sections) -> Iterator[tuple[str, Item]]:
    """The servers and server templates that get requests of the frontend or listen, each with its C(kind)."""
    named = find_targets(section)
    for other_kind in ("backend", "listen"):
        for other in sections[other_kind]:
            if other["name"] in named or (kind == other_kind == "listen" and other["name"] == section["name"]):
                named_servers = [(f"server {server['name']}", server) for server in other.get("servers", [])]
                named_servers += [
                    (f"server template {template['prefix']}", template)
                    for template in other.get("server_templates", [])
                ]
                for what, server in named_servers:
                    yield (
                        f"haproxy_{other_kind}s: {other['name']}: {what}",
                        {**server, "port": server.get("port") or other.get("port")},
                    )


def _find_loop(
    where: str,
    server: Item,
    bind: Item,
    name: str,
    balancers: Collection[str],
    held: Collection[str],
    places: Iterable[Place],
) -> Iterator[str]:
    """C(places) are those of all binds: of a wildcard and one address, the kernel chooses the address."""
    address, listened = _bare(str(server["address"])), str(bind.get("address", "*"))
    listened_ports = parse_ports(bind.get("port"))
    # Without one, a server has the port of the client's connection.
    port = int(server["port"] or next(iter(listened_ports), 0))
    if listened.startswith(SOCKETS) or port not in listened_ports or (address in WILDCARDS and not server["port"]):
        return
    is_held = address in held
    if _bare(listened) not in WILDCARDS:
        at_home = address == _bare(listened)
    elif any(address == place and port in ports for place, ports in places):
        at_home = address in WILDCARDS
    else:
        at_home = address in balancers or _means_itself(address) or (is_held and _hears(bind, version_of(address)))
    if at_home:
        yield (
            f"{where} is {address} port {port}, where {name} of a load balancer listens: haproxy would send "
            f"requests to itself until it is full; {REMEDY_OF_VIP if is_held else REMEDY}"
        )


def list_held(instances: Iterable[Any], virtual_servers: Iterable[Any], node: str) -> set[str]:
    """The addresses that instances of keepalived can give to the node, without those whose connections the kernel hands
    on (IPVS). What is no instance or address is left to the role keepalived."""
    found = [text for item in instances if isinstance(item, dict) for text in _list_texts(item, node)]
    passed_on = {_bare(str(item.get("address", ""))) for item in virtual_servers if isinstance(item, dict)}
    return {_bare(text.partition("/")[0]) for text in found} - passed_on - {""}


def _list_texts(instance: Item, node: str) -> Iterator[str]:
    """The addresses of an instance that the node can hold, as they are written."""
    if instance.get("state") == "absent" or node not in (instance.get("nodes") or [node]):
        return
    for key in ("virtual_ipaddress", "virtual_ipaddress_excluded", "anycast"):
        values = instance.get(key)
        for value in values if isinstance(values, list) else []:
            text = value.get("address") if isinstance(value, dict) else value
            yield str(text or "").partition(" ")[0]


def _hears(bind: Item, version: int) -> bool:
    """Return whether a wildcard gets connections to every address of the IP version, whatever the interface."""
    words = " ".join(bind.get("options", [])).split()
    if "interface" in words or "namespace" in words:
        return False
    address = str(bind.get("address", "*"))
    if _bare(address) != "::":
        return version == (6 if "6@" in address else 4)
    return version == 6 or "v6only" not in words


def _bare(address: str) -> str:
    """The canonical address, without brackets and what says its IP version."""
    return _unmap(FAMILY.sub("", address, count=1).strip("[]"))


def _unmap(address: str) -> str:
    """The canonical address, in IPv4 if it is an IPv4 address in IPv6."""
    return str(unmap(ipaddress.ip_address(address))) if is_address(address) else address


def _means_itself(address: str) -> bool:
    """Return whether every host means itself by the address: the unspecified one is that which the client asked."""
    if not is_address(address):
        return address.lower() in ITSELF
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
