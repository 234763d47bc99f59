# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_problems
short_description: Find the members of a cluster, and problems of its groups and variables
version_added: 0.1.0
description:
  - For the beginning of every playbook, before a host is asked.
  - Lists the hosts of the inventory's groups that the playbooks call C(load_balancers) and C(web_servers), where the
    inventory has other names for them.
  - Reports groups that are misspelt, missing or empty, and hosts of another cluster.
  - With O(hostvars), looks at the variables of the VIPs and of the hosts' addresses, for values that YAML has changed,
    texts where lists are needed, and names where addresses are needed; and reports variables whose names are nearly
    those of the playbooks.
  - Reports VIPs that no host can have, that a host has already or that are not the same on all load balancers, and
    hosts whose address is a loopback address.
options:
  _input:
    description: The variable C(groups).
    type: dict
    required: true
  load_balancer_group:
    description: Name of the group of load balancers.
    type: str
    default: load_balancers
  web_server_group:
    description: Name of the group of web servers.
    type: str
    default: web_servers
  hostvars:
    description: The variable C(hostvars), once the members are in the groups with the playbooks' names. If it is left
      out, only groups are looked at.
    type: dict
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
members: "{{ (groups | evenkeel.ha_web.cluster_problems('edge', 'shop')).members }}"
problems: "{{ (groups | evenkeel.ha_web.cluster_problems(hostvars=hostvars)).problems }}"
"""

RETURN = r"""
_value:
  description: C(members), each with C(host) and C(tier), V(load_balancers) or V(web_servers); and C(problems), one line
    for each. A group with the playbooks' own name has no members here.
  type: dict
"""

from collections.abc import Collection, Mapping
from typing import Any

from ..plugin_utils._cluster.input import problems
from ..plugin_utils._cluster.names import find_misspelt_variables
from ..plugin_utils._cluster.tiers import find_tiers


def inspect_cluster(
    groups: Mapping[str, Collection[str]],
    load_balancer_group: str = "load_balancers",
    web_server_group: str = "web_servers",
    hostvars: Mapping[str, Any] | None = None,
) -> dict[str, list[Any]]:
    """Find the members and the problems of the groups, and those of the variables of all hosts."""
    tiers = find_tiers(groups, load_balancer_group, web_server_group)
    wrong = [] if hostvars is None else _find_problems(groups, hostvars)
    return {**tiers, "problems": tiers["problems"] + wrong}


def _find_problems(groups: Mapping[str, Collection[str]], hostvars: Mapping[str, Any]) -> list[str]:
    """Misspelt names and wrong values of variables."""
    load_balancers, web_servers = list(groups.get("load_balancers", [])), list(groups.get("web_servers", []))
    hosts = list(dict.fromkeys([*load_balancers, *web_servers]))
    return [*find_misspelt_variables(hosts, hostvars), *problems(load_balancers, web_servers, hostvars)]


class FilterModule:
    """Find the members of a cluster, and problems of its groups and variables."""

    def filters(self) -> dict:
        return {"cluster_problems": inspect_cluster}
