# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_addresses
short_description: Find hosts whose address is unknown or is that of another machine
version_added: 0.2.0
description:
  - Lists the hosts for which P(evenkeel.ha_web.cluster_nodes#filter) knows no address as yet, so that their facts have
    to be gathered.
  - Reports hosts whose address is that of another machine, such as one that forwards a port to them. A host without
    facts, and one with C(cluster_address), is not checked.
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
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
loop: "{{ (groups['load_balancers'] | evenkeel.ha_web.cluster_addresses(hostvars)).unknown }}"
"""

RETURN = r"""
_value:
  description: C(unknown), the names of hosts without an address; C(unstated), those without one in the inventory,
    whatever their facts are; and C(problems), one line for each host with the address of another machine.
  type: dict
"""

from ..plugin_utils._cluster.nodes import inspect_addresses


class FilterModule:
    """Find hosts whose address is unknown or is that of another machine."""

    def filters(self) -> dict:
        return {"cluster_addresses": inspect_addresses}
