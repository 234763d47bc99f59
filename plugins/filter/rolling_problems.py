# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rolling_problems
short_description: Say why hosts must not be taken out of rotation
version_added: 0.1.0
description:
  - Looks at every backend of every load balancer. While a batch of hosts is out of rotation, enough others have to be
    in it.
positional: asked, hostvars, serial, minimum
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
    description: How many hosts are taken out at a time, as the keyword C(serial) of a play has it.
    type: raw
    required: true
  minimum:
    description: How many servers have to be left in rotation in every backend from which one is taken.
    type: int
    required: true
  unfinished:
    description:
      - Hosts of which a deployment has not come to its end. What it took out of rotation is back in it after their
        batch.
    type: list
    elements: str
    default: []
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
problems: "{{ groups['web_servers'] | evenkeel.ha_web.rolling_problems(asked.results, hostvars, 1, 1) }}"
"""

RETURN = r"""
_value:
  description: One line for each problem.
  type: list
  elements: str
"""

from ..plugin_utils._cluster.rolling import problems


class FilterModule:
    """Say why hosts must not be taken out of rotation."""

    def filters(self) -> dict:
        return {"rolling_problems": problems}
