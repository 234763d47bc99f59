# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of an inventory group as nodes with an address that others can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._address import canonical, is_address

LINK_LOCAL = "fe80:"
VIPS = ("cluster_vip", "cluster_vip6", "cluster_vips", "cluster_anycast")
SERVER = re.compile(r"(\[[^\[\]]+\]|[^:]+)(?::(\d{1,5}))?")
"""Address and port of a server."""


def list_nodes(
    names: list[str], hostvars: Mapping[str, Any], port: int | None = None, address6: bool = False
) -> list[dict[str, Any]]:
    """C(name) and C(address) of every host, in the order of C(names); with C(port), that too.

    With C(address6), the host's C(cluster_address6) as well, if it has one. With C(port), what is no host of the
    inventory is parse_server()'s.
    Raises ValueError, naming the host, where no address is known."""
    return [
        parse_server(str(name), port)
        if port is not None and name not in hostvars
        else {
            "name": name,
            "address": find_address(name, hostvars[name]),
            **(_second_address(hostvars[name]) if address6 else {}),
            **({} if port is None else {"port": port}),
        }
        for name in names
    ]


def _second_address(variables: Mapping[str, Any]) -> dict[str, str]:
    """The IPv6 address of a host that is known by an IPv4 address."""
    given = variables.get("cluster_address6")
    return {"address6": str(given)} if given else {}


def find_address(name: str, variables: Mapping[str, Any]) -> str:
    """The first that is an address: cluster_address, ansible_host, the host's name, the source of the default route of
    IPv4 or IPv6, another address of its interface if that one is a VIP that the host holds, or else the only IPv4 or
    IPv6 address of a host without a default route."""
    facts = variables.get("ansible_facts", {})
    vips = {canonical(vip.partition("/")[0]) for vip in list_vips(variables)}
    found = (stated_address(name, variables), *_list_route_addresses(facts), *_list_lone_addresses(facts, vips))
    for candidate in map(str, found):
        if _is_reachable(candidate, vips):
            return candidate
    raise ValueError(f"the address of host {name} is unknown: set cluster_address for it, or gather its facts")


def _is_reachable(address: str, vips: set[str]) -> bool:
    return is_address(address) and not address.startswith(LINK_LOCAL) and canonical(address) not in vips


def _list_lone_addresses(facts: Mapping[str, Any], vips: set[str]) -> Iterator[str]:
    """The address of each version that has no other address beside it."""
    for version in ("ipv4", "ipv6"):
        found = [value for value in facts.get(f"all_{version}_addresses", []) if _is_reachable(value, vips)]
        yield from found if len(found) == 1 else ()


def list_vips(variables: Mapping[str, Any]) -> list[str]:
    """The VIPs that the inventory lists for a load balancer, with their prefixes."""
    values = [variables.get(name) for name in VIPS]
    return [str(vip) for value in values if value for vip in (value if isinstance(value, (list, tuple)) else [value])]


def _list_route_addresses(facts: Mapping[str, Any]) -> Iterator[Any]:
    """The source address of each default route, and the other addresses of its interface."""
    for version in ("ipv4", "ipv6"):
        route = facts.get(f"default_{version}", {})
        interface = facts.get(str(route.get("interface", "")).replace("-", "_"), {})
        found = interface.get(version, [])
        yield route.get("address")
        for item in [*(found if isinstance(found, list) else [found]), *interface.get(f"{version}_secondaries", [])]:
            yield item.get("address")


def stated_address(name: str, variables: Mapping[str, Any]) -> str:
    """The address that the inventory says; empty if it says none."""
    candidates = (variables.get("cluster_address"), variables.get("ansible_host"), name)
    return next((str(candidate) for candidate in candidates if candidate and is_address(candidate)), "")


def find_foreign_addresses(names: list[str], hostvars: Mapping[str, Any]) -> list[str]:
    """One line for each host whose address is that of another machine, such as one that forwards a port to it.

    A C(cluster_address) is meant so. Hosts without facts are left out."""
    return [problem for name in names for problem in _foreign_address(name, hostvars[name])]


def _foreign_address(name: str, variables: Mapping[str, Any]) -> Iterator[str]:
    facts = variables.get("ansible_facts", {})
    here = [address for key in ("all_ipv4_addresses", "all_ipv6_addresses") for address in facts.get(key, [])]
    stated = stated_address(name, variables)
    if stated and here and not variables.get("cluster_address") and canonical(stated) not in map(canonical, here):
        yield (
            f"{name}: load balancers would use its address {stated}, which is ansible_host or the host's name, and the "
            f"host does not have it; it has {', '.join(here)}: set cluster_address to the address at which load "
            "balancers reach it"
        )


def parse_server(text: str, port: int) -> dict[str, Any]:
    """The server of a backend that is known by C(ADDRESS) or C(ADDRESS:PORT); an IPv6 address with a port is in
    brackets.

    Raises ValueError for what is no address."""
    match = SERVER.fullmatch(text)
    given, number = match.groups() if match and not is_address(text) else (text, None)
    host = given[1:-1] if given[:1] == "[" and given[-1:] == "]" else given
    if not is_address(host):
        raise ValueError(
            f"cluster_servers has '{text}': an address is needed, with a port if it is not {port}, such as "
            "192.0.2.31:8080 or [2001:db8::31]:8080; names are not resolved"
        )
    return {"name": text.replace("[", "").replace("]", ""), "address": host, "port": int(number or port)}


def inspect_addresses(names: list[str], hostvars: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the hosts whose address is C(unknown) as yet, those whose address is C(unstated) in the inventory, and
    C(problems) of addresses."""
    return {
        "unknown": [name for name in names if not _has_address(name, hostvars[name])],
        "unstated": [name for name in names if not stated_address(name, hostvars[name])],
        "problems": find_foreign_addresses(names, hostvars),
    }


def _has_address(name: str, variables: Mapping[str, Any]) -> bool:
    try:
        return bool(find_address(name, variables))
    except ValueError:
        return False
