# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health of a cluster between two faults of a drill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def health(
    seen: Iterable[Mapping[str, Any]],
    asked: Iterable[Mapping[str, Any]],
    normal: Mapping[str, list[str]],
    announced: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """C(holders) by instance, the servers that get clients by load balancer (C(rotation)), and C(problems): what is not
    as it should be.

    C(seen) are results of keepalived_info, C(asked) of haproxy_server and C(announced) of bird_info, each in a loop
    whose variable is C(__node). C(normal) is the rotation when all was well."""
    holders: dict[str, list[str]] = {}
    problems = []
    for one in seen:
        node, instances = one["__node"], one.get("instances", [])
        if not instances:
            problems.append(f"keepalived does not answer on {node}")
        for instance in instances:
            held = holders.setdefault(instance["name"], [])
            if instance["state"] == "MASTER":
                held.append(node)
            elif instance["state"] != "BACKUP":
                problems.append(f"{instance['name']} is in state {instance['state']} on {node}")
    problems += [
        f"{name} is held by {' and '.join(nodes) or 'nobody'}" for name, nodes in holders.items() if len(nodes) != 1
    ]
    rotation = {
        one["__node"]: sorted(
            f"{server['backend']}/{server['name']}"
            for server in one.get("servers", [])
            if server["after"]["in_rotation"]
        )
        for one in asked
    }
    for node, servers in normal.items():
        missing = sorted(set(servers) - set(rotation.get(node, [])))
        if missing:
            problems.append(f"{node} gives no requests to {', '.join(missing)}")
    for one in announced:
        if one.get("announced") != "ready":
            problems.append(f"{one['__node']} announces '{one.get('announced', '')}'")
        problems += [f"{one['__node']}: {peer['problem']}" for peer in one.get("peers", []) if peer["problem"]]
    return {"holders": holders, "rotation": rotation, "problems": problems}
