# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rolling_report
short_description: Say what hosts are on every load balancer
version_added: 0.1.0
description:
  - Makes a line for every host, with its state in every backend of every load balancer.
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
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
states: "{{ groups['web_servers'] | evenkeel.ha_web.rolling_report(asked.results, hostvars) }}"
"""

RETURN = r"""
_value:
  description: One line for each host.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.rolling import describe_hosts


class FilterModule:
    """Say what hosts are on every load balancer."""

    def filters(self) -> dict:
        return {"rolling_report": describe_hosts}
