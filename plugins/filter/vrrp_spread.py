# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_spread
short_description: Spread several VIPs over the nodes
version_added: 0.1.0
description:
  - For inventories with other instances than those that the playbooks derive from C(cluster_vip).
  - Makes one instance for each address, with consecutive router ids. The order of the nodes begins one node further
    with each of them, so that every node works, and the failure of a node moves its own addresses only.
  - With one address, a node that comes back does not take it again. With several it does, C(preempt_delay) 60 seconds
    later, because all of them would be on one node otherwise after a while.
positional: nodes
options:
  _input:
    description: Addresses with their prefixes.
    type: list
    elements: str
    required: true
  nodes:
    description: Names of the nodes, in the order of takeover.
    type: list
    elements: str
    required: true
  address6:
    description:
      - IPv6 address of the service that has the first address. Its instance C(cluster_vip6) has the same nodes and
        router id; name both in O(evenkeel.ha_web.keepalived#role:main:keepalived_sync_groups), so that they move
        together.
    type: str
    default: ""
  virtual_router_id:
    description: Router id of the first instance.
    type: int
    default: 51
  anycast:
    description: Addresses that all nodes have at the same time. Those of each IP version make one more instance,
      C(cluster_anycast) or C(cluster_anycast6), with the key C(anycast).
    type: list
    elements: str
    default: []
    version_added: 0.2.0
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
keepalived_instances: "{{ ['192.0.2.10/24', '192.0.2.11/24'] | evenkeel.ha_web.vrrp_spread(groups['load_balancers']) }}"
"""

RETURN = r"""
_value:
  description: Instances for O(evenkeel.ha_web.keepalived#role:main:keepalived_instances).
  type: list
  elements: dict
"""

from ..plugin_utils._keepalived.spread import spread_instances


class FilterModule:
    """Spread several VIPs over the nodes."""

    def filters(self) -> dict:
        return {"vrrp_spread": spread_instances}
