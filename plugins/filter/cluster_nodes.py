# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_nodes
short_description: List the hosts of a group with their addresses, for servers and nodes
version_added: 0.1.0
description:
  - For inventories. The result is the value of C(servers) of a backend, of C(keepalived_nodes), C(haproxy_nodes) or
    C(nginx_nodes).
  - Gives every host's name and the address at which the other hosts reach it, in the order of the list.
  - The address is the first of C(cluster_address), C(ansible_host), the host's name and the fact
    C(default_ipv4.address) that is an IP address. It is an error, which names the host, if none of them is.
  - An address that is no host of the inventory can be in the list as well. With O(port), it may have a port of its own.
    The node's name is the address, with that port.
positional: hostvars
options:
  _input:
    description: Names of hosts, such as a group, or addresses such as V(192.0.2.31), V(192.0.2.31:8080) or
      V([2001:db8::31]:8080).
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  port:
    description: Gives every node this port, for the servers of a backend.
    type: int
  address6:
    description: Gives every node that has the variable C(cluster_address6) that as its second address.
    type: bool
    default: false
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
haproxy_backends:
  - name: web
    servers: "{{ groups['web_servers'] | evenkeel.ha_web.cluster_nodes(hostvars, port=80) }}"
  - name: shop
    servers: "{{ ['192.0.2.31:8080', '192.0.2.32'] | evenkeel.ha_web.cluster_nodes(hostvars, port=80) }}"
"""

RETURN = r"""
_value:
  description: The nodes with C(name), C(address) and, where asked for, C(address6) and C(port).
  type: list
  elements: dict
"""

from ..plugin_utils._cluster.nodes import list_nodes


class FilterModule:
    """List the hosts of a group with their addresses."""

    def filters(self) -> dict:
        return {"cluster_nodes": list_nodes}
