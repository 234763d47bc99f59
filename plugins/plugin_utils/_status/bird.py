# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about addresses that all load balancers announce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .finding import Finding, Seen, join_names

JOURNAL = "see journalctl --unit bird --unit bird-announce"
ENOUGH = 100
"""Connections per node below which a hash spreads them unevenly by chance."""


def list_findings(seen: Seen, connections: Mapping[str, int]) -> Iterator[Finding]:
    """Everything that keeps a node from being announced, or from its share; C(seen) has the answers of the module
    bird_info, C(connections) counts those of clients by host."""
    for host, node in seen.items():
        if not node["running"]:
            yield Finding((host,), "bird does not run, so no router sends anybody here", "systemctl start bird")
        elif not node["answers"]:
            yield Finding((host,), "bird runs and does not answer", f"systemctl restart bird; {JOURNAL}")
        else:
            yield from _list_node_findings(host, node)
    ready = [host for host, node in seen.items() if node["announced"] == "ready"]
    if seen and not ready:
        yield Finding(
            tuple(seen),
            "no node announces its addresses as one that is well: routers have the last resort only",
            "see what the other findings say of haproxy on these nodes",
        )
    yield from _find_uneven_shares({host: connections[host] for host in ready if host in connections})


def _find_uneven_shares(connections: Mapping[str, int]) -> Iterator[Finding]:
    """Nodes that have less than half of an even share."""
    total, nodes = sum(connections.values()), len(connections)
    for host, count in connections.items():
        if total >= ENOUGH * nodes and 2 * count * nodes < total:
            yield Finding(
                (host,),
                f"the node has {count} of {total} connections, less than half of its share",
                "on the router, see that its path is as good as the others, that enough paths are allowed and that the "
                "hash is over ports as well; connections that are kept for long come slowly to a node that was away",
                harmless=True,
            )


def _list_node_findings(host: str, node: Mapping[str, Any]) -> Iterator[Finding]:
    for peer in node["peers"]:
        if peer["problem"]:
            yield Finding(
                (host,),
                f"bird: {peer['problem']}",
                "see that the router is up, and that AS numbers and password are the same on both sides",
            )
        elif peer["bfd"] is False:
            yield Finding(
                (host,),
                f"the session with {peer['address']} stands, but BFD does not find the router alive",
                "enable BFD for this neighbor on the router, or leave bgp_bfd out",
            )
    if node["standing_by"]:
        yield Finding(
            (host,),
            f"the node is drained, because {join_names(node['standing_by'])} is not 0",
            "run deploy_load_balancers.yml, which ends an interrupted move, or write 0 into the file",
            harmless=True,
        )
    elif node["unwell"]:
        yield Finding(
            (host,),
            f"the node announces the last resort only, because {join_names(node['unwell'])} is not 0",
            "systemctl start haproxy; journalctl --unit haproxy --unit keepalived-watch says why",
        )
    elif node["announced"] != "ready":
        yield Finding(
            (host,),
            "the node is well and its addresses are not announced yet",
            f"wait some seconds; if it stays so, {JOURNAL}",
            harmless=True,
        )


def count_connections(haproxy: Seen) -> dict[str, int]:
    """The connections of clients that each load balancer has."""
    return {
        host: sum(frontend.get("sessions", 0) for frontend in node.get("frontends", []))
        for host, node in haproxy.items()
    }


def describe_nodes(seen: Seen, connections: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What each node announces, its sessions, whether BFD finds the routers alive, and its connections of clients."""
    return {
        host: {
            "running": node["running"],
            "announced": node["announced"],
            "sessions": {peer["address"]: peer["established"] for peer in node["peers"]},
            "exported": {peer["address"]: peer["exported"] for peer in node["peers"]},
            "bfd": {peer["address"]: peer["bfd"] for peer in node["peers"]},
            "connections": connections.get(host, 0),
        }
        for host, node in seen.items()
    }
