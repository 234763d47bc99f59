# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_interfaces
short_description: Derive the interfaces of VRRP instances that name none
version_added: 0.1.0
description:
  - Takes the interface that has the node's address in the network of the VIP. If there is none, it takes the one in
    whose network the VIP is, the one with the node's address, or that of the default route, in this order.
positional: nodes, node, facts
options:
  _input:
    description: VRRP instances with all their keys. An empty C(interface) is derived.
    type: list
    elements: dict
    required: true
  nodes:
    description: The nodes with C(name), C(address) and perhaps C(address6).
    type: list
    elements: dict
    required: true
  node:
    description: The name of this node.
    type: str
    required: true
  facts:
    description: The variable C(ansible_facts).
    type: dict
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
instances: "{{ instances | evenkeel.ha_web.vrrp_interfaces(keepalived_nodes, keepalived_node_name, ansible_facts) }}"
"""

RETURN = r"""
_value:
  description: The instances, each with its C(interface), which is empty if none could be derived.
  type: list
  elements: dict
"""

from ..plugin_utils._input.text import decrypted
from ..plugin_utils._keepalived.interfaces import with_interfaces


class FilterModule:
    """Derive the interfaces of VRRP instances that name none."""

    def filters(self) -> dict:
        return {"vrrp_interfaces": decrypted(with_interfaces)}
