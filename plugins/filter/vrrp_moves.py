# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_moves
short_description: Plan the moves after which a node holds no VIP
version_added: 0.1.0
description:
  - Says which nodes get the addresses that the node holds, and what speaks against it.
positional: declared, node
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
    description: Name of the node that is to be emptied.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
__moves: "{{ __seen | evenkeel.ha_web.vrrp_moves(__declared, inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: Moves as those of P(evenkeel.ha_web.vrrp_move#filter); none if the node holds nothing.
  type: list
  elements: dict
"""

from ..plugin_utils._keepalived.move import moves


class FilterModule:
    """Plan the moves after which a node holds no VIP."""

    def filters(self) -> dict:
        return {"vrrp_moves": moves}
