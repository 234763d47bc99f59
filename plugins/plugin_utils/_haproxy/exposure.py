# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find settings that expose a load balancer or lock its clients out. Each problem is one line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible.module_utils.parsing.convert_bool import boolean

from .._input.rules import find_repeated, refuse_no_network
from . import maintenance
from .declared import SOCKETS, Item, Sections, Variables
from .defaults import MODES, declared_defaults
from .sections import find_defaults, find_mode, find_modes, merge_binds

MODE = re.compile(r"0?[0-7]{3}")
HEADER = re.compile(r"[A-Za-z0-9-]+\*?")
TIME = re.compile(r"[1-9]\d*(us|ms|s|m|h|d)?")
COUNTS = ("connections", "new_connections", "requests")
ASKS_WHO = ("stats auth", "stats http-request auth", "http-request auth")


def problems(variables: Variables, sections: Sections) -> Iterator[str]:
    """C(sections) are the items of each kind, merged over their defaults."""
    yield from _sockets(variables)
    yield from _statistics(variables, sections)
    yield from _https(variables, sections)
    yield from _headers(variables)
    yield from _limits(variables["haproxy_client_limits"])
    yield from maintenance.find_problems(variables["haproxy_maintenance"])
    yield from _challenges(variables["haproxy_acme_servers"])


def _sockets(variables: Variables) -> Iterator[str]:
    permissions = str(variables["haproxy_socket_mode"])
    if not MODE.fullmatch(permissions) or permissions[-1] != "0":
        yield (
            f"haproxy_socket_mode is '{permissions}': an octal number that gives others nothing is needed, such as 660"
        )
    accepted = boolean(variables["haproxy_accept_unprotected_socket"])
    for line in () if accepted else variables["haproxy_global_lines"]:
        if is_open_socket(line.split()):
            yield (
                f"haproxy_global_lines: '{line}' lets everybody who reaches {line.split()[2]} administrate HAProxy "
                "without a password; "
                "use a socket with a mode and a group, such as /run/haproxy/other.sock mode 660 group haproxy, or "
                "level user; or set haproxy_accept_unprotected_socket to true"
            )


def is_open_socket(words: list[str]) -> bool:
    """Return whether a line of the section global is a socket by which everybody on the network can administrate."""
    return words[:2] == ["stats", "socket"] and "admin" in words and len(words) > 2 and not words[2].startswith(SOCKETS)


def _statistics(variables: Variables, sections: Sections) -> Iterator[str]:
    if boolean(variables["haproxy_accept_unprotected_stats"]):
        return
    defaults = declared_defaults(variables)
    places: list[tuple[str, list[str], list[str]]] = [("haproxy_stats_lines", variables["haproxy_stats_lines"], [])]
    places += [(_name_defaults(name), inherited.lines, []) for name, inherited in defaults.items()]
    for kind in sections:
        for section in sections[kind]:
            inherited = defaults.get(find_defaults(section, variables))
            places.append(
                (
                    f"haproxy_{kind}s: {section['name']}",
                    section.get("lines", []),
                    inherited.lines if inherited else [],
                )
            )
    known = variables["haproxy_stats_users"] or variables["haproxy_stats_userlist"]
    found = {}
    for where, lines, inherited_lines in places:
        asked = known and where == "haproxy_stats_lines"
        if not asked and has_open_admin(lines, inherited_lines):
            found[where] = (
                f"{where}: 'stats admin' lets everybody who sees the statistics switch servers off; ask for a "
                "password, give it a condition such as 'if LOCALHOST', leave it out, or set "
                "haproxy_accept_unprotected_stats to true"
            )
    yield from found.values()


def _name_defaults(name: str) -> str:
    return "haproxy_defaults_lines" if name in MODES else f"haproxy_named_defaults: {name}"


def has_open_admin(lines: list[str], inherited: list[str]) -> bool:
    """Return whether the statistics of a section allow everybody to administrate."""
    asked = any(" ".join(line.split()).startswith(ASKS_WHO) for line in [*lines, *inherited])
    return not asked and any(_is_open_admin(line.split()) for line in lines)


def _is_open_admin(words: list[str]) -> bool:
    """Return whether a line allows everybody to administrate."""
    return words[:2] == ["stats", "admin"] and words[2:] in ([], ["if"], ["if", "TRUE"])


def _https(variables: Variables, sections: Sections) -> Iterator[str]:
    known = find_modes(variables)
    for kind in ("frontend", "listen"):
        for section in sections[kind]:
            if not boolean(section.get("https_only", False)):
                continue
            where = f"haproxy_{kind}s: {section['name']}: https_only"
            binds = merge_binds(variables, section)
            if find_mode(section, known, variables["haproxy_mode"]) != "http":
                yield f"{where} is set in mode tcp, which cannot redirect; leave it out"
            elif not any(
                bind.get("certificates") or "ssl" in " ".join(bind.get("options", [])).split() for bind in binds
            ):
                yield (
                    f"{where} is set and no bind has certificates, so clients would be redirected for ever; give "
                    "one of them certificates"
                )
    age = str(variables["haproxy_hsts_max_age"])
    if not age.isdecimal():
        yield f"haproxy_hsts_max_age is '{age}': a number of seconds is needed, or 0 for none"


def _headers(variables: Variables) -> Iterator[str]:
    for name in variables["haproxy_removed_headers"]:
        if not HEADER.fullmatch(name):
            yield (
                f"haproxy_removed_headers has '{name}': the name of a header is needed, or its beginning and *, "
                "such as X-Forwarded-*"
            )
    for name in ("haproxy_trusted_proxies", "haproxy_stats_allowed", "haproxy_banned_networks"):
        for network in variables[name]:
            yield from refuse_no_network(name, network)


def _limits(limits: Item) -> Iterator[str]:
    for network in limits.get("exempt", []):
        yield from refuse_no_network("haproxy_client_limits.exempt", network)
    if limits and not any(key in limits for key in COUNTS):
        yield f"haproxy_client_limits limits nothing: set at least one of {', '.join(COUNTS)}, or leave it empty"
    for key in COUNTS:
        if key in limits and int(limits[key]) < 1:
            yield f"haproxy_client_limits.{key} is {limits[key]}, so no client would be served; at least 1 is needed"
    if not TIME.fullmatch(str(limits.get("period", "10s"))):
        yield f"haproxy_client_limits.period is '{limits['period']}': a time is needed, such as 10s"


def _challenges(servers: list[Item]) -> Iterator[str]:
    yield from find_repeated("haproxy_acme_servers", "name", [server["name"] for server in servers])
    for server in servers:
        if not 1 <= int(server["port"]) <= 65535:
            yield f"haproxy_acme_servers: {server['name']} has port {server['port']}, which is outside 1-65535"
