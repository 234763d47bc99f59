# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: foreign_addresses
short_description: Find hosts whose address belongs to another machine
version_added: 0.2.0
description:
  - Reports hosts that do not have the address at which others would reach them, because C(ansible_host) or the host's
    name is the address of a machine that forwards connections to it.
  - A C(cluster_address) is not questioned, nor is a host without facts.
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
that: groups['web_servers'] | evenkeel.ha_web.foreign_addresses(hostvars) is falsy
"""

RETURN = r"""
_value:
  description: One line for each host.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.nodes import find_foreign_addresses


class FilterModule:
    """Find hosts whose address belongs to another machine."""

    def filters(self) -> dict:
        return {"foreign_addresses": find_foreign_addresses}
