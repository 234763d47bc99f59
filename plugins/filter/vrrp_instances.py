# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_instances
short_description: Derive a node's VRRP instances
version_added: 0.1.0
description:
  - Merges the defaults into every instance and derives priority, source address and unicast peers from the ordered list of nodes.
positional: defaults, nodes, node
options:
  _input:
    description: The instances.
    type: list
    elements: dict
    required: true
  defaults:
    description: Values of keys that an instance leaves out.
    type: dict
    required: true
  nodes:
    description: All nodes with C(name) and C(address), the preferred one first.
    type: list
    elements: dict
    required: true
  node:
    description: The name of the node whose instances are wanted.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
instances: "{{ keepalived_instances | evenkeel.ha_web.vrrp_instances(keepalived_instance_defaults, keepalived_nodes, 'lb1') }}"
"""

RETURN = r"""
_value:
  description: The instances as that node runs them.
  type: list
  elements: dict
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_model import instances


class FilterModule:
    """Derive a node's VRRP instances."""

    def filters(self) -> dict:
        return {"vrrp_instances": instances}
