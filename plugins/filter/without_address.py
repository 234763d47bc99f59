# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: without_address
short_description: Select the hosts whose address is not known
version_added: 0.1.0
description:
  - Selects the hosts whose facts have to be gathered before P(evenkeel.ha_web.cluster_nodes#filter) can name their
    addresses.
positional: hostvars
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  facts:
    description: Whether facts of the hosts are addresses too, or only what the inventory says.
    type: bool
    default: true
    version_added: 0.2.0
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
loop: "{{ groups['load_balancers'] | evenkeel.ha_web.without_address(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The names of those hosts.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.nodes import find_hosts_without_address


class FilterModule:
    """Select the hosts whose address is not known."""

    def filters(self) -> dict:
        return {"without_address": find_hosts_without_address}
