# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rolling_check
short_description: Check whether web servers can be taken out of rotation, and list their states
version_added: 0.1.0
description:
  - For playbooks that take web servers out of rotation.
  - Checks every backend of every load balancer. While a batch of hosts is out of rotation, enough other servers have to
    be in rotation.
  - Selects the hosts that get a new release first and are watched. Others must not get it at the same time.
positional: asked, hostvars
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  asked:
    description: The results of M(evenkeel.ha_web.haproxy_server), one for each load balancer, in a loop whose variable
      is C(__balancer).
    type: list
    elements: dict
    required: true
  hostvars:
    description: The variable C(hostvars). C(cluster_server_name) of a host is its name in HAProxy's backends, if that
      is not the host's.
    type: dict
    required: true
  serial:
    description: Hosts that are taken out at a time, in the format of a play's keyword C(serial).
    type: raw
    default: 100%
  minimum:
    description: Servers that have to stay in rotation in every backend from which one is taken out.
    type: int
    default: 0
  unfinished:
    description:
      - Hosts whose deployment was interrupted. The servers that it took out are back in rotation after their batch.
    type: list
    elements: str
    default: []
  noted:
    description:
      - The C(steps) of a host in its interrupted deployment; an empty list if there was none. These servers are in its
        C(steps) even if the host has another name now. Servers that were taken out of rotation by hand are not.
      - If it is left out, the C(steps) have the servers of the host whatever their state is.
    type: list
    elements: dict
  canaries:
    description: How many hosts are watched, a number or percents. If it is left out, none are.
    type: raw
    version_added: 0.2.0
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
problems: "{{ (groups['web_servers'] | evenkeel.ha_web.rolling_check(asked.results, hostvars, 1, 1)).problems }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one line each, and C(states), a line for every host with its state in every backend of every load
      balancer.
    - C(steps) by host. Each is a load balancer, C(balancer), with its C(servers) of that host, a list such as
      V([web/web1]).
    - C(canaries), the hosts that are watched, the first ones.
  type: dict
"""

from ..plugin_utils._cluster.rolling import check


class FilterModule:
    """Check whether web servers can be taken out of rotation, and list their states."""

    def filters(self) -> dict:
        return {"rolling_check": check}
