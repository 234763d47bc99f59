# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_problems
short_description: Name what cannot work in VRRP instances
version_added: 0.1.0
description:
  - Rules across instances and nodes, such as a virtual router id that is used twice or a VIP outside every subnet of its interface.
positional: defaults, nodes, node, facts
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
that: keepalived_instances | evenkeel.ha_web.vrrp_problems(keepalived_instance_defaults, keepalived_nodes, 'lb1', ansible_facts) is falsy
"""

RETURN = r"""
_value:
  description: One line for each problem; empty where there is none.
  type: list
  elements: str
"""

from ansible_collections.evenkeel.ha_web.plugins.module_utils._vrrp_model import problems


class FilterModule:
    """Name what cannot work in VRRP instances."""

    def filters(self) -> dict:
        return {"vrrp_problems": problems}
