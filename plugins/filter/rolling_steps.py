# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rolling_steps
short_description: Find the servers of a host on every load balancer
version_added: 0.1.0
description:
  - Finds every backend of every load balancer that has the host as a server. A server that was taken out of rotation by
    hand is left out. One that an interrupted deployment took out is not.
positional: name
options:
  _input:
    description: The results of M(evenkeel.ha_web.haproxy_server), one for each load balancer, in a loop whose variable
      is C(__balancer).
    type: list
    elements: dict
    required: true
  name:
    description: The name of the host in HAProxy's backends.
    type: str
    required: true
  noted:
    description:
      - Result of this filter in an interrupted deployment of the host; an empty list if there was none. These servers
        are returned even if the host has another name now.
      - If omitted, servers are returned whatever their state is.
    type: list
    elements: dict
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
steps: "{{ asked.results | evenkeel.ha_web.rolling_steps('web1') }}"
"""

RETURN = r"""
_value:
  description: Load balancers, each with C(balancer), its name, and C(servers), a list such as V([web/web1]).
  type: list
  elements: dict
"""

from ..plugin_utils._cluster.rolling import plan_steps


class FilterModule:
    """Find the servers of a host on every load balancer."""

    def filters(self) -> dict:
        return {"rolling_steps": plan_steps}
