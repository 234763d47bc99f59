# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find problems that HAProxy's own check misses, or reports without the variable. Each problem is one line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input import container
from .._input.rules import find_file_problems, find_repeated, refuse_no_address, refuse_no_host
from . import (
    exposure,
    hosts,
    keywords,
    listeners,
    logs,
    loops,
    maxconn,
    server_numbers,
    spoe_problems,
    status_page,
    times,
    verbatim,
)
from .declared import SOCKETS, Item, Sections, Variables
from .defaults import MODES
from .frontend_rules import ACME, LIMITS, REQUESTS, is_made
from .listeners import WILDCARDS, has_statistics
from .sections import (
    KINDS,
    find_mode,
    find_modes,
    merge_items,
    statistics_userlists,
)

LOOPBACKS = ("127.", "::1", "localhost")
EVERYBODY = {"0.0.0.0/0", "::/0"}
"""Networks that leave nobody out."""

OWN_DEFAULTS = ("local", "http", "tcp")
OWN_KINDS = {
    "global": "haproxy_global_lines",
    "defaults": "haproxy_named_defaults",
    "frontend": "haproxy_frontends",
    "backend": "haproxy_backends",
    "listen": "haproxy_listens",
    "userlist": "haproxy_userlists",
}

NO_WORD = re.compile(r"[\s#'\"\\]")
NOT_EMPTY = {"host", "kind", "method", "name", "prefix", "status", "uri", "version"}
"""Keys whose value has to be one word and not empty: the next word of the line would be taken for it."""

EXTRA = "haproxy_extra_sections"
UNNAMED = ("crt-store", "traces")
"""Kinds of sections that need no name."""

WORDS = {*NOT_EMPTY, "address", "count", "default_backend", "from", "port"}
"""Keys whose value has to be one word; a text that is a variable's whole value has to be one as well."""

OWN_PATHS = ("haproxy_health_uri", "haproxy_prometheus_uri", "haproxy_stats_uri")

PORTED = re.compile(r"\s*(?:(?:tcp|http)-check\s+connect|default-server)\b")
"""Lines that can have the port of checks."""

HASH = re.compile(r"\$[0-9a-z]+\$\S+")


def problems(variables: Variables, host: Iterable[str] = (), held: Collection[str] = ()) -> list[str]:
    """One line for everything that HAProxy would refuse or, worse, accept. C(variables) are the role's by their names,
    C(host) lines that say what memory and how many file descriptors the host has, C(held) the addresses that
    keepalived can give to it."""
    printed = {name: value for name, value in variables.items() if name not in ("haproxy_files", EXTRA)}
    # A section of some kinds needs no name.
    named = [{key: value for key, value in item.items() if value != ""} for item in variables[EXTRA]]
    printed[EXTRA] = [item if item["kind"] in UNNAMED else whole for item, whole in zip(named, variables[EXTRA])]
    sections = {kind: merge_items(variables, kind) for kind in KINDS}
    return [
        *(problem for name, value in printed.items() for problem in _find_no_words(name, name, value)),
        *_names(variables, sections),
        *_defaults(variables, sections),
        *_default_backends(sections),
        *hosts.problems(variables, sections),
        *_servers(variables, sections),
        *_cookies(variables, sections),
        *_health(variables),
        *_paths(variables, sections),
        *listeners.problems(variables, sections),
        *maxconn.problems(variables, host),
        *logs.problems(variables),
        *times.problems(variables, sections),
        *server_numbers.problems(variables, sections),
        *keywords.problems(variables, sections),
        *loops.problems(variables, sections, held),
        *spoe_problems.problems(variables, sections),
        *_users(variables),
        *_statistics(variables),
        *status_page.find_problems(variables),
        *_peers(variables),
        *verbatim.problems(variables, sections),
        *exposure.problems(variables, sections),
        *find_file_problems("haproxy_files", variables["haproxy_files"]),
        *container.problems("haproxy", {name.removeprefix("haproxy_"): value for name, value in variables.items()}),
    ]


def _find_no_words(path: str, key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _find_no_words(f"{path}.{name}", name, item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find_no_words(f"{path}[{number}]", "", item)
    elif (
        isinstance(value, str)
        and (key in WORDS or key == path)
        and (NO_WORD.search(value) or (key in NOT_EMPTY and not value))
    ):
        yield f"{path} is '{value}': a single word without quotes, backslashes and # is needed"


def _names(variables: Variables, sections: Sections) -> Iterator[str]:
    for kind in KINDS:
        yield from find_repeated(f"haproxy_{kind}s", "name", [section["name"] for section in sections[kind]])
    for name in ("named_defaults", "userlists", "peers"):
        yield from find_repeated(
            f"haproxy_{name}", "name", [section["name"] for section in variables[f"haproxy_{name}"]]
        )
    extra = variables[EXTRA]
    yield from find_repeated(EXTRA, "section", [f"{item['kind']} {item['name']}" for item in extra if item["name"]])
    for section in extra:
        if section["kind"] in OWN_KINDS:
            yield (
                f"haproxy_extra_sections: {section['kind']} {section['name']} belongs into {OWN_KINDS[section['kind']]}"
            )
    listeners = ["health", *(["statistics"] if has_statistics(variables) else [])]
    backends = [
        *([LIMITS] if variables["haproxy_client_limits"] else []),
        *([ACME] if variables["haproxy_acme_servers"] else []),
        *([REQUESTS] if is_made(variables, REQUESTS) else []),
        *([status_page.BACKEND] if status_page.is_served(variables) else []),
    ]
    for kind, word, own in (
        ("frontend", "listener", listeners),
        ("backend", "backend", backends),
        ("listen", "section", listeners + backends),
    ):
        for section in sections[kind]:
            if section["name"] in own:
                yield f"haproxy_{kind}s: the name {section['name']} is taken by the role's own {word}; choose another"
    for section in variables["haproxy_named_defaults"]:
        if section["name"] in OWN_DEFAULTS:
            yield (
                f"haproxy_named_defaults: the name {section['name']} is taken by the role's own defaults; "
                "choose another"
            )
    front = {section["name"] for section in sections["frontend"] + sections["backend"]}
    for listen in sections["listen"]:
        if listen["name"] in front:
            yield f"haproxy_listens: the name {listen['name']} is a frontend's or a backend's already; a listen is both"


def _defaults(variables: Variables, sections: Sections) -> Iterator[str]:
    """A section begins with defaults that stand before it."""
    known = list(MODES)
    for where, section in _sections_with_defaults(variables, sections):
        source = section.get("from")
        if source and source not in known:
            yield f"{where}: from is '{source}', which is not defined before it; there are {', '.join(known)}"
        if where.startswith("haproxy_named_defaults"):
            known.append(section["name"])


def _sections_with_defaults(variables: Variables, sections: Sections) -> Iterator[tuple[str, Item]]:
    for section in variables["haproxy_named_defaults"]:
        yield f"haproxy_named_defaults: {section['name']}", section
    for kind in KINDS:
        for section in sections[kind]:
            yield f"haproxy_{kind}s: {section['name']}", section


def _default_backends(sections: Sections) -> Iterator[str]:
    known = {section["name"]: None for section in sections["backend"] + sections["listen"]}
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            target = section.get("default_backend")
            if target and target not in known:
                yield (
                    f"haproxy_{kind}s: default_backend of {section['name']} is '{target}', which does not exist; "
                    f"there are {', '.join(known) or 'no backends'}"
                )


def _servers(variables: Variables, sections: Sections) -> Iterator[str]:
    for kind in ("backend", "listen"):
        for section in sections[kind]:
            where = f"haproxy_{kind}s: {section['name']}"
            servers, templates = section.get("servers", []), section.get("server_templates", [])
            yield from find_repeated(where, "server name", [server["name"] for server in servers])
            yield from find_repeated(
                where, "prefix of a server template", [template["prefix"] for template in templates]
            )
            # In plain mode, a section without the key is what its owner wants: HAProxy answers 503.
            meant = boolean(variables["haproxy_plain"]) and "servers" not in section
            if not (servers or templates or section.get("lines") or meant):
                yield (
                    f"{where} has no servers; name at least one, or check that the inventory group it is built from "
                    "has hosts"
                )
            for server in servers + templates:
                name = f"server {server['name']}" if "name" in server else f"server template {server['prefix']}"
                if not server["address"].startswith(SOCKETS):
                    yield from refuse_no_host(f"{where}: the address of {name}", server["address"])
                port = server.get("port") or section.get("port") or 1
                if not 1 <= int(port) <= 65535:
                    yield f"{where}: {name} has port {port}, which is outside 1-65535"
            for template in templates:
                if not maxconn.template_size(template["count"]):
                    yield (
                        f"{where}: server template {template['prefix']} has count '{template['count']}'; "
                        "write a number of servers, or the range of their numbers such as 1-5"
                    )


def find_portless_checks(model: Mapping[str, Any]) -> Iterator[str]:
    """Find servers that HAProxy could not check, because neither they nor their checks have a port. A server without
    port that is not checked has that of its client; a name of the DNS for services brings its ports."""
    for section in model["proxies"]:
        where = f"haproxy_{section['kind']}s: {section['name']}"
        if any(PORTED.match(line) for line in section["lines"]):
            continue
        listed = [("server", line.split(), 1) for line in section["servers"]]
        listed += [("server template", line.split(), 2) for line in section["server_templates"]]
        for kind, words, at in listed:
            address, options = words[at], words[at + 1 :]
            has_port = address.startswith((*SOCKETS, "_")) or re.search(r":\d+$", address.rpartition("]")[2])
            if "check" in options and not has_port and not {"port", "addr"} & set(options):
                yield (
                    f"{where}: {kind} {words[0]} has no port, so it cannot be checked; give one to it, to the whole "
                    "section or to its checks (options: {port: 80}), or set check: false in its options"
                )


def _cookies(variables: Variables, sections: Sections) -> Iterator[str]:
    known = find_modes(variables)
    for kind in ("backend", "listen"):
        for section in sections[kind]:
            where = f"haproxy_{kind}s: {section['name']}"
            if section.get("cookie") and find_mode(section, known, variables["haproxy_mode"]) != "http":
                yield (
                    f"{where}: cookie is set in mode tcp, in which there are none; balance source keeps a client at "
                    "its server"
                )
            # HAProxy ignores it, so in plain mode it is what the owner wrote.
            own = [] if boolean(variables["haproxy_plain"]) else section.get("servers", [])
            given = [server["name"] for server in own if server.get("cookie")]
            if (
                given
                and not section.get("cookie")
                and not any(line.split()[:1] == ["cookie"] for line in section.get("lines", []))
            ):
                yield (
                    f"{where}: server {given[0]} has a cookie and the section has none; set it, such as 'SERVER "
                    "insert indirect nocache'"
                )


def _users(variables: Variables) -> Iterator[str]:
    for userlist in variables["haproxy_userlists"] + statistics_userlists(variables):
        where = "haproxy_stats_users" if userlist["name"] == "statistics" else f"haproxy_userlists: {userlist['name']}"
        yield from find_repeated(where, "name", [user["name"] for user in userlist["users"]])
        if not userlist["users"]:
            yield f"{where} has no users, so nobody could log in; name at least one"
        for user in userlist["users"]:
            password = str(user["password"])
            if ":" in str(user["name"]):
                yield (
                    f"{where}: the name {user['name']} has a colon, with which a name ends in basic authentication; "
                    "choose another"
                )
            if not password:
                yield f"{where}: the password of {user['name']} is empty; give one"
            if "'" in password:
                yield (
                    f"{where}: the password of {user['name']} has a single quote, in which it is written; "
                    "choose another"
                )
            if password and not user.get("insecure") and not HASH.fullmatch(password):
                yield (
                    f"{where}: the password of {user['name']} is not a hash: make one with 'openssl passwd -6', "
                    "or set insecure to write it as plain text"
                )


def _health(variables: Variables) -> Iterator[str]:
    """Health checks ask at the same address at which the listener is."""
    address = variables["haproxy_health_address"]
    if address in WILDCARDS:
        yield f"haproxy_health_address is '{address}': choose one address to connect to, such as 127.0.0.1"


def _paths(variables: Variables, sections: Sections) -> Iterator[str]:
    """Paths that no request has, and that HAProxy accepts all the same."""
    asked = [
        (f"haproxy_{kind}s: {section['name']}: uri of health_check", section.get("health_check", {}).get("uri", ""))
        for kind in ("backend", "listen")
        for section in sections[kind]
    ]
    for where, path in [*((name, variables[name]) for name in OWN_PATHS), *asked]:
        if path and not path.startswith(("/", "*", "http")):
            yield f"{where} is '{path}': a path with a slash at its beginning is needed, such as /{path}"


def _statistics(variables: Variables) -> Iterator[str]:
    users, userlist = variables["haproxy_stats_users"], variables["haproxy_stats_userlist"]
    known = [item["name"] for item in variables["haproxy_userlists"]]
    address = variables["haproxy_stats_address"]
    if users and userlist:
        yield f"haproxy_stats_users and haproxy_stats_userlist '{userlist}' are both set; choose one"
    if userlist and userlist not in known:
        yield (
            f"haproxy_stats_userlist is '{userlist}', which does not exist; haproxy_userlists has "
            f"{', '.join(known) or 'none'}"
        )
    if users and "statistics" in known:
        yield "haproxy_userlists: the name statistics is taken by haproxy_stats_users; choose another"
    allowed = set(variables["haproxy_stats_allowed"])
    open_to_all = not users and not userlist and (not allowed or bool(allowed & EVERYBODY))
    accepted = boolean(variables["haproxy_accept_unprotected_stats"])
    if has_statistics(variables) and open_to_all and not accepted and not address.startswith(LOOPBACKS):
        yield (
            f"haproxy_stats_address is '{address}' and haproxy_stats_users is empty: statistics that others can reach "
            "need a user with a password, or networks in haproxy_stats_allowed; or use 127.0.0.1, or set "
            "haproxy_accept_unprotected_stats to true"
        )


def _peers(variables: Variables) -> Iterator[str]:
    nodes, name = variables["haproxy_nodes"], variables["haproxy_node_name"]
    names = [node["name"] for node in nodes]
    yield from find_repeated("haproxy_nodes", "name", names)
    yield from find_repeated("haproxy_nodes", "address", [node["address"] for node in nodes])
    for node in nodes:
        yield from refuse_no_address(f"haproxy_nodes: the address of {node['name']}", node["address"])
    if variables["haproxy_peers"] and name not in names:
        yield (
            "haproxy_nodes does not name this host, which would be missing in haproxy_peers: "
            f"haproxy_node_name is '{name}', the nodes are {', '.join(names) or 'none'}"
        )
