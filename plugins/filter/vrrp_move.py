# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_move
short_description: Plan the move of a VIP to another node
version_added: 0.1.0
description:
  - Says which node gives the addresses of an instance to which other, and what speaks against it.
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
  instance:
    description: Name of the instance. Can be empty where all instances move together.
    type: str
    default: ""
  to:
    description: Name of the node that is to have the addresses; the next one that is well if empty.
    type: str
    default: ""
  interval:
    description: Seconds that have to be between two moves.
    type: float
    default: 0
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
__move: "{{ __seen | evenkeel.ha_web.vrrp_move(__declared, to='lb2', interval=60) }}"
"""

RETURN = r"""
_value:
  description:
    - The move with C(instances), C(source), C(target), C(bystanders) (nodes that could take the addresses and are not
      the target), and C(problems), which is empty if nothing speaks against it.
  type: dict
"""

from ..plugin_utils._keepalived.move import move


class FilterModule:
    """Plan the move of a VIP to another node."""

    def filters(self) -> dict:
        return {"vrrp_move": move}
