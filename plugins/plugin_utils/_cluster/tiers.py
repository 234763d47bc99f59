# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tiers of a cluster in groups that the inventory names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...module_utils._suggestion import suggestion
from .._input.values import find_type_problems
from .names import find_group_problems

OPTIONS = {"load_balancers": "cluster_load_balancer_group", "web_servers": "cluster_web_server_group"}
"""The variables with the names of the groups."""

Groups = Mapping[str, Collection[str]]


def find_tiers(
    groups: Groups, load_balancer_group: str = "load_balancers", web_server_group: str = "web_servers"
) -> dict[str, list[Any]]:
    """Return the C(members) of groups with other names than the playbooks', and C(problems) of these and of the groups
    that the playbooks will see."""
    named = dict(zip(OPTIONS, (load_balancer_group, web_server_group)))
    given = {OPTIONS[tier]: name for tier, name in named.items()}
    if wrong := find_type_problems(given, {name: {"type": "str"} for name in given}):
        return {"members": [], "problems": wrong}
    others = {tier: name for tier, name in named.items() if name != tier}
    problems = [problem for tier, name in others.items() for problem in _find_problems(groups, tier, name)]
    seen = {**groups, **{tier: groups.get(name, []) for tier, name in others.items()}}
    return {
        "members": [{"host": host, "tier": tier} for tier, name in others.items() for host in groups.get(name, [])],
        "problems": problems or find_group_problems(seen),
    }


def _find_problems(groups: Groups, tier: str, name: str) -> Iterator[str]:
    if name not in groups:
        yield f"{OPTIONS[tier]} is '{name}': the inventory has no such group{suggestion(name, list(groups))}"
    strangers = [host for host in groups.get(tier, []) if host not in groups.get(name, [])]
    if strangers:
        yield (
            f"{OPTIONS[tier]} is '{name}', and the group {tier} has other hosts ({', '.join(strangers)}): rename the "
            f"group {tier}, so that it is not part of every cluster"
        )
