# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that the load balancers order from an ACME authority: what an inventory may declare of them, and the
settings of the program that orders them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input.rules import find_repeated
from .declared import Item, Sections, Variables
from .listeners import WILDCARDS, parse_ports
from .sections import find_mode, find_modes, format_endpoint, merge_binds

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


def declare_servers(variables: Variables) -> Variables:
    """Return the variables with the load balancers as servers for challenges, if they order certificates by HTTP and
    the inventory names no servers of its own."""
    acme = variables["haproxy_acme"]
    if not acme or variables["haproxy_acme_servers"] or challenge(acme) != "http-01":
        return variables
    nodes = variables["haproxy_nodes"] or [{"name": "local", "address": "127.0.0.1"}]
    servers = [{**node, "port": acme.get("port", PORT)} for node in nodes]
    return {**variables, "haproxy_acme_servers": servers}


def challenge(acme: Item) -> str:
    return str(acme.get("challenge") or "http-01")


def key_names(acme: Item) -> list[str]:
    """Return the names of the keys that all load balancers share: the account's, and that of each certificate with its
    type, because another type means another key."""
    return [ACCOUNT, *(_key_name(certificate) for certificate in acme["certificates"])] if acme else []


def _key_name(certificate: Item) -> str:
    return f"{certificate['name']}:{certificate.get('key_type') or KEY_TYPES[0]}"


def find_problems(variables: Variables, sections: Sections, store: str) -> Iterator[str]:
    """Yield one line for everything that keeps certificates from being ordered, answered for or served. C(sections) are
    the items of each kind, merged over their defaults; C(store) is the directory of the certificates."""
    acme = variables["haproxy_acme"]
    if not acme:
        return
    missing = [name for name in REQUIRED if not acme.get(name) or (name == "terms_agreed" and not boolean(acme[name]))]
    if missing:
        yield (
            f"haproxy_acme has no {', '.join(missing)}, which an order needs; set them (terms_agreed to true, if you "
            "agree to the authority's terms of service), or leave haproxy_acme empty"
        )
        return
    yield from _find_account_problems(acme)
    yield from find_repeated("haproxy_acme.certificates", "name", [item["name"] for item in acme["certificates"]])
    for certificate in acme["certificates"]:
        yield from _find_certificate_problems(certificate, challenge(acme))
    nodes = variables["haproxy_nodes"]
    if nodes and variables["haproxy_node_name"] not in [node["name"] for node in nodes]:
        yield (
            f"haproxy_acme: this load balancer is '{variables['haproxy_node_name']}' (haproxy_node_name), which "
            "haproxy_nodes does not have; the first of them orders, and the others take the certificates from it"
        )
    if not _tls_binds(variables, sections, store):
        yield (
            f"haproxy_acme: no bind has {store} in its certificates, so nothing would serve what is ordered; add it to "
            "a bind of haproxy_frontends"
        )
    if challenge(acme) == "http-01" and not _answers_challenges(variables, sections):
        yield (
            "haproxy_acme: no frontend of mode http listens on port 80, where the authority asks for the answer to "
            "its challenge; add such a bind, or use challenge: dns-01"
        )


def _find_account_problems(acme: Item) -> Iterator[str]:
    if not DIRECTORY.fullmatch(str(acme["directory"])):
        yield (
            f"haproxy_acme.directory is '{acme['directory']}': the URL of the authority's directory is needed, such as "
            "https://acme-v02.api.letsencrypt.org/directory"
        )
    if not CONTACT.fullmatch(str(acme["contact"])):
        yield f"haproxy_acme.contact is '{acme['contact']}': a mail address is needed, such as ops@example.com"
    if not 1 <= int(acme.get("port", PORT)) <= 65535:
        yield f"haproxy_acme.port is {acme['port']}, which is outside 1-65535"
    if challenge(acme) == "dns-01" and not acme.get("dns_provider"):
        yield (
            "haproxy_acme.challenge is dns-01 without a dns_provider: name one of lego, such as rfc2136 for nsupdate, "
            "and give its settings in dns_environment"
        )
    for name in ("dns_provider", "dns_environment"):
        if challenge(acme) != "dns-01" and acme.get(name):
            yield f"haproxy_acme.{name} is set, but challenge is {challenge(acme)}; only dns-01 uses it"


def _find_certificate_problems(certificate: Item, kind: str) -> Iterator[str]:
    where = f"haproxy_acme.certificates: {certificate['name']}"
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
    """Return the settings of the program that orders, empty without certificates. Keys are there by the names of
    key_names() alone, and the settings of a DNS provider are not: they can be secrets."""
    acme = variables["haproxy_acme"]
    if not acme:
        return {}
    nodes = variables["haproxy_nodes"]
    own = [number for number, node in enumerate(nodes) if node["name"] == variables["haproxy_node_name"]]
    others = [node for node in nodes if node["name"] != variables["haproxy_node_name"]]
    return {
        "directory": acme["directory"],
        "contact": acme["contact"],
        "authority_file": acme.get("authority_file") or "",
        "challenge": _challenge_options(acme, nodes[own[0]]["address"] if own else "127.0.0.1"),
        "rank": own[0] if own else 0,
        "peers": _peers(_tls_binds(variables, sections, store), others),
        "store": store,
        "account": ACCOUNT,
        "certificates": [
            {"name": item["name"], "names": item["names"], "key": _key_name(item)} for item in acme["certificates"]
        ],
    }


def _challenge_options(acme: Item, address: str) -> list[str]:
    """Return the options of lego."""
    if challenge(acme) == "dns-01":
        return ["--dns", acme["dns_provider"]]
    return ["--http", "--http.port", format_endpoint(address, acme.get("port", PORT))]


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
