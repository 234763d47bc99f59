# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: address_servers
short_description: Turn addresses into servers of a backend
version_added: 0.2.0
description:
  - Makes servers of a backend from plain addresses, for servers that are not hosts of the inventory.
  - A server's name is its address, with the port if it is given.
options:
  _input:
    description: Addresses such as V(192.0.2.31), V(192.0.2.31:8080) or V([2001:db8::31]:8080).
    type: list
    elements: str
    required: true
  port:
    description: Port of servers without one.
    type: int
    default: 80
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
haproxy_backends:
  - name: shop
    servers: "{{ ['192.0.2.31:8080', '192.0.2.32:8080'] | evenkeel.ha_web.address_servers }}"
"""

RETURN = r"""
_value:
  description: The servers with C(name), C(address) and C(port).
  type: list
  elements: dict
"""

from ..plugin_utils._cluster.nodes import list_address_servers


class FilterModule:
    """Turn addresses into servers of a backend."""

    def filters(self) -> dict:
        return {"address_servers": list_address_servers}
