# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find addresses that the host does not have, and a place of the host at which no site listens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._address import bracket, canonical, is_address, version_of
from .._input.interfaces import Facts, interface_facts, list_addresses, list_interfaces
from .model import normalize_listen

OTHER_LISTENS = re.compile(r"\s*(include|listen|server|stream)\b")
"""Lines of the inventory with which nginx may listen elsewhere as well."""

ALL = ("all_ipv4_addresses", "all_ipv6_addresses")
Place = tuple[str, str]
"""An address, or C(*) or C(::) for all, and a port."""


def find_problems(declared: Mapping[str, Any], facts: Facts, reached: str) -> Iterator[str]:
    """C(reached) is the address at whose port 80 the load balancers ask this host, empty if that is not known."""
    places = [
        (site["name"], listen, place)
        for site in declared["sites"]
        for listen in map(str, site["listens"])
        for place in _find_places(listen)
    ]
    if declared["runtime"] == "container" and declared["container_ports"]:
        return  # It has a network of its own.
    if not boolean(declared["accept_absent_addresses"]):
        yield from _find_absent_addresses(places, facts)
    if reached and places and not _listens_elsewhere(declared):
        yield from _find_unreached(places, reached)


def _find_places(listen: str) -> Iterator[Place]:
    """The place of a listen in TCP; none for a socket, a name, a variable and several ports."""
    host, _colon, port = normalize_listen(listen).rpartition(":")
    host = host.strip("[]").partition("%")[0]
    if port.isdigit() and (host == "*" or is_address(host)):
        yield canonical(host), port


def _find_absent_addresses(places: list[tuple[str, str, Place]], facts: Facts) -> Iterator[str]:
    known = [address for key in ALL for address in facts.get(key, [])]
    known += [address for name in list_interfaces(facts) for address in list_addresses(interface_facts(name, facts))]
    here = set(map(canonical, known))
    for name, listen, (host, _port) in places:
        if here and host not in {*here, "*", "::", "::1", "0.0.0.0"} and not host.startswith("127."):
            yield (
                f"nginx_sites: {name}: listen '{listen}' is at an address that this host does not have, so nginx would "
                f"not start; it has {', '.join(sorted(here))}: write one of them, or the port alone for all. If the "
                "kernel lets programs listen at addresses that come later (net.ipv4.ip_nonlocal_bind), set "
                "nginx_accept_absent_addresses to true"
            )


def _listens_elsewhere(declared: Mapping[str, Any]) -> bool:
    """Return whether nginx may listen at places that are not in the listens of sites."""
    lines = [*declared["main_lines"], *declared["http_lines"]]
    lines += [line for site in declared["sites"] for line in site["lines"]]
    return any(OTHER_LISTENS.match(str(line)) for line in lines)


def _find_unreached(places: list[tuple[str, str, Place]], reached: str) -> Iterator[str]:
    everywhere, all_of_version = ("*", "'80'") if version_of(reached) == 4 else ("::", "'[::]:80'")
    heard = [
        port
        for _name, listen, (host, port) in places
        if host in (everywhere, canonical(reached)) or (host == "::" and "ipv6only=off" in listen.split())
    ]
    if "80" not in heard:
        listens = ", ".join(dict.fromkeys(f"'{listen}'" for _name, listen, _place in places))
        yield (
            f"nginx_sites: load balancers ask this host at {bracket(reached)}:80, and no site listens there; the "
            f"listens are {listens}: add the listen {all_of_version} to a site, or name the servers with their ports "
            "in haproxy_backends"
        )
