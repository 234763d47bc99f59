# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that web servers order from an ACME authority: who answers challenges, and which sites serve them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._acme import orders
from .model import Item, exempt_request, normalize_listen

STORE = "/var/lib/nginx-certificates"
"""Directory of the certificates that are ordered."""
UPSTREAM = "evenkeel_acme"
PATH = "^~ /.well-known/acme-challenge/"
CONDITION = r"$uri ~ ^/\.well-known/acme-challenge/"
LINES = [
    # Whoever asks has no password and comes from anywhere.
    "auth_basic off;",
    "allow all;",
    "proxy_set_header Host $host;",
    "proxy_connect_timeout 2s;",
    "proxy_next_upstream error timeout http_404;",
    f"proxy_pass http://{UPSTREAM};",
]
WILDCARDS = ("*", "[::]")


def declare_challenges(declared: dict[str, Any]) -> dict[str, Any]:
    """Return the declaration with the way of challenges by HTTP to the node that orders: the others answer 404, or do
    not listen."""
    acme = declared["acme"]
    if not acme or orders.find_challenge(acme) != "http-01":
        return declared
    nodes = declared["nodes"] or [{"name": "local", "address": "127.0.0.1"}]
    servers = [{"address": node["address"], "port": orders.find_port(acme)} for node in nodes]
    # One that refused the last challenge may be the one that answers the next.
    upstream = {"name": UPSTREAM, "server_options": ["max_fails=0"], "lines": [], "servers": servers}
    return {
        **declared,
        "upstreams": [*declared["upstreams"], upstream],
        "sites": [_add_location(site) for site in declared["sites"]],
    }


def _add_location(site: Item) -> Item:
    if any(location["path"] == PATH for location in site["locations"]):
        return site
    return {
        **site,
        "lines": [*exempt_request(CONDITION, site["lines"]), *site["lines"]],
        "locations": [{"path": PATH, "lines": LINES}, *site["locations"]],
    }


def find_problems(declared: dict[str, Any]) -> Iterator[str]:
    """Yield one line for everything that keeps certificates from being ordered, answered for or served."""
    acme = declared["acme"]
    if not acme:
        return
    yield from orders.find_problems("nginx", "web server", acme, declared["nodes"], declared["node_name"])
    if orders.list_missing_keys(acme):
        return
    served = {site["certificate"] for site in declared["sites"]}
    for certificate in acme["certificates"]:
        if (path := find_path(certificate)) not in served:
            yield (
                f"nginx_acme.certificates: {certificate['name']}: no site serves it; write certificate: {path} at one "
                "of nginx_sites"
            )
    if orders.find_challenge(acme) == "http-01" and not any(
        "ssl" not in str(listen).split() for site in declared["sites"] for listen in site["listens"]
    ):
        yield (
            "nginx_acme: every site listens with TLS alone, and the authority asks for the answer to its challenge by "
            "plain HTTP; add a site with a redirect that listens on port 80, or use challenge: dns-01"
        )


def find_path(certificate: Item) -> str:
    """The file of a certificate."""
    return f"{STORE}/{certificate['name']}.pem"


def build_model(declared: dict[str, Any]) -> dict[str, Any]:
    """Return the names of the C(keys), the C(settings) of the program that orders, and the C(files) of the certificates
    with their names, all of them empty without certificates."""
    acme, nodes, name = declared["acme"], declared["nodes"], declared["node_name"]
    if not acme:
        return {"keys": [], "settings": {}, "files": []}
    others = [node for node in nodes if node["name"] != name]
    return {
        "keys": orders.list_key_names(acme),
        "settings": {
            **orders.build_settings(acme, "nginx", STORE, nodes, name),
            # The program writes the file itself.
            "command": "",
            "peers": _list_peers(declared["sites"], others),
        },
        "files": [find_path(certificate) for certificate in acme["certificates"]],
    }


def _list_peers(sites: list[Item], others: list[Item]) -> list[str]:
    """Address and port of the other web servers, where they serve the certificates at their own addresses."""
    found = []
    for site in sites:
        if not site["certificate"].startswith(f"{STORE}/"):
            continue
        for listen in map(str, site["listens"]):
            address, _colon, port = normalize_listen(listen).rpartition(":")
            if "ssl" in listen.split() and "proxy_protocol" not in listen.split():
                found += [
                    orders.format_place(node["address"], port)
                    for node in others
                    if address in WILDCARDS or address.strip("[]") == node["address"]
                ]
    return list(dict.fromkeys(found))
