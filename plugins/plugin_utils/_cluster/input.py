# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find invalid values in the playbooks' variables of all hosts of a cluster. Each problem is one line with host,
variable and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._address import canonical, is_address
from .._input.text import find_unprintable
from .._input.values import Option, find_type_problems
from .nodes import stated_address

ADDRESSES: dict[str, Option] = {"cluster_address": {"type": "str"}, "cluster_address6": {"type": "str"}}
"""Variables of every host."""

OPTIONS: dict[str, Option] = {
    "check_cluster_certificate_days": {"type": "int"},
    "cluster_move_interval": {"type": "float"},
    "cluster_vip": {"type": "str"},
    "cluster_vip6": {"type": "str"},
    "cluster_vips": {"type": "list", "elements": "str"},
}
"""Variables of load balancers."""

VIPS = ("cluster_vip", "cluster_vip6", "cluster_vips")


def problems(load_balancers: list[str], web_servers: list[str], hostvars: Mapping[str, Any]) -> list[str]:
    """One line for each problem; what several hosts have in common is told of the first."""
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for host in dict.fromkeys([*load_balancers, *web_servers]):
        variables = hostvars[host]
        owners.setdefault(canonical(stated_address(host, variables)), host)
        names = [*ADDRESSES, *(OPTIONS if host in load_balancers else ())]
        for problem in _host_problems({name: variables[name] for name in names if name in variables}):
            found.setdefault(problem, host)
    return [f"{host}: {problem}" for problem, host in found.items()] or list(
        _find_taken_vips(load_balancers, hostvars, owners)
    )


def _find_taken_vips(load_balancers: list[str], hostvars: Mapping[str, Any], owners: dict[str, str]) -> Iterator[str]:
    """VIPs that are a host's own address, which it would lose as soon as keepalived stops."""
    for name in VIPS:
        for value in dict.fromkeys(vip for host in load_balancers for vip in _as_list(hostvars[host].get(name))):
            owner = owners.get(canonical(value.partition("/")[0])) if value else None
            if owner:
                yield f"{name}: {value} is the address of {owner}: choose an address that no host has"


def _as_list(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def _host_problems(given: dict[str, Any]) -> Iterator[str]:
    yield from find_type_problems(given, {**ADDRESSES, **OPTIONS})
    for name, value in given.items():
        yield from find_unprintable(name, value)
    for name in ADDRESSES:
        value = given.get(name)
        if isinstance(value, str) and value and not is_address(value):
            yield f"{name} is '{value}': an IPv4 or IPv6 address is needed, such as 192.0.2.11; names are not resolved"
