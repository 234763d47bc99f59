# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of an inventory group: as nodes with an address that others can reach, and with what roles have found on
them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._address import is_address, version_of

ROLES = ("haproxy", "keepalived", "nginx")
LINK_LOCAL = "fe80:"


def list_nodes(
    names: list[str], hostvars: Mapping[str, Any], port: int | None = None, address6: bool = False
) -> list[dict[str, Any]]:
    """C(name) and C(address) of every host, in the order of C(names); with C(port), that too.

    With C(address6), the host's C(cluster_address6) as well, if it has one.
    Raises ValueError, naming the host, where no address is known."""
    extra = {} if port is None else {"port": port}
    return [
        {
            "name": name,
            "address": find_address(name, hostvars[name]),
            **(_second_address(hostvars[name]) if address6 else {}),
            **extra,
        }
        for name in names
    ]


def _second_address(variables: Mapping[str, Any]) -> dict[str, str]:
    """The IPv6 address of a host that is known by an IPv4 address."""
    given = variables.get("cluster_address6")
    return {"address6": str(given)} if given else {}


def find_address(name: str, variables: Mapping[str, Any]) -> str:
    """The first that is an address: cluster_address, ansible_host, the host's name, the source of the default route of
    IPv4 or IPv6."""
    facts = variables.get("ansible_facts", {})
    routes = [facts.get(route, {}).get("address") for route in ("default_ipv4", "default_ipv6")]
    for candidate in (stated_address(name, variables), *routes):
        if candidate and is_address(candidate) and not str(candidate).startswith(LINK_LOCAL):
            return str(candidate)
    raise ValueError(f"no address is known of host {name}: set cluster_address for it, or gather its facts")


def stated_address(name: str, variables: Mapping[str, Any]) -> str:
    """The address that the inventory says; empty if it says none."""
    candidates = (variables.get("cluster_address"), variables.get("ansible_host"), name)
    return next((str(candidate) for candidate in candidates if candidate and is_address(candidate)), "")


def list_families(addresses: Iterable[str]) -> list[int]:
    """The IP versions of the addresses, in order; IPv4 where there is no address."""
    return sorted({version_of(address) for address in addresses} - {0}) or [4]


def find_hosts_without_address(names: list[str], hostvars: Mapping[str, Any]) -> list[str]:
    """The hosts for which find_address() has no answer yet."""
    return [name for name in names if not _has_address(name, hostvars[name])]


def _has_address(name: str, variables: Mapping[str, Any]) -> bool:
    try:
        return bool(find_address(name, variables))
    except ValueError:
        return False


def find_skipped_packages(names: list[str], hostvars: Mapping[str, Any]) -> dict[str, list[str]]:
    """The packages by host of the roles that have not found their daemon there, and have not tried to install it."""
    left = {
        name: [package for role in ROLES for package in _skipped_packages(role, hostvars.get(name) or {})]
        for name in names
    }
    return {name: packages for name, packages in left.items() if packages}


def _skipped_packages(role: str, variables: Mapping[str, Any]) -> list[str]:
    found, install = (variables.get(f"__{role}_{what}") or {} for what in ("found", "install"))
    left = install.get("skipped") and f"{role} installed" not in found["stdout_lines"]
    return list(variables[f"__{role}_packages"]) if left else []
