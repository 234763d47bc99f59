# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy's sections as a template prints them: item defaults merged, what an inventory leaves out filled in, options
as words."""

from __future__ import annotations

from itertools import chain
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input import tls
from . import frontend_rules, logs, maintenance, quic, spoe, status_page
from .declared import SOCKETS, Item, Variables
from .defaults import (
    MODES,
    Defaults,
    build_timeouts,
    choose_defaults,
    choose_tunnel,
    declared_defaults,
    merge_timeouts,
)
from .words import LISTS, fit_certificates, fit_lines, list_files, split_words

KINDS = ("frontend", "backend", "listen")
ENVIRONMENT = {"presetenv", "resetenv", "setenv", "unsetenv"}
"""Words of the global section for variables of the environment."""
MERGED = ("health_check", "server_options")
"""Keys whose dicts are merged with those of the item's defaults instead of replacing them."""

FIRST = ("crt-store", "log-profile", "traces")
"""Kinds of sections that HAProxy wants to read before the sections that use them."""

SILENT_SHARE = 5
"""One part in so many of the requests in flight may wait for the servers of a section of which none is UP."""

SAFE_TO_RETRY = "http-request disable-l7-retry unless METH_GET or METH_HEAD or METH_OPTIONS"


def join_options(values: dict[str, Any]) -> str:
    """Data as words of a line: true is the name alone, false is left out, all else is name and value."""
    return " ".join(list_directives(values))


def list_directives(values: dict[str, Any]) -> list[str]:
    """The same, each name with its value on its own."""
    return [name if value is True else f"{name} {value}" for name, value in values.items() if value is not False]


def format_endpoint(address: str, port: int | str | None) -> str:
    """Address and port as HAProxy reads them: IPv6 in brackets, a socket without port, and a server without port, which
    has that of the client."""
    if address.startswith(SOCKETS):
        return address
    if ":" in address and not address.startswith("[") and "@" not in address:
        address = f"[{address}]"
    return f"{address}:{port}" if port else address


def quote_word(word: str) -> str:
    """A word that HAProxy reads as it stands, whatever characters are in it but the single quote."""
    return f"'{word}'"


def escape_format(word: str) -> str:
    """A word that HAProxy takes for a format, so that nothing in it stands for something else."""
    return word.replace("%", "%%")


def merge_items(variables: Variables, kind: str) -> list[Item]:
    """The items of C(haproxy_KINDs), merged over C(haproxy_KIND_defaults)."""
    defaults = variables[f"haproxy_{kind}_defaults"]
    merged = {key: defaults[key] for key in MERGED if key in defaults}
    return [
        {**defaults, **item, **{key: {**merged[key], **item.get(key, {})} for key in merged}}
        for item in variables[f"haproxy_{kind}s"]
    ]


def merge_binds(variables: Variables, section: Item) -> list[Item]:
    """The binds of a section, merged over C(haproxy_bind_defaults)."""
    return [{**variables["haproxy_bind_defaults"], **bind} for bind in section.get("binds", [])]


def find_modes(variables: Variables) -> dict[str, str]:
    """The mode of every defaults section by its name; C(http) and C(tcp) are the role's own."""
    return {name: section.mode for name, section in declared_defaults(variables).items()}


def find_targets(section: Item) -> set[str]:
    """The names of the sections to which a frontend or listen sends its clients, without those that a rule computes."""
    words = [line.split() for line in section.get("lines", [])]
    named = {line[1] for line in words if line[:1] in (["use_backend"], ["default_backend"]) and len(line) > 1}
    named |= {str(host["backend"]) for host in section.get("hosts", [])}
    return named | {section["default_backend"]} if section.get("default_backend") else named


def find_mode(section: Item, known: dict[str, str], fallback: str) -> str:
    """The mode of a section: its own, that of the defaults it begins with, or that of sections which name none."""
    return section.get("mode") or known.get(section.get("from", ""), fallback)


def build_sections(variables: Variables, base: Item) -> dict[str, Any]:
    """Build the sections that the template prints, every key present; the input stays as it is.

    C(variables) are the role's by their names, C(base) what their dicts are merged over: C(options) by mode, C(server),
    C(timeouts), C(health_check), C(client_limits) and C(spoe_timeouts). C(newer_curves) are curves that only some
    releases of OpenSSL know, C(forwards_nul) says whether HAProxy can be one that forwards NUL in a header,
    C(certificate_store) is the directory of certificates that may be empty, C(limits) has numbers of connections."""
    if variables["haproxy_client_limits"]:
        limits = {**base["client_limits"], **variables["haproxy_client_limits"]}
        variables = {**variables, "haproxy_client_limits": limits}
    known = find_modes(variables)
    base = {
        **base,
        "in_flight": frontend_rules.InFlight(base["limits"]["requests"], _http_backends(variables, known)),
        "defaults": declared_defaults(variables),
        "clients": _client_timeouts(variables),
    }
    proxies = _own_backends(variables) + [
        _build_proxy(kind, item, variables, base, known) for kind in KINDS for item in merge_items(variables, kind)
    ]
    extra = [{**section, "lines": fit_lines(section["lines"])} for section in variables["haproxy_extra_sections"]]
    named = [item["name"] for item in variables["haproxy_named_defaults"]]
    used = {section["from"] for section in proxies} | {variables["haproxy_mode"]}
    return {
        "maxconn": {key: base["limits"][key] for key in ("process", "socket", "health", "statistics")},
        **dict(zip(("environment", "globals"), _split_environment(variables["haproxy_global_lines"]))),
        "written": list_written_globals(variables["haproxy_global_lines"]),
        "tls": tls.haproxy(variables["haproxy_tls_profile"], base["newer_curves"])
        if variables["haproxy_tls_profile"]
        else [],
        "health_bind": format_endpoint(variables["haproxy_health_address"], variables["haproxy_health_port"]),
        "stats_rules": fit_lines(frontend_rules.build_statistics_rules(variables["haproxy_stats_allowed"])),
        "stats_bind": format_endpoint(variables["haproxy_stats_address"], variables["haproxy_stats_port"]),
        "defaults": [
            _defaults(base["defaults"][name], variables, base)
            for name in (*(name for name in MODES if name in used), *named)
        ],
        "proxies": proxies,
        "lists": [
            *list_files(frontend_rules.list_networks(variables)),
            *maintenance.list_files(variables),
            *spoe.list_files(variables, base["spoe_timeouts"]),
            *(file for own in proxies for file in own["lists"]),
        ],
        "stats_lines": fit_lines(variables["haproxy_stats_lines"]),
        "first": [section for section in extra if section["kind"] in FIRST],
        "last": [section for section in extra if section["kind"] not in FIRST],
        # An agent that is UP serves no client.
        "checked": [
            section["name"]
            for section in proxies
            if _is_checked(section) and section["name"] not in spoe.list_backends(variables)
        ],
        "peers": [_peers(item, variables["haproxy_nodes"]) for item in variables["haproxy_peers"]],
        "userlists": [_userlist(item) for item in variables["haproxy_userlists"] + statistics_userlists(variables)],
    }


def _split_environment(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines at the beginning that set variables of the environment, which all others may use, and those others."""
    kinds = [line.split()[:1] for line in lines]
    count = next((number for number, word in enumerate(kinds) if not ENVIRONMENT.issuperset(word)), len(lines))
    return lines[:count], lines[count:]


def list_written_globals(lines: list[str]) -> list[str]:
    """Words of the global section that stand once and that an inventory writes itself, instead of the role."""
    words = [line.split() for line in lines]
    found = {line[0] for line in words if line} | {
        "stats maxconn" for line in words if line[:2] == ["stats", "maxconn"]
    }
    alike = {"uid": "user", "gid": "group"}
    return sorted({alike.get(word, word) for word in found})


def statistics_userlists(variables: Variables) -> list[Item]:
    """The users of the statistics as a list of users, if there are any."""
    users = [{**user, "insecure": True} for user in variables["haproxy_stats_users"]]
    return [{"name": "statistics", "users": users}] if users else []


def _defaults(declared: Defaults, variables: Variables, base: Item) -> Item:
    return {
        "name": declared.name,
        "mode": declared.mode,
        "options": list_directives(
            {**base["options"][declared.mode], **logs.list_options(declared.mode, variables), **declared.options}
        ),
        "timeouts": list_directives(build_timeouts(declared, base["timeouts"])),
        "lines": logs.list_lines(declared.mode, variables) + fit_lines(declared.lines),
    }


def _client_timeouts(variables: Variables) -> dict[str, list[Any]]:
    """C(timeout client) of the frontends that send clients to a section, by its name; none where the inventory sets
    none."""
    defaults = declared_defaults(variables)
    found: dict[str, list[Any]] = {}
    for item in merge_items(variables, "frontend"):
        for name in find_targets(item):
            own = merge_timeouts(item, defaults[find_defaults(item, variables)]).get("client")
            found.setdefault(name, []).append(own)
    return found


def find_defaults(item: Item, variables: Variables) -> str:
    """The name of the defaults with which a section begins."""
    return str(item.get("from") or choose_defaults(item, variables))


def _http_backends(variables: Variables, known: dict[str, str]) -> tuple[str, ...]:
    """The names of the sections that send requests to servers."""
    found = [(item, kind) for kind in ("backend", "listen") for item in merge_items(variables, kind)]
    names = [
        item["name"]
        for item, kind in found
        if find_mode(item, known, variables["haproxy_mode"]) == "http" and _has_servers(item, kind)
    ]
    return (*names, *([frontend_rules.ACME] if variables["haproxy_acme_servers"] else []))


def _has_servers(item: Item, kind: str) -> bool:
    return kind == "backend" or bool(item.get("servers") or item.get("server_templates"))


def _own_backends(variables: Variables) -> list[Item]:
    """The table of clients, who answers ACME challenges (of several nodes the one whose client runs right now and knows
    the token), and the program that makes the status page."""
    limits, challenged = variables["haproxy_client_limits"], variables["haproxy_acme_servers"]
    found = []
    if limits:
        found.append(_own_backend(frontend_rules.LIMITS, [frontend_rules.client_table(limits)], []))
    if challenged:
        retries = [f"retries {len(challenged)}", "option redispatch 1", "retry-on conn-failure empty-response 404"]
        servers = [f"{server['name']} {format_endpoint(server['address'], server['port'])}" for server in challenged]
        found.append(_own_backend(frontend_rules.ACME, retries, servers))
    if status_page.is_served(variables):
        found.append(_own_backend(status_page.BACKEND, [], [status_page.format_server(variables)]))
    return found


def _own_backend(name: str, lines: list[str], servers: list[str]) -> Item:
    return {
        "kind": "backend",
        "name": name,
        "from": "local",
        "mode": "",
        "binds": [],
        "maxconn": 0,
        "balance": "",
        "cookie": "",
        "health_check": None,
        "lines": lines,
        "lists": [],
        "servers": servers,
        "server_templates": [],
        "default_backend": "",
    }


def _build_proxy(kind: str, item: Item, variables: Variables, base: Item, known: dict[str, str]) -> Item:
    item = {**item, "binds": merge_binds(variables, item)}
    own_mode = find_mode(item, known, variables["haproxy_mode"])
    defaults = base["defaults"][find_defaults(item, variables)]
    check = {
        "type": "none",
        **base["health_check"],
        **({"type": "http", **item["health_check"]} if "health_check" in item else {}),
    }
    binds, lists = _build_binds(item, own_mode, variables, base)
    servers = _servers(
        item,
        {**base["server"], **variables["haproxy_server_defaults"]},
        frontend_rules.is_made(variables, "server_cookies"),
    )
    return {
        "kind": kind,
        "name": item["name"],
        "from": find_defaults(item, variables),
        "mode": "" if own_mode == defaults.mode else own_mode,
        "binds": binds,
        "maxconn": 0 if kind == "backend" else base["limits"]["sections"].get(item["name"], 0),
        "balance": item.get("balance", ""),
        "cookie": item.get("cookie", ""),
        "health_check": _health_check(check) if check["type"] == "http" else None,
        "lines": [
            *_tunnel(kind, item, own_mode, defaults, base),
            *fit_lines(_build_rules(kind, item, own_mode, binds, variables, base)),
            *(_ask_silent_servers(base["limits"]["requests"]) if _asks_silent(own_mode, servers, variables) else []),
        ],
        "lists": lists,
        **servers,
        "default_backend": item.get("default_backend", ""),
    }


def _build_binds(item: Item, own_mode: str, variables: Variables, base: Item) -> tuple[list[str], list[Item]]:
    """The words of each bind, those over UDP last, and the files with lists of certificates that they name."""
    bound = [
        _format_bind(
            bind,
            own_mode == "http" and frontend_rules.is_made(variables, "http2"),
            base["certificate_store"],
            f"{LISTS}/{item['name']}_{number}.crt",
        )
        for number, bind in enumerate(item["binds"], 1)
    ]
    over_tcp = [words for words, _files in bound]
    over_udp = [quic.build_bind(words) for words, bind in zip(over_tcp, item["binds"]) if quic.is_quic(bind)]
    return over_tcp + over_udp, [file for _words, files in bound for file in files]


def _build_rules(kind: str, item: Item, own_mode: str, binds: list[str], variables: Variables, base: Item) -> list[str]:
    """The lines of the inventory, with the role's rules for frontends and for what must not be sent twice."""
    lines: list[str] = item.get("lines", [])
    if kind != "backend":
        lines = quic.build_rules(item["binds"]) + frontend_rules.build_lines(
            item, own_mode, binds, variables, base["in_flight"], base["forwards_nul"]
        )
    if kind != "frontend" and own_mode == "http" and variables["haproxy_retry_on"]:
        return frontend_rules.insert_before([SAFE_TO_RETRY], lines, frontend_rules.HTTP_RULES)
    return lines


def _asks_silent(own_mode: str, servers: Item, variables: Variables) -> bool:
    return own_mode == "http" and _is_checked(servers) and boolean(variables["haproxy_ask_silent_servers"])


def _ask_silent_servers(requests: int) -> list[str]:
    """Rules behind those of an inventory: while no server is UP, requests go to one whose checks time out. They are
    bounded, because they wait as long as servers do that hang."""
    return [
        "force-persist if { nbsrv eq 0 }",
        f"use-server %[lua.silent_server] if {{ nbsrv eq 0 }} {{ be_conn le {max(requests // SILENT_SHARE, 1)} }}",
    ]


def _tunnel(kind: str, item: Item, own_mode: str, inherited: Defaults, base: Item) -> list[str]:
    """The tunnel time-out of a section, where its own time-outs or those of its frontends call for another than that of
    its defaults."""
    own = merge_timeouts(item, inherited)
    builtin = base["timeouts"].get("tunnel")
    if kind == "frontend" or not builtin or "tunnel" in own:
        return []
    known = base["clients"].get(item["name"], []) if kind == "backend" else []
    clients = known or [own.get("client")]
    wanted = choose_tunnel(own_mode, clients, own.get("server"), builtin)
    default = build_timeouts(inherited, base["timeouts"])["tunnel"]
    return [] if wanted == default else [f"timeout tunnel {wanted or 0}"]


def _health_check(check: Item) -> Item:
    return {"expect": f"status {check['status']}", **check, "host": escape_format(str(check["host"]))}


def _format_bind(bind: Item, http2: bool, store: str, path: str) -> tuple[str, list[Item]]:
    """The words of a bind line, and the file at that path if the line cannot name all certificates."""
    files: list[Item] = []
    words = [format_endpoint(bind.get("address", "*"), bind.get("port")), *bind.get("options", [])]
    certificates = bind.get("certificates", [])
    if certificates:
        # The words below are added behind the certificates.
        others = [*split_words(" ".join(words)), "bind", "ssl", "strict-sni", "alpn", "h2,http/1.1"]
        named, files = fit_certificates(others, certificates, path)
        words += ["ssl", *named]
        if {certificate.rstrip("/") for certificate in certificates} == {store} and "strict-sni" not in words:
            words.append("strict-sni")  # Without it, HAProxy refuses a directory that is still empty.
        if http2 and "alpn" not in " ".join(words).split():
            words.append("alpn h2,http/1.1")
    return " ".join(words), files


def _servers(item: Item, defaults: Item, named_cookies: bool) -> dict[str, list[str]]:
    """The server and server-template lines after their first word."""
    unchecked = {"check": False} if item.get("health_check", {}).get("type") == "none" else {}
    common = {**defaults, **unchecked, **item.get("server_options", {})}
    cookies = named_cookies and item.get("cookie") and "dynamic" not in item["cookie"].split()
    servers = []
    for server in item.get("servers", []):
        cookie = server.get("cookie", server["name"] if cookies else "")
        words = join_options({**common, **({"cookie": cookie} if cookie else {}), **server.get("options", {})})
        servers.append(
            f"{server['name']} {format_endpoint(server['address'], server.get('port') or item.get('port'))} {words}"
        )
    templates = [
        f"{server['prefix']} {server['count']} "
        f"{format_endpoint(server['address'], server.get('port') or item.get('port'))} "
        + join_options({**common, **server.get("options", {})})
        for server in item.get("server_templates", [])
    ]
    return {"servers": servers, "server_templates": templates}


def _is_checked(section: Item) -> bool:
    """Return whether the section has servers and HAProxy checks every one of them."""
    lines = section["servers"] + section["server_templates"]
    return bool(lines) and all({"check", "track"}.intersection(line.split()[2:]) for line in lines)


def _peers(item: Item, nodes: list[Item]) -> Item:
    peers = [f"{node['name']} {format_endpoint(node['address'], item['port'])}" for node in nodes]
    return {"name": item["name"], "lines": item.get("lines", []), "peers": peers}


def _userlist(item: Item) -> Item:
    groups = chain.from_iterable(user.get("groups", []) for user in item["users"])
    return {
        "name": item["name"],
        "groups": sorted(set(groups)),
        "users": [_format_user(user) for user in item["users"]],
    }


def _format_user(user: Item) -> str:
    kind = "insecure-password" if user.get("insecure") else "password"
    groups = f" groups {','.join(user['groups'])}" if user.get("groups") else ""
    return f"{user['name']} {kind} {quote_word(user['password'])}{groups}"
