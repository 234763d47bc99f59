# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role bird to what its templates print."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._address import version_of
from .._input.plan import make_plan
from .._input.releases import find_releases, has_feature
from .problems import problems

PREFERENCES = {"ready": 230, "drain": 220, "last_resort": 210}
"""BIRD exports the route with the highest preference of those that are there."""
GRACEFUL_SHUTDOWN = "65535:0"
"""RFC 8326: routers prefer every other route."""


def plan(
    variables: dict[str, Any], base: dict[str, Any], options: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return C(problems) and C(model). C(base) has what peers are merged over, and paths."""
    return make_plan(
        "bird",
        variables,
        base,
        options,
        facts,
        lambda reduced, merged: declare(reduced, merged, facts),
        lambda declared: problems(declared, facts),
        build_model,
    )


def declare(variables: Mapping[str, Any], base: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The variables without their prefix. Every peer has its defaults, and the router id is known where it can be."""
    given = {name.removeprefix("bird_"): value for name, value in variables.items()}
    peers = [{**base["peer"], **given["peer_defaults"], **peer} for peer in given["peers"]]
    return {
        **given,
        "peers": peers,
        "router_id": given["router_id"] or _find_router_id(facts),
        "names_authentication": has_feature(
            find_releases(facts, declared={"bird": given["version"]}), "names_authentication"
        ),
    }


def _find_router_id(facts: Mapping[str, Any]) -> str:
    """The IPv4 address of the default route, else the first of the host; empty if it has none."""
    first = [*facts.get("all_ipv4_addresses", []), ""][0]
    return str(facts.get("default_ipv4", {}).get("address") or first)


def build_model(declared: dict[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the templates print, and the settings of the role's own program."""
    families = [version for version in (4, 6) if _list_routes(declared, version)]
    statics = [_build_static(kind, version, declared) for version in families for kind in PREFERENCES]
    return {
        "router_id": declared["router_id"],
        "bfd": _build_bfd(declared),
        "statics": statics,
        "peers": [_build_peer(peer, declared) for peer in declared["peers"]],
        "lines": declared["lines"],
        "confined": boolean(declared["confined"]),
        "firewall": boolean(declared["firewall"]),
        "guards": _build_guards(declared),
        "secrets": [peer["password"] for peer in declared["peers"] if peer["password"]],
        "announce": {
            "reports": declared["reports"],
            "standby_files": declared["standby_files"],
            "rise": float(declared["rise"]),
            "protocols": {
                kind: [static["name"] for static in statics if static["kind"] == kind] for kind in ("ready", "drain")
            },
            "peers": {name_peer(peer["address"]): peer["address"] for peer in declared["peers"]},
            "directory": base["directory"],
            "socket": base["socket"],
            "firewall": boolean(declared["firewall"]),
        },
    }


def name_peer(address: str) -> str:
    """The name of a peer's protocol. A bare name could be a word of BIRD's language."""
    return "bgp_" + address.replace(".", "_").replace(":", "_")


def _list_routes(declared: Mapping[str, Any], version: int) -> list[str]:
    found = [ipaddress.ip_network(address) for address in declared["addresses"]]
    return [str(network) for network in found if network.version == version]


def _build_static(kind: str, version: int, declared: Mapping[str, Any]) -> dict[str, Any]:
    """One of the protocols that have the routes. Only the last resort is there by itself."""
    communities = [*declared["communities"], *([GRACEFUL_SHUTDOWN] if kind != "ready" else [])]
    return {
        "name": f"{kind}{version}",
        "kind": kind,
        "starts_disabled": kind != "last_resort",
        "channel": f"ipv{version}",
        "preference": PREFERENCES[kind],
        "attributes": [f"bgp_med = {declared[f'med_{kind}']};", *map(_format_community, communities)],
        "routes": _list_routes(declared, version),
    }


def _format_community(value: str) -> str:
    parts = value.split(":")
    kind = "bgp_large_community" if len(parts) == 3 else "bgp_community"
    return f"{kind}.add(({', '.join(parts)}));"


def _build_bfd(declared: Mapping[str, Any]) -> list[str]:
    """The lines of the BFD protocol's interface and multihop blocks; none without BFD."""
    bfd = declared["bfd"]
    if not bfd:
        return []
    # BIRD's own values, which are those that its manual names.
    return [f"interval {bfd.get('interval', '300ms').replace('ms', ' ms')};", f"multiplier {bfd.get('multiplier', 3)};"]


def _build_peer(peer: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    version = version_of(peer["address"])
    hops = int(peer["multihop"])
    port = f" port {peer['port']}" if int(peer["port"]) != 179 else ""
    lines = [
        f"local{' ' + peer['source_address'] if peer['source_address'] else ''} as {declared['local_as']};",
        f"neighbor {peer['address']}{port} as {peer['as']};",
        f"multihop {hops};" if hops else "direct;",
        *(["authentication md5;"] if peer["password"] and declared["names_authentication"] else []),
        *([f'password "{peer["password"]}";'] if peer["password"] else []),
        *(["passive on;"] if boolean(peer["passive"]) else []),
        *(["ttl security on;"] if boolean(peer["ttl_security"]) else []),
        *(["bfd on;"] if declared["bfd"] and boolean(peer["bfd"]) else []),
        *([f"hold time {peer['hold_time']};"] if int(peer["hold_time"]) else []),
        *peer["lines"],
    ]
    return {
        "name": name_peer(peer["address"]),
        "lines": lines,
        "channel": f"ipv{version}",
        "routes": _list_routes(declared, version),
    }


def _build_guards(declared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each address family, who may open a BGP session or send BFD, and who only from the same segment."""
    found = []
    for version, family, hops in ((4, "ip", "ttl"), (6, "ip6", "hoplimit")):
        peers = [peer for peer in declared["peers"] if version_of(peer["address"]) == version]
        found.append(
            {
                "protocol": f"ipv{version}",
                "family": family,
                "hops": hops,
                "peers": [peer["address"] for peer in peers],
                "near": [peer["address"] for peer in peers if boolean(peer["ttl_security"])],
            }
        )
    return found
