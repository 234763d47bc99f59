# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances of a cluster that declares its addresses only."""

from __future__ import annotations

from collections.abc import Iterable

from ...module_utils._address import version_of
from .declared import Instance


def spread_instances(
    addresses: list[str],
    nodes: list[str],
    address6: str = "",
    virtual_router_id: int = 51,
    anycast: Iterable[str] = (),
) -> list[Instance]:
    """One instance for each address. The order of the nodes begins one further with each, so that all of them work.

    With several addresses a node takes its own back when it is well again; a minute later, so that it has settled.
    C(address6) is the IPv6 address of the first one's service; its instance has the same nodes. C(anycast) are
    addresses that all nodes have; there is an instance for those of each IP version, which moves nothing."""
    several = {"preempt": True, "preempt_delay": 60} if len(addresses) > 1 else {}
    placed = [
        {
            "name": f"cluster_vip_{number + 1}" if number else "cluster_vip",
            "virtual_router_id": virtual_router_id + number,
            "nodes": [*nodes[first:], *nodes[:first]],
            "virtual_ipaddress": [{"address": address}],
            **several,
        }
        for number, address in enumerate(addresses)
        for first in [number % max(len(nodes), 1)]
    ]
    second = [{**placed[0], "name": "cluster_vip6", "virtual_ipaddress": [{"address": address6}]}] if address6 else []
    return [*placed, *second, *_build_anycast_instances(anycast, virtual_router_id + len(addresses))]


def _build_anycast_instances(anycast: Iterable[str], virtual_router_id: int) -> list[Instance]:
    """Instances without a VIP, for which keepalived needs VRRP version 2."""
    versions = {4: "cluster_anycast", 6: "cluster_anycast6"}
    found = {version: [address for address in anycast if version_of(address) == version] for version in versions}
    return [
        {"name": versions[version], "virtual_router_id": number, "version": 2, "anycast": addresses}
        for number, (version, addresses) in enumerate(found.items(), start=virtual_router_id)
        if addresses
    ]
