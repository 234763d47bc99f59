# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy's sections: what an inventory leaves out is filled in, what cannot work is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.evenkeel.ha_web.plugins.module_utils._problem import repeated

WILDCARDS = ("", "*", "0.0.0.0", "::")
LOOPBACKS = ("127.", "::1", "localhost")
HEALTH_CHECK = {"method": "GET", "uri": "/", "host": "localhost", "status": "200"}
OWN_NAMES = ("health", "statistics")
KINDS = ("frontends", "backends", "listens")


def options(values: dict[str, Any]) -> str:
    """Data as words of a line: true is the name alone, false is left out, all else is name and value."""
    words = []
    for name, value in values.items():
        if value is True:
            words.append(name)
        elif value is not False:
            words.append(f"{name} {value}")
    return " ".join(words)


def sections(model: dict, mode: str, server_defaults: dict) -> dict[str, list[dict]]:
    """The sections with every key present, servers with their defaults merged; the input stays as it is."""
    return {kind: [_section(section, mode, server_defaults) for section in model[kind]] for kind in KINDS}


def _section(section: dict, mode: str, server_defaults: dict) -> dict:
    whole = {"mode": mode, "default_backend": "", "balance": "", "health_check": None, "lines": [], **section}
    whole["binds"] = [{"address": "*", "options": [], **bind} for bind in section.get("binds", [])]
    whole["servers"] = [_server(server, section.get("port"), server_defaults) for server in section.get("servers", [])]
    if whole["health_check"] is not None:
        whole["health_check"] = {**HEALTH_CHECK, **whole["health_check"]}
    return whole


def _server(server: dict, port: int | None, defaults: dict) -> dict:
    return {"port": port, **server, "options": {**defaults, **server.get("options", {})}}


def problems(model: dict) -> list[str]:
    """One line for everything that HAProxy would refuse or, worse, accept.

    C(model) has frontends, backends and listens as the role's variables give them, and C(local) with the
    addresses and ports of the health and the statistics listener."""
    return [
        *_names(model),
        *_default_backends(model),
        *_servers(model),
        *_listeners(model),
        *_statistics(model["local"]["stats"]),
    ]


def _names(model: dict) -> list[str]:
    found = []
    for kind in KINDS:
        found += repeated(f"haproxy_{kind}", "name", [section["name"] for section in model[kind]])
    for section in model["frontends"] + model["listens"]:
        if section["name"] in OWN_NAMES:
            found.append(f"haproxy_frontends: the name {section['name']} is taken by the role's own listener; choose another")
    front = {section["name"] for section in model["frontends"] + model["backends"]}
    for listen in model["listens"]:
        if listen["name"] in front:
            found.append(f"haproxy_listens: the name {listen['name']} is a frontend's or a backend's already; a listen is both")
    return found


def _default_backends(model: dict) -> list[str]:
    known = [section["name"] for section in model["backends"] + model["listens"]]
    return [
        f"haproxy_frontends: default_backend of {section['name']} is '{section['default_backend']}', which does not exist; "
        f"there are {', '.join(known) or 'no backends'}"
        for section in model["frontends"]
        if section.get("default_backend") and section["default_backend"] not in known
    ]


def _servers(model: dict) -> list[str]:
    found = []
    for kind in ("backends", "listens"):
        for section in model[kind]:
            where = f"haproxy_{kind}: {section['name']}"
            servers = section.get("servers", [])
            found += repeated(where, "server name", [server["name"] for server in servers])
            if not servers and not section.get("lines"):
                found.append(f"{where} has no servers; name at least one, or check that the inventory group it is built from has hosts")
            for server in servers:
                port = server.get("port") or section.get("port")
                if not port:
                    found.append(f"{where}: server {server['name']} has no port; give it one, or the whole section")
                elif not 1 <= int(port) <= 65535:
                    found.append(f"{where}: server {server['name']} has port {port}, which is outside 1-65535")
    return found


def _binds(model: dict) -> Iterator[tuple[str, str, int]]:
    for kind in ("frontends", "listens"):
        for section in model[kind]:
            for bind in section.get("binds", []):
                yield f"{section['name']} (haproxy_{kind})", bind.get("address", "*"), int(bind["port"])
    local = model["local"]
    yield "haproxy_health_port", local["health"]["address"], int(local["health"]["port"])
    if local["stats"]["enabled"]:
        yield "haproxy_stats_port", local["stats"]["address"], int(local["stats"]["port"])


def _listeners(model: dict) -> list[str]:
    found = []
    seen: list[tuple[str, str, int]] = []
    for name, address, port in _binds(model):
        if not 1 <= port <= 65535:
            found.append(f"{name}: port {port} is outside 1-65535")
        for other, taken, taken_port in seen:
            if port == taken_port and (address == taken or address in WILDCARDS or taken in WILDCARDS):
                found.append(f"{name} and {other} both listen on port {port} ({address} and {taken}); give one another port or address")
        seen.append((name, address, port))
    return found


def _statistics(stats: dict) -> list[str]:
    if not stats["enabled"] or stats["users"] or stats["address"].startswith(LOOPBACKS):
        return []
    return [
        f"haproxy_stats_address is '{stats['address']}' and haproxy_stats_users is empty: "
        "statistics that others can reach need a user with a password; or use 127.0.0.1"
    ]
