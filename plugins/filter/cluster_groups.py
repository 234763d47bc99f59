# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_groups
short_description: Find the members of a cluster in groups of any name
version_added: 0.2.0
description:
  - Lists the hosts of the inventory's groups that the playbooks call C(load_balancers) and C(web_servers), where the
    inventory has other names for them.
  - Reports groups that are misspelt, missing or empty, and hosts of another cluster.
positional: load_balancer_group, web_server_group
options:
  _input:
    description: The variable C(groups).
    type: dict
    required: true
  load_balancer_group:
    description: Name of the group of load balancers.
    type: str
    required: true
  web_server_group:
    description: Name of the group of web servers.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
members: "{{ (groups | evenkeel.ha_web.cluster_groups('edge', 'shop')).members }}"
"""

RETURN = r"""
_value:
  description: C(members), each with C(host) and C(tier), V(load_balancers) or V(web_servers); and C(problems), one line
    for each. A group with the playbooks' own name has no members here.
  type: dict
"""

from ..plugin_utils._cluster.tiers import find_tiers


class FilterModule:
    """Find the members of a cluster in groups of any name."""

    def filters(self) -> dict:
        return {"cluster_groups": find_tiers}
