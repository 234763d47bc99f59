# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that the load balancers order from an ACME authority: who answers challenges, and what serves them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._acme import orders
from .declared import Item, Sections, Variables
from .listeners import WILDCARDS, parse_ports
from .sections import find_mode, find_modes, format_endpoint, merge_binds


def declare_servers(variables: Variables) -> Variables:
    """Return the variables with the load balancers as servers for challenges, if they order certificates by HTTP and
    the inventory names no servers of its own."""
    acme = variables["haproxy_acme"]
    if not acme or variables["haproxy_acme_servers"] or orders.find_challenge(acme) != "http-01":
        return variables
    nodes = variables["haproxy_nodes"] or [{"name": "local", "address": "127.0.0.1"}]
    servers = [{**node, "port": orders.find_port(acme)} for node in nodes]
    return {**variables, "haproxy_acme_servers": servers}


def find_problems(variables: Variables, sections: Sections, store: str) -> Iterator[str]:
    """Yield one line for everything that keeps certificates from being ordered, answered for or served. C(sections) are
    the items of each kind, merged over their defaults; C(store) is the directory of the certificates."""
    acme, nodes, name = variables["haproxy_acme"], variables["haproxy_nodes"], variables["haproxy_node_name"]
    if not acme:
        return
    yield from orders.find_problems("haproxy", "load balancer", acme, nodes, name)
    if orders.list_missing_keys(acme):
        return
    if not _tls_binds(variables, sections, store):
        yield (
            f"haproxy_acme: no bind has {store} in its certificates, so nothing would serve what is ordered; add it to "
            "a bind of haproxy_frontends"
        )
    if orders.find_challenge(acme) == "http-01" and not _answers_challenges(variables, sections):
        yield (
            "haproxy_acme: no frontend of mode http listens on port 80, where the authority asks for the answer to "
            "its challenge; add such a bind, or use challenge: dns-01"
        )


def _binds(variables: Variables, sections: Sections) -> Iterator[tuple[Item, Item]]:
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            for bind in merge_binds(variables, section):
                yield section, bind


def _tls_binds(variables: Variables, sections: Sections, store: str) -> list[Item]:
    """Return the binds that serve the store's certificates."""
    return [
        bind
        for _section, bind in _binds(variables, sections)
        if store in [path.rstrip("/") for path in bind.get("certificates", [])]
    ]


def _answers_challenges(variables: Variables, sections: Sections) -> bool:
    known = find_modes(variables)
    return any(
        80 in parse_ports(bind.get("port")) and find_mode(section, known, variables["haproxy_mode"]) == "http"
        for section, bind in _binds(variables, sections)
    )


def build_settings(variables: Variables, sections: Sections, store: str) -> dict[str, Any]:
    """Return the settings of the program that orders, empty without certificates."""
    acme, nodes, name = variables["haproxy_acme"], variables["haproxy_nodes"], variables["haproxy_node_name"]
    if not acme:
        return {}
    others = [node for node in nodes if node["name"] != name]
    return {
        **orders.build_settings(acme, "haproxy", store, nodes, name),
        "peers": _peers(_tls_binds(variables, sections, store), others),
    }


def _peers(binds: list[Item], others: list[Item]) -> list[str]:
    """Return address and port of the other load balancers, where they serve the certificates at their own addresses."""
    found = [
        format_endpoint(node["address"], parse_ports(bind["port"])[0])
        for bind in binds
        for node in others
        if str(bind.get("address", "*")).strip("[]") in (*WILDCARDS, node["address"])
        and "accept-proxy" not in " ".join(bind.get("options", [])).split()
    ]
    return list(dict.fromkeys(found))
