# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find VIPs at which haproxy does not listen."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...module_utils._address import is_address, version_of
from .._haproxy.declared import SOCKETS
from .._haproxy.listeners import WILDCARDS

BIND = re.compile(r"\s*bind\s+(\S+)(.*)")
ADDRESS = re.compile(r"(?:(?:ipv|quic)([46])@)?\[?([0-9A-Fa-f.:*]*?)\]?:\d+(?:-\d+)?")
REMEDY = {
    4: "{port: 80}, because '*' stands for all IPv4 addresses",
    6: "{address: '::', port: 80, options: [v6only]}, because '*' stands for all IPv4 addresses only",
}
"""A bind for all addresses of a version."""


def find_unserved_vips(instances: Iterable[Mapping[str, Any]], proxies: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each VIP of an IP version for which no frontend and no listen has a bind.

    C(instances) and C(proxies) are those of the plans of both roles. Nothing is said where haproxy listens nowhere, or
    at an address that only the host knows, such as a name or an environment variable."""
    lines = [line for proxy in proxies for line in (*(f"bind {bind}" for bind in proxy["binds"]), *proxy["lines"])]
    found = [
        (word, bind.group(2).split()) for bind in map(BIND.match, lines) if bind for word in bind.group(1).split(",")
    ]
    if not found or not all(ADDRESS.fullmatch(word) or word.startswith(SOCKETS) for word, _options in found):
        return []
    versions = {version for word, options in found for version in _list_versions(word, options)}
    return [
        f"{instance['name']} has the address {address}, and no bind of haproxy_frontends or haproxy_listens "
        f"is for IPv{version}, so nobody would answer there: add the bind {REMEDY[version]}"
        for instance in instances
        for address in [*(item["address"] for item in instance["virtual_ipaddress"]), *instance["anycast"]]
        if (version := version_of(address)) not in versions
    ]


def _list_versions(word: str, options: list[str]) -> Iterator[int]:
    """The IP versions of clients that the address of a bind lets in; none for a socket and for loopback."""
    found = ADDRESS.fullmatch(word)
    if not found:
        return
    host = found.group(2)
    if host not in WILDCARDS:
        yield from () if is_address(host) and ipaddress.ip_address(host).is_loopback else (version_of(host),)
    elif host == "::" or found.group(1) == "6":
        yield from (6,) if "v6only" in options else (4, 6)
    else:
        yield 4
