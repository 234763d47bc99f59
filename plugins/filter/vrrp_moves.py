# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_moves
short_description: Plan the moves of VIPs to other nodes
version_added: 0.1.0
description:
  - For playbooks that move a VIP or drain a node.
  - Names the node that gives the addresses of an instance, the one that gets them, and what prevents the move.
  - Instances of one sync group move together.
positional: declared
options:
  _input:
    description: What M(evenkeel.ha_web.keepalived_info) has returned of every node, by the names of the nodes.
    type: dict
    required: true
  declared:
    description: The lists C(nodes), C(instances) and C(sync_groups), as the variables of the role have them.
    type: dict
    required: true
  node:
    description: Name of a node that is to hold nothing afterwards. If it is empty, one instance is moved.
    type: str
    default: ""
  vrrp_instance:
    description: Name of the instance that is moved. Can be empty where all instances move together.
    type: str
    default: ""
  to:
    description: Name of the node that is to have the instance's addresses; the next one that is well if empty.
    type: str
    default: ""
  interval:
    description: Seconds that have to be between two moves of the instance.
    type: float
    default: 0
  served:
    description:
      - What M(evenkeel.ha_web.haproxy_info) has returned of nodes. A node of these that does not serve everything that
        the holder serves (certificates, frontends, backends with a server in rotation) does not get the addresses.
      - If it is left out, HAProxy is not considered.
    type: dict
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
moves_of_a_node: "{{ seen | evenkeel.ha_web.vrrp_moves(declared, node='lb1') }}"
move_of_an_instance: "{{ seen | evenkeel.ha_web.vrrp_moves(declared, to='lb2', interval=60) | first }}"
"""

RETURN = r"""
_value:
  description:
    - Moves, each with C(instances), C(source), C(target), C(bystanders) (nodes that could take the addresses and are
      not the target), and C(problems), which is empty if nothing prevents the move.
    - Without O(node) it is one; with it, there is none if the node holds nothing.
  type: list
  elements: dict
"""

from ..plugin_utils._keepalived.move import plan_moves


class FilterModule:
    """Plan the moves of VIPs to other nodes."""

    def filters(self) -> dict:
        return {"vrrp_moves": plan_moves}
