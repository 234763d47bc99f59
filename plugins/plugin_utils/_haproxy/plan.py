# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role haproxy to what its templates print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._acme import orders
from .._input import additions, tls
from .._input.plan import make_plan
from .._input.releases import find_releases, has_feature
from . import acme, client_certificates, quic, status_page
from .declared import Item, Sections, Variables
from .logs import COMPANIONS, build_logs
from .loops import list_held
from .maxconn import compute_limits
from .problems import find_portless_checks, problems
from .sections import (
    KINDS,
    build_sections,
    find_mode,
    find_modes,
    format_endpoint,
    merge_binds,
    merge_items,
)
from .words import find_long_lines

EVERYWHERE = {"haproxy_health_address": "*", "haproxy_stats_address": "*"}
"""In a container with a network of its own, what only the host may ask is published at the host's address."""

PRINTED = (
    "ask_silent_servers",
    "chroot",
    "hard_stop_after",
    "log",
    "mworker_max_reloads",
    "prometheus_enabled",
    "retries",
    "retry_on",
    "stats_enabled",
)
"""Variables that are printed as they are. In plain mode, those of additions differ from what their defaults say."""


def plan(
    variables: dict[str, Any],
    base: dict[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    resources: Iterable[str] = (),
    earlier: Iterable[str] = (),
) -> dict[str, Any]:
    """Return C(problems), C(model) and C(names). C(base) is what build_sections() merges over, C(resources) are lines
    that say which packages, what memory and how many file descriptors the host has."""
    lines = list(resources)
    found = make_plan(
        "haproxy",
        variables,
        base,
        options,
        facts,
        lambda reduced, _merged: acme.declare_servers(reduced),
        lambda declared: [
            *problems(declared, lines, _list_held(declared, base)),
            *acme.find_problems(declared, _sections(declared), base["certificate_store"]),
            *quic.find_problems(
                _binds(declared),
                _find_releases(declared, facts, lines),
                declared["haproxy_container_ports"] if declared["haproxy_runtime"] == "container" else [],
            ),
        ],
        lambda declared, merged: build_model(declared, merged, facts, lines),
        nulls=True,
        earlier=earlier,
    )
    model = found["model"]
    problems_of_lines = [*find_long_lines(variables, model), *find_portless_checks(model)] if model else []
    return {**found, "problems": problems_of_lines, "model": {}} if problems_of_lines else found


def build_model(
    variables: dict[str, Any], base: dict[str, Any], facts: Mapping[str, Any], resources: list[str]
) -> dict[str, Any]:
    """Return what the templates print and what the service needs of its container."""
    contained = variables["haproxy_runtime"] == "container"
    releases = _find_releases(variables, facts, resources)
    published = contained and bool(variables["haproxy_container_ports"])
    printed = {**variables, **(EVERYWHERE if published else {})}
    known = {
        "newer_curves": tls.newer_curves(releases),
        "forwards_nul": not has_feature(releases, "refuses_nul"),
        "limits": compute_limits(printed, resources),
    }
    found = build_sections(printed, {**base, **known})
    health = format_endpoint(variables["haproxy_health_address"], variables["haproxy_health_port"])
    # The program ends connections of the host's network, which is not that of a container with ports of its own.
    hung = float(variables["haproxy_hung_server_seconds"]) > 0 and not published
    ordered = variables["haproxy_acme"]
    logs = build_logs(variables)
    page = status_page.build_page(variables, base["instances"]) if status_page.is_served(variables) else {}
    return {
        **found,
        "tls": [*found["tls"], *client_certificates.build_global_lines(variables, _sections(variables))]
        if found["tls"]
        else [],
        "privileges": [] if "setcap" in found["written"] else quic.build_global_lines(_binds(variables)),
        "additions": [name for name in base["additions"] if additions.is_made("haproxy", variables, name)],
        "own": {name: variables[f"haproxy_{name}"] for name in PRINTED},
        "stats_userlist": "statistics" if variables["haproxy_stats_users"] else variables["haproxy_stats_userlist"],
        "health_url": f"http://{health}{variables['haproxy_health_uri']}",
        "secrets": _list_secrets(variables),
        "logs": logs,
        "hung_servers": hung,
        "status_page": page,
        "companions": _list_companions(hung, bool(ordered), logs["daemon"], bool(page)),
        "acme": {
            "keys": orders.list_key_names(ordered),
            "settings": acme.build_settings(variables, _sections(variables), base["certificate_store"]),
        },
        "certificate_store": any(
            base["certificate_store"] in line for section in found["proxies"] for line in section["binds"]
        ),
        # A container has its own confinement, and its unit is only Docker's command.
        "confined": boolean(variables["haproxy_confined"]) and not contained,
        "container": {
            "ports": [*(_list_own_ports(variables) if published else []), *variables["haproxy_container_ports"]]
        },
    }


def _list_companions(hung: bool, ordered: bool, log_daemon: bool, page: bool) -> list[str]:
    """Return the units that run beside haproxy."""
    return [
        *(["haproxy-hung-servers.service"] if hung else []),
        *(["haproxy-acme.service"] if ordered else []),
        *(COMPANIONS if log_daemon else []),
        *(status_page.COMPANIONS if page else []),
    ]


def _find_releases(variables: Variables, facts: Mapping[str, Any], lines: list[str]) -> dict[str, str]:
    """The versions of the programs; none of a container, whose image need not have those of the host."""
    if variables["haproxy_runtime"] == "container":
        return {}
    return find_releases(facts, lines, {"haproxy": variables["haproxy_version"]})


def _list_held(variables: Variables, base: Mapping[str, Any]) -> set[str]:
    return list_held(base.get("instances", []), base.get("virtual_servers", []), variables["haproxy_node_name"])


def _sections(variables: Variables) -> Sections:
    return {kind: merge_items(variables, kind) for kind in KINDS}


def _binds(variables: Variables) -> list[tuple[str, str, Item]]:
    """Every bind, with where it stands and the mode of its section."""
    known = find_modes(variables)
    return [
        (
            f"haproxy_{kind}s: {section['name']}",
            find_mode(section, known, variables["haproxy_mode"]),
            bind,
        )
        for kind in ("frontend", "listen")
        for section in merge_items(variables, kind)
        for bind in merge_binds(variables, section)
    ]


def _list_secrets(variables: dict[str, Any]) -> list[str]:
    """Return the passwords, without duplicates."""
    users = [user for userlist in variables["haproxy_userlists"] for user in userlist["users"]]
    passwords = [user["password"] for user in [*users, *variables["haproxy_stats_users"]]]
    provider = variables["haproxy_acme"].get("dns_environment", {}).values()
    return list(dict.fromkeys([*passwords, *map(str, provider)]))


def _list_own_ports(variables: dict[str, Any]) -> list[str]:
    """Return the ports of the health and statistics listeners in Docker's notation, published on the host."""
    ports = [(variables[f"haproxy_{name}_address"], variables[f"haproxy_{name}_port"]) for name in ("health", "stats")]
    return [f"{format_endpoint(address, port)}:{port}" for address, port in ports]
