# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan moves of addresses between nodes, and find the reasons against a move.

C(seen) is what the module keepalived_info has returned of every node, by the nodes' names, and C(served) what the
module haproxy_info has. A node of which C(served) says nothing is not compared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypedDict

from ...module_utils._suggestion import suggestion
from .declared import Cluster
from .instance import list_names, order_nodes, rotate_after
from .serving import find_unserved

Seen = Mapping[str, Mapping[str, Any]]


class Move(TypedDict):
    """From which node instances go to which; the C(bystanders) could take them as well."""

    instances: list[str]
    source: str
    target: str
    bystanders: list[str]
    problems: list[str]


def plan_moves(
    seen: Seen,
    declared: Cluster,
    node: str = "",
    vrrp_instance: str = "",
    to: str = "",
    interval: float = 0,
    served: Seen | None = None,
) -> list[Move]:
    """The moves after which the node holds nothing; without a node, the one move of the instance."""
    if node:
        return plan_emptying(seen, declared, node, served or {})
    return [plan_move(seen, declared, vrrp_instance, to, interval, served or {})]


def plan_move(
    seen: Seen,
    declared: Cluster,
    instance: str = "",
    to: str = "",
    interval: float = 0,
    served: Seen = MappingProxyType({}),
) -> Move:
    """The move of one instance, and of those that move together with it, to a node or else to the next one that is
    well.

    C(declared) has C(nodes), C(instances) and C(sync_groups). C(interval) is how many seconds the last move has to be
    past."""
    shared = [item["name"] for item in declared["instances"] if item.get("anycast")]
    units = _units(declared)
    if shared and (instance in shared or not units):
        return _refuse(
            f"all nodes have the addresses of {' and '.join(shared)}, so there is nothing to move. reboot_hosts.yml, "
            "upgrade_packages.yml and cluster_node_tasks drain a node before they work on it; its standby file does by "
            "hand"
        )
    chosen = [unit for unit in units if instance in unit] if instance else units
    if len(chosen) != 1:
        known = _list_movable(declared)
        if instance:
            return _refuse(f"there is no instance '{instance}'{suggestion(instance, known)}")
        return _refuse(
            f"name the instance to move, which is one of {', '.join(known)}" if known else "there is no instance"
        )
    return _plan_unit(seen, declared, chosen[0], to, interval, served)


def plan_emptying(seen: Seen, declared: Cluster, node: str, served: Seen = MappingProxyType({})) -> list[Move]:
    """The moves after which the node holds nothing."""
    held = [unit for unit in _units(declared) if any(_find_state(seen, node, name) == "MASTER" for name in unit)]
    return [_plan_unit(seen, declared, unit, "", 0, served) for unit in held]


def _list_movable(declared: Cluster) -> list[str]:
    """The names of the instances that one node holds; all nodes have anycast addresses."""
    return list_names([item for item in declared["instances"] if not item.get("anycast")])


def _units(declared: Cluster) -> list[list[str]]:
    """The names of the instances that move together, those that move alone included."""
    groups = [group["instances"] for group in declared["sync_groups"]]
    grouped = {name for group in groups for name in group}
    return groups + [[name] for name in _list_movable(declared) if name not in grouped]


def _plan_unit(seen: Seen, declared: Cluster, unit: list[str], to: str, interval: float, served: Seen) -> Move:
    instance = next(item for item in declared["instances"] if item["name"] == unit[0])
    nodes = order_nodes(instance, declared["nodes"])
    what = " and ".join(unit)
    holders = [node for node in nodes if any(_find_state(seen, node, name) == "MASTER" for name in unit)]
    if len(holders) != 1:
        return _refuse(
            f"{what} is held by {', '.join(holders) or 'no node'}: repair that first, see journalctl --unit "
            "keepalived there"
        )
    source = holders[0]
    others = [node for node in rotate_after(nodes, source) if node in seen]
    well = [node for node in others if all(_find_state(seen, node, name) == "BACKUP" for name in unit)]
    if to and to not in nodes:
        return _refuse(f"{to} is no node of {what}{suggestion(to, nodes)}")
    if to not in (source, *well) if to else not well:
        states = ", ".join(
            f"{node} is {'/'.join(sorted({_find_state(seen, node, name) for name in unit}))}" for node in others
        )
        return _refuse(
            f"{f'{to} cannot' if to else 'no node can'} take {what} from {source}: {states}, and BACKUP is what it "
            "has to be"
        )
    lacking = {node: find_unserved(served[source], served[node]) for node in well if {source, node} <= served.keys()}
    able = [node for node in well if not lacking.get(node)]
    candidates = [to] if to in well else [] if to else well
    if candidates and not set(candidates) & set(able):
        reasons = "; ".join(f"{node} does not serve {', '.join(lacking[node])}" for node in candidates)
        return _refuse(
            f"{what} stays on {source}, which serves more: {reasons}. check_cluster.yml says how to mend that"
        )
    target = to or able[0]
    age = min(item["seconds_in_state"] for item in seen[source]["instances"] if item["name"] in unit)
    found: Move = {
        "instances": unit,
        "source": source,
        "target": target,
        "bystanders": [node for node in well if node != target],
        "problems": [],
    }
    if target != source and age < interval:
        found["problems"].append(
            f"the last move of {what} is {age:g} s ago, and {interval:g} s have to be between two: "
            "cluster_move_interval says so"
        )
    return found


def _find_state(seen: Seen, node: str, instance: str) -> str:
    """The state of the instance on the node; C(GONE) where keepalived does not know it or does not run."""
    found = seen[node]["instances"] if node in seen else []
    return next((item["state"] for item in found if item["name"] == instance), "GONE")


def _refuse(problem: str) -> Move:
    return {"instances": [], "source": "", "target": "", "bystanders": [], "problems": [problem]}
