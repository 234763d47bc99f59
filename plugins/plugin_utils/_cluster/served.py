# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find VIPs at which haproxy does not listen."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...module_utils._address import canonical, is_address, version_of
from .._haproxy.declared import SOCKETS
from .._haproxy.listeners import WILDCARDS

BIND = re.compile(r"\s*bind\s+(\S+)(.*)")
ADDRESS = re.compile(r"(?:(?:ipv|quic)([46])@)?\[?([0-9A-Fa-f.:*]*?)\]?:\d+(?:-\d+)?")
REMEDY = {
    4: "{port: 80}, because '*' stands for all IPv4 addresses",
    6: "{address: '::', port: 80, options: [v6only]}, because '*' stands for all IPv4 addresses only",
}
"""A bind for all addresses of a version."""


def find_unserved_vips(
    instances: Iterable[Mapping[str, Any]],
    proxies: Iterable[Mapping[str, Any]],
    virtual_servers: Iterable[Mapping[str, Any]] = (),
) -> list[str]:
    """One line for each VIP at which no frontend and no listen has a bind.

    C(instances) and C(proxies) are those of the plans of both roles; addresses of keepalived's C(virtual_servers) need
    no haproxy. Nothing is said where haproxy listens nowhere, or at an address that only the host knows, such as a name
    or an environment variable."""
    lines = [line for proxy in proxies for line in (*(f"bind {bind}" for bind in proxy["binds"]), *proxy["lines"])]
    found = [
        (word, bind.group(2).split()) for bind in map(BIND.match, lines) if bind for word in bind.group(1).split(",")
    ]
    if not found or not all(ADDRESS.fullmatch(word) or word.startswith(SOCKETS) for word, _options in found):
        return []
    wildcards = {version for word, options in found for version in _list_versions(word, options)}
    addresses = {address for word, _options in found for address in _list_addresses(word)}
    handed_on = {canonical(str(item.get("address", ""))) for item in virtual_servers}
    return [
        f"keepalived_instances: {instance['name']}: {_describe(address, addresses, [word for word, _options in found])}"
        for instance in instances
        for address in [*(item["address"] for item in instance["virtual_ipaddress"]), *instance["anycast"]]
        if version_of(address) not in wildcards and canonical(address.partition("/")[0]) not in {*addresses, *handed_on}
    ]


def _describe(address: str, addresses: Iterable[str], words: Iterable[str]) -> str:
    version = version_of(address)
    if version in map(version_of, addresses):
        bare = address.partition("/")[0]
        missing = f"is at that address; they are at {', '.join(dict.fromkeys(words))}"
        remedy = f"{{address: '{bare}', port: 80}}, or one without address"
    else:
        missing, remedy = f"is for IPv{version}", REMEDY[version]
    return (
        f"it has the address {address}, and no bind of haproxy_frontends or haproxy_listens {missing}. Nobody would "
        f"answer there: add the bind {remedy}. If another program serves it, set keepalived_accept_unserved_vips to "
        "true"
    )


def _list_versions(word: str, options: list[str]) -> Iterator[int]:
    """The IP versions of clients that a bind lets in, whatever the address; none for a socket and for one address."""
    found = ADDRESS.fullmatch(word)
    if not found or found.group(2) not in WILDCARDS:
        return
    if found.group(2) == "::" or found.group(1) == "6":
        yield from (6,) if "v6only" in options else (4, 6)
    else:
        yield 4


def _list_addresses(word: str) -> Iterator[str]:
    """The address of a bind that others can reach, if it is one."""
    found = ADDRESS.fullmatch(word)
    if found and is_address(found.group(2)) and found.group(2) not in WILDCARDS:
        address = ipaddress.ip_address(found.group(2))
        yield from () if address.is_loopback else (str(address),)
