# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forwarding of packets between nodes, so that connections survive a move of their address
(docs/explanation/lossless.md).

A node that holds an address gets packets of connections which its peers have accepted before. It passes such a packet
on to the next peer in the ring; the last one of them answers with a reset."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

HOPS = 62
"""Maximum number of times that a packet is forwarded: the six bits of its DSCP hold the count."""


def build_second_chance(instances: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Build the settings of one node for the instances that it can hold together with others, each with C(held),
    C(source) and C(ring).

    C(addresses) and C(interfaces) are where those addresses live on the host, C(heartbeats) says who is told that this
    node is well. C(tables) has the address families of nftables with their C(peers) and C(services); a service is an
    instance's addresses and ring."""
    services = [
        service
        for instance in instances
        for service in [_build_service(instance)]
        if service["addresses"] and service["peers"]
    ]
    families = {name: [service for service in services if service["family"] == name] for name in ("ip", "ip6")}
    addresses = [address for service in services for address in service["addresses"]]
    return {
        "addresses": [f"{address}/{ipaddress.ip_address(address).max_prefixlen}" for address in addresses],
        "interfaces": _unique(interface for service in services for interface in service["interfaces"]),
        "heartbeats": [
            {
                "source": source,
                "peers": _unique(
                    peer for service in services if service["source"] == source for peer in service["peers"]
                ),
            }
            for source in _unique(service["source"] for service in services)
        ],
        "tables": [
            {
                "family": family,
                "peers": _unique(peer for service in found for peer in service["peers"]),
                "services": found,
            }
            for family, found in families.items()
            if found
        ],
    }


def _build_service(instance: dict[str, Any]) -> dict[str, Any]:
    """The instance's addresses that are on interfaces of the segment or that all nodes have, and the peers in the order
    in which they are tried."""
    placed = [(bare_address(words[0]), words[2]) for words in map(str.split, instance["held"]) if words[2] != "lo"]
    return {
        "name": instance["name"],
        "family": "ip6" if ":" in instance["source"] else "ip",
        "source": instance["source"],
        "addresses": [*(address for address, _interface in placed), *map(bare_address, instance["anycast"])],
        "interfaces": [interface for _address, interface in placed] or [instance["interface"]],
        "peers": instance["ring"],
        "hops": min(len(instance["ring"]), HOPS),
    }


def bare_address(value: str) -> str:
    """The address without its prefix."""
    return value.partition("/")[0]


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
