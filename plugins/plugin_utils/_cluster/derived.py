# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of roles that playbooks derive from those of the inventory (playbooks/vars/cluster.yml)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .._input.rules import find_unknown
from .._input.shape import find_shape_problems
from .._input.values import Option
from .nodes import VIPS

ROLES = Path(__file__).parents[3] / "roles"
SHORTCUTS = {
    "bird_addresses": "cluster_anycast",
    "bird_bfd": "bgp_bfd",
    "bird_local_as": "bgp_local_as",
    "bird_peers": "bgp_peers",
    "bird_rise": "bgp_rise",
}
"""Variables of roles, and those that an inventory has in their place."""

SOURCES = (*SHORTCUTS.values(), *VIPS, "cluster_servers")
"""Variables of an inventory from which those of roles are derived."""

NODES = {"haproxy_nodes": "load_balancers", "keepalived_nodes": "load_balancers", "nginx_nodes": "web_servers"}
"""Variables of roles that have the hosts of a group."""

WITHOUT_NULLS = ("nginx", "bird")
"""Roles whose keys need values."""


def list_options(role: str) -> dict[str, Option]:
    """Return the options of a role, with those of the shortcuts to its variables. An inventory need not have any."""
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    options: dict[str, Option] = yaml.load(text, Loader=loader)["argument_specs"]["main"]["options"]
    found = {**options, **{short: options[name] for name, short in SHORTCUTS.items() if name in options}}
    return {name: {**option, "required": False} for name, option in found.items()}


def find_wrong_types(
    role: str, given: Mapping[str, Any], options: Mapping[str, Option], names: Collection[str]
) -> list[str]:
    """Return the problems of the role's variables that others could not be derived from. C(names) are all of the
    inventory's: beside such problems, those that the role does not know are reported as well."""
    wrong = find_shape_problems(given, options, role not in WITHOUT_NULLS)
    return [*find_unknown((name for name in names if name.startswith(f"{role}_")), options), *wrong] if wrong else []


def find_sources(inventory: Mapping[str, Any]) -> dict[str, str]:
    """Return what the messages of roles call variables that the inventory does not have, with what it has in their
    place. C(inventory) has values by the names of variables."""
    found = {name: short for name, short in SHORTCUTS.items() if name not in inventory}
    for name, group in NODES.items():
        if name not in inventory:
            found.update({f"{name}{end}": f"the group {group}{end}" for end in (" has ", ": ")})
    if "haproxy_backends" not in inventory:
        servers = "cluster_servers" if inventory.get("cluster_servers") else "the group web_servers"
        found["haproxy_backends: web: "] = f"{servers}: "
    if "keepalived_instances" not in inventory:
        found.update(_find_sources_of_instances(inventory))
    return found


def _find_sources_of_instances(inventory: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The instances that spread_instances() makes, by the names of their messages."""
    given = {name: _as_list(inventory.get(name)) for name in VIPS}
    listed = [(name, address) for name in ("cluster_vip", "cluster_vips") for address in given[name]]
    for number, (name, address) in enumerate(listed, start=1):
        instance = f"cluster_vip_{number}" if number > 1 else "cluster_vip"
        yield f"keepalived_instances: {instance}: ", f"{name} ({address}): "
    for address in given["cluster_vip6"]:
        yield "keepalived_instances: cluster_vip6: ", f"cluster_vip6 ({address}): "
    for instance in ("cluster_anycast", "cluster_anycast6"):
        yield f"keepalived_instances: {instance}: ", "cluster_anycast: "


def _as_list(value: Any) -> list[Any]:
    return [item for item in (value if isinstance(value, (list, tuple)) else [value]) if item]
