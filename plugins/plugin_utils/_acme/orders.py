# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that nodes order from an ACME authority: what an inventory may declare of them, and the settings of the
program that orders them. C(variable) is the name of the declaration, such as haproxy_acme."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._address import bracket
from .._input.rules import find_repeated, refuse_no_host

Item = dict[str, Any]

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
DNS_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
CONTACT = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+")
DIRECTORY = re.compile(r"https://[^\s/]+(/\S*)?")
PORT = 8888
"""Where the program answers challenges by HTTP, unless the inventory says something else."""
REQUIRED = ("directory", "contact", "terms_agreed", "certificates")
KEY_TYPES = ("ec256", "ec384", "rsa2048", "rsa4096")
ACCOUNT = "account:ec384"
"""The name of the account's key among the keys."""


def find_challenge(acme: Item) -> str:
    return str(acme.get("challenge") or "http-01")


def find_port(acme: Item) -> int:
    return int(acme.get("port", PORT))


def list_key_names(acme: Item) -> list[str]:
    """Return the names of the keys that all nodes share: the account's, and that of each certificate with its type,
    because another type means another key."""
    return [ACCOUNT, *(_name_key(certificate) for certificate in acme["certificates"])] if acme else []


def _name_key(certificate: Item) -> str:
    return f"{certificate['name']}:{certificate.get('key_type') or KEY_TYPES[0]}"


def list_missing_keys(acme: Item) -> list[str]:
    """Return the keys without which nothing can be ordered, and that the declaration lacks."""
    return [name for name in REQUIRED if not acme.get(name) or (name == "terms_agreed" and not boolean(acme[name]))]


def find_problems(role: str, host: str, acme: Item, nodes: list[Item], node_name: str) -> Iterator[str]:
    """Yield one line for everything that keeps certificates from being ordered. C(host) is what the role calls a node,
    such as load balancer."""
    variable = f"{role}_acme"
    if missing := list_missing_keys(acme):
        yield (
            f"{variable} has no {', '.join(missing)}, which an order needs; set them (terms_agreed to true, if you "
            f"agree to the authority's terms of service), or leave {variable} empty"
        )
        return
    yield from _find_account_problems(variable, acme)
    yield from find_repeated(f"{variable}.certificates", "name", [item["name"] for item in acme["certificates"]])
    for certificate in acme["certificates"]:
        yield from _find_certificate_problems(variable, certificate, find_challenge(acme))
    if nodes and node_name not in [node["name"] for node in nodes]:
        yield (
            f"{variable}: this {host} is '{node_name}' ({role}_node_name), which {role}_nodes does not have; the first "
            "of them orders, and the others take the certificates from it"
        )


def _find_account_problems(variable: str, acme: Item) -> Iterator[str]:
    kind = find_challenge(acme)
    if not DIRECTORY.fullmatch(str(acme["directory"])):
        yield (
            f"{variable}.directory is '{acme['directory']}': the URL of the authority's directory is needed, such as "
            "https://acme-v02.api.letsencrypt.org/directory"
        )
    if not CONTACT.fullmatch(str(acme["contact"])):
        yield f"{variable}.contact is '{acme['contact']}': a mail address is needed, such as ops@example.com"
    if not 1 <= find_port(acme) <= 65535:
        yield f"{variable}.port is {acme['port']}, which is outside 1-65535"
    if kind == "dns-01" and not acme.get("dns_provider"):
        yield (
            f"{variable}.challenge is dns-01 without a dns_provider: name one of lego, such as rfc2136 for nsupdate, "
            "and give its settings in dns_environment"
        )
    for resolver in acme.get("dns_resolvers") or []:
        yield from refuse_no_host(f"{variable}.dns_resolvers", str(resolver))
    for name in ("dns_provider", "dns_environment", "dns_resolvers"):
        if kind != "dns-01" and acme.get(name):
            yield f"{variable}.{name} is set, but challenge is {kind}; only dns-01 uses it"


def _find_certificate_problems(variable: str, certificate: Item, kind: str) -> Iterator[str]:
    where = f"{variable}.certificates: {certificate['name']}"
    if not NAME.fullmatch(certificate["name"]):
        yield f"{where}: the name is a file's: letters, digits, dots, dashes and underscores are needed"
    if not certificate["names"]:
        yield f"{where} has no names; give it at least one, such as www.example.com"
    for name in certificate["names"]:
        if not DNS_NAME.fullmatch(name):
            yield f"{where}: '{name}' is not a host name, such as www.example.com"
        elif name.startswith("*.") and kind == "http-01":
            yield f"{where}: '{name}' is a wildcard, which authorities sign by challenge: dns-01 alone"
    yield from find_repeated(where, "name", certificate["names"])


def build_settings(acme: Item, service: str, store: str, nodes: list[Item], node_name: str) -> Item:
    """Return the settings of the program that orders, without its C(peers). Keys are there by the names of
    list_key_names() alone, and the settings of a DNS provider are not: they can be secrets."""
    own = [number for number, node in enumerate(nodes) if node["name"] == node_name]
    return {
        "directory": acme["directory"],
        "contact": acme["contact"],
        "authority_file": acme.get("authority_file") or "",
        "challenge": _list_challenge_options(acme, nodes[own[0]]["address"] if own else "127.0.0.1"),
        "rank": own[0] if own else 0,
        "service": service,
        "store": store,
        "account": ACCOUNT,
        "certificates": [
            {"name": item["name"], "names": item["names"], "key": _name_key(item)} for item in acme["certificates"]
        ],
    }


def _list_challenge_options(acme: Item, address: str) -> list[str]:
    """Return the options of lego."""
    if find_challenge(acme) == "dns-01":
        resolvers = [format_place(resolver, 53) for resolver in acme.get("dns_resolvers") or []]
        return ["--dns", acme["dns_provider"], *(word for place in resolvers for word in ("--dns.resolvers", place))]
    return ["--http", "--http.port", format_place(address, find_port(acme))]


def format_place(address: str, port: int | str) -> str:
    """Write an address and a port with a colon between them."""
    return f"{bracket(address)}:{port}"
