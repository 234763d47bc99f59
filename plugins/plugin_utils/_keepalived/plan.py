# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role keepalived to what its templates print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input import additions
from .._input.interfaces import LOOPBACK
from .._input.plan import make_plan
from .declared import Node
from .instance import list_instance_nodes
from .interfaces import add_interfaces
from .model import build_blocks
from .problems import RANGES, problems
from .second_chance import bare_address

TEXTS = ("global_lines", "extra_lines", "node_name", "script_user", "metrics_directory")
"""Variables without their prefix, which have to be of one line each."""

ACCEPTED = ("address_owner", "lossy_anycast", "single_node", "vip_outside_subnets", "weights")
"""Risks that an inventory can accept."""

ONE_SEGMENT = 255
"""The TTL of a packet that no router has passed on."""


def plan(
    variables: dict[str, Any],
    base: dict[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    earlier: Iterable[str] = (),
) -> dict[str, Any]:
    """Return C(problems), C(model) and C(names). C(base) has the profiles of time, what items are merged over, and
    paths."""
    return make_plan(
        "keepalived",
        variables,
        base,
        options,
        facts,
        lambda reduced, merged: declare(reduced, merged, facts),
        lambda declared: problems(declared, dict(facts)),
        build_model,
        nulls=True,
        earlier=earlier,
    )


def declare(variables: dict[str, Any], base: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declaration of model.py: every item has its defaults, and every instance its interface.

    C(given) are the variables without their prefix."""
    given = {name.removeprefix("keepalived_"): value for name, value in variables.items()}
    timing = {**base["timings"][given["timing"]], **base.get("timing", {})}
    watch_directory = base["watch_directory"]
    watched = [item["name"] for item in given["watched_urls"]]
    instances = _merge_defaults({**base["instance"], "interface": given["interface"]}, given, "instance")
    return {
        "given": given,
        "nodes": given["nodes"],
        "node": given["node_name"],
        "timing": timing["instance"],
        "instances": add_interfaces(instances, given["nodes"], given["node_name"], dict(facts)),
        "sync_groups": _merge_defaults(base["sync_group"], given, "sync_group"),
        "scripts": _merge_defaults({**timing["script"], **base["script"]}, given, "script"),
        "track_files": _merge_defaults(base["track_file"], given, "track_file"),
        "track_processes": _merge_defaults(base["track_process"], given, "track_process", "track_processes"),
        "virtual_servers": [
            {
                **base["virtual_server"],
                **item,
                "real_servers": [{**base["real_server"], **real} for real in item.get("real_servers", [])],
            }
            for item in given["virtual_servers"]
        ],
        "smtp_alerts": given["smtp_alerts"],
        "global_lines": given["global_lines"],
        "state_directory": base["state_directory"],
        "reports": {base["state_directory"]: given["watched_units"], watch_directory: watched},
        "yields": {watch_directory: [item["name"] for item in given["yield_urls"]]},
        "busy": {watch_directory: [_busy_name(name) for name in watched]},
        "files": given["files"],
        "watch_defaults": given["watch_defaults"],
        "urls": {"watched": given["watched_urls"], "yield": given["yield_urls"]},
        "quic_ports": given["quic_ports"],
        "numbers": {name: given[name] for name in RANGES},
        "texts": {name: given[name] for name in TEXTS},
        "second_chance": boolean(given["second_chance"]) and int(given["firewall_min_ttl"]) == ONE_SEGMENT,
        "accepted": [name for name in ACCEPTED if boolean(given[f"accept_{name}"])],
        "left_out": [name for name in base["additions"] if not additions.is_made("keepalived", variables, name)],
    }


def _merge_defaults(base: dict[str, Any], given: dict[str, Any], kind: str, plural: str = "") -> list[dict[str, Any]]:
    defaults = given[f"{kind}_defaults"]
    return [{**base, **defaults, **item} for item in given[plural or f"{kind}s"]]


def _busy_name(name: str) -> str:
    return f"{name}_busy"


def _list_alerts(alerts: dict[str, Any]) -> list[str]:
    """The lines of alerts by mail; with addresses, everything sends them unless something says otherwise."""
    if not alerts:
        return []
    words = {"from": "notification_email_from", "timeout": "smtp_connect_timeout", "helo": "smtp_helo_name"}
    return [
        "notification_email {",
        *(f"    {address}" for address in alerts["to"]),
        "}",
        f"smtp_server {alerts.get('server', '127.0.0.1')} {alerts.get('port', 25)}",
        *(f"{word} {alerts[key]}" for key, word in words.items() if key in alerts),
        *(["smtp_alert true"] if boolean(alerts.get("by_default", True)) else []),
    ]


def build_model(declared: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Return what the templates print, and the settings of the role's own programs."""
    given = declared["given"]
    found = build_blocks(declared)
    has_metrics = boolean(given["metrics_enabled"])
    # Only where no router is between the nodes: a packet is passed on by the address of its network card.
    has_second_chance = declared["second_chance"] and bool(found["second_chance"]["tables"])
    timing = base["timings"][given["timing"]]
    watches = _build_watches(given, timing)
    reports = _join_paths(declared["reports"])
    optional = {"watch": watches, "second-chance": has_second_chance, "metrics": has_metrics}
    return {
        **found,
        "confined": boolean(given["confined"]),
        "firewall": boolean(given["firewall"]),
        "global_lines": _build_global_lines(given, declared["left_out"], base, has_metrics),
        "has_second_chance": has_second_chance,
        "node_addresses": _list_addresses(_list_all_nodes(declared)),
        "vips": {
            name: _list_vips(found["instances"], apart) if boolean(given["check_addresses"]) else []
            for name, apart in (("near", False), ("apart", True))
        },
        "secrets": [instance["auth_pass"] for instance in found["instances"] if instance["auth_pass"]],
        "watch_reports": [name for watch in watches for name in _list_reports(watch)],
        "companions": ["keepalived-kernel", *(f"keepalived-{name}" for name, wanted in optional.items() if wanted)],
        "programs": {
            "kernel_state": _build_kernel_state(
                given,
                _list_all_nodes(declared),
                base,
                found["second_chance"] if has_second_chance else {},
                {item["name"]: item["anycast"] for item in found["instances"] if item["anycast"]},
            ),
            "watch": watches,
            "second_chance": {
                **found["second_chance"],
                "reports": reports,
                **base["heartbeat"],
                **timing["heartbeat"],
            },
            "metrics": _build_metrics(
                given, base["metrics"], found["instances"], reports, _join_paths(declared["busy"])
            ),
        },
    }


def _build_global_lines(
    given: dict[str, Any], left_out: list[str], base: dict[str, Any], has_metrics: bool
) -> list[str]:
    """Return the lines of the global section. Of a word that stands twice, keepalived takes the last."""
    return [
        *_list_globals(given, left_out),
        *(base["global_lines"] if "garp" not in left_out else []),
        *(base["metrics"]["lines"] if has_metrics else []),
        *_list_alerts(given["smtp_alerts"]),
        *given["global_lines"],
    ]


def _list_globals(given: dict[str, Any], left_out: list[str]) -> list[str]:
    """Return the role's own lines of the global section."""
    found = []
    if "router_id" not in left_out:
        found.append(f"router_id {given['node_name']}")
    if "script_security" not in left_out:
        found += ["enable_script_security", f"script_user {given['script_user']}"]
    if int(given["rt_priority"]):
        found += [f"vrrp_rt_priority {given['rt_priority']}", "vrrp_rlimit_rttime 100000"]
    return found


def _list_addresses(nodes: Iterable[Node]) -> list[str]:
    found = [str(value) for node in nodes for key, value in node.items() if key in ("address", "address6") and value]
    return list(dict.fromkeys(found))


def _list_vips(instances: Iterable[dict[str, Any]], apart: bool) -> list[dict[str, Any]]:
    """The VIPs with their interfaces and router ids: those on the interface of the adverts, or else those C(apart)."""
    return [
        {
            "address": address["address"],
            "interface": address["dev"],
            "virtual_router_id": int(instance["virtual_router_id"]),
        }
        for instance in instances
        for address in instance["virtual_ipaddress"]
        if address["dev"] != LOOPBACK and (address["dev"] != instance["interface"]) == apart
    ]


def _join_paths(reports: dict[str, list[str]]) -> list[str]:
    return [f"{folder}/{name}" for folder, names in reports.items() for name in names]


def _build_watches(given: dict[str, Any], timing: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the settings of each URL that the watcher requests. Only a watched URL fails by giving no answer."""
    watched = {**timing["watch"], "silence": True, **given["watch_defaults"]}
    yielding = {**timing["yield"], "silence": False}
    watches = [{**watched, **item} for item in given["watched_urls"]]
    watches += [{**yielding, **item} for item in given["yield_urls"]]
    return [{**watch, **({"status": int(watch["status"])} if "status" in watch else {})} for watch in watches]


def _list_reports(watch: dict[str, Any]) -> list[str]:
    """Return the names of the track files that the watcher writes for one URL."""
    return [watch["name"], *([_busy_name(watch["name"])] if watch["silence"] else [])]


def _list_all_nodes(declared: dict[str, Any]) -> list[Node]:
    """Return the nodes, and once more those that have another address for an instance."""
    nodes: list[Node] = declared["nodes"]
    others = [node for item in declared["instances"] for node in list_instance_nodes(item, nodes)]
    return [*nodes, *(node for node in others if node not in nodes)]


def _build_kernel_state(
    given: dict[str, Any],
    nodes: list[Node],
    base: dict[str, Any],
    second_chance: dict[str, Any],
    anycast: dict[str, list[str]],
) -> dict[str, Any]:
    """Return what kernel_state.py restores. C(second_chance) is empty if the role does not set it up; C(anycast) has
    addresses by instance that the host has with or without it."""
    others = [node for node in nodes if node["name"] != given["node_name"]]
    return {
        "addresses": second_chance.get("addresses", [address for found in anycast.values() for address in found]),
        **({"anycast": {name: list(map(bare_address, found)) for name, found in anycast.items()}} if anycast else {}),
        "interfaces": second_chance.get("interfaces", []),
        "parameter_files": base["parameter_files"],
        "peers": _list_addresses(others) if boolean(given["firewall"]) else None,
        "min_ttl": int(given["firewall_min_ttl"]),
        "heartbeat_port": base["heartbeat"]["port"] if second_chance else 0,
        "ruleset": "second_chance.nft" if second_chance else "",
        "reports": {f"{base['state_directory']}/{unit}": unit for unit in given["watched_units"]},
    }


def _build_metrics(
    given: dict[str, Any], base: dict[str, Any], instances: list[dict[str, Any]], tracked: list[str], busy: list[str]
) -> dict[str, Any]:
    state = base["state"]
    return {
        **base["program"],
        "pipe": f"{state}/pipe",
        "memory": f"{state}/memory.json",
        "output": f"{given['metrics_directory']}/keepalived.prom",
        "vips": {
            instance["name"]: [re.split("[/ ]", held, maxsplit=1)[0] for held in instance["held"]]
            for instance in instances
        },
        "tracked": tracked,
        "busy": busy,
        "units": given["watched_units"],
        "masters": {unit: path for unit, path in base["masters"].items() if unit in given["watched_units"]},
        "announcements": base["announcements"] if any(instance["anycast"] for instance in instances) else {},
    }
