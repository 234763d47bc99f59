# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: heartbeat_keys
short_description: Choose the keys that sign the heartbeats of load balancers
version_added: 0.1.0
description:
  - Chooses the same keys for all nodes, so that the inventory need not know them.
positional: secret, generated
options:
  _input:
    description: The contents of the nodes' key files in the order of the nodes; empty for a node without one.
    type: list
    elements: str
    required: true
  secret:
    description: A secret of the inventory, from which the key is derived. If it is empty, the first key that a node has
      stays in use.
    type: str
    required: true
  generated:
    description: The key, 64 hexadecimal digits, for nodes of which none has one.
    type: str
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
keys: "{{ contents | evenkeel.ha_web.heartbeat_keys('', generated) }}"
generated: "{{ lookup('ansible.builtin.password', '/dev/null', length=64, chars=['0123456789abcdef']) }}"
"""

RETURN = r"""
_value:
  description: The key in use, and the one before, if there was one. Heartbeats that are signed with either count.
  type: list
  elements: str
"""

from ..plugin_utils._keepalived.heartbeat_keys import choose_keys


class FilterModule:
    """Choose the keys that sign heartbeats."""

    def filters(self) -> dict:
        return {"heartbeat_keys": choose_keys}
